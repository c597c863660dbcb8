import { type ClientOpenId, OPENID_SCOPES, type OpenIdScope } from '../../core/openid_types.ts'
import type { Asked } from './stage.ts'

/** What of a request its person is asked about: of all that was asked for, what the application may have at all, and, if so, what is new. */

/** Parameters of a request, as the library keeps them. */
export interface AskingParams {
  readonly scope?: unknown
  readonly resource?: unknown
}

/** Of the library's prompt `consent`: what nobody has allowed yet. */
export interface Missing {
  readonly missingOIDCScope?: readonly string[] | undefined
  readonly missingResourceScopes?: Readonly<Record<string, readonly string[]>> | undefined
}

/** What is new; all of it where nothing is: he is asked because the application wants him to be (`prompt=consent`). */
export function askedIn(missing: Missing, params: AskingParams, client: ClientOpenId): Asked {
  const news = {
    scopes: ourScopes(missing.missingOIDCScope ?? [], client),
    resources: client.resources
      .map(({ id, scopes }) => ({ id, scopes: common(scopes, own(missing.missingResourceScopes, id)) }))
      .filter(({ scopes }) => scopes.length > 0),
  }
  return news.scopes.length > 0 || news.resources.length > 0 ? news : allAsked(params, client)
}

/** All of it that the application may have. */
export function allAsked(params: AskingParams, client: ClientOpenId): Asked {
  const scopes = words(params.scope)
  const wanted = listOf(params.resource)
  return {
    scopes: ourScopes(scopes, client),
    resources: client.resources
      .filter(({ id }) => wanted.includes(id))
      .map((resource) => ({ id: resource.id, scopes: common(resource.scopes, scopes) }))
      .filter((resource) => resource.scopes.length > 0),
  }
}

/** One after the other in the order of the table: what a page says does not depend on how an application wrote it. */
function ourScopes(scopes: readonly string[], client: ClientOpenId): readonly OpenIdScope[] {
  return OPENID_SCOPES.filter((scope) => scopes.includes(scope) && client.scopes.includes(scope))
}

function common(a: readonly string[], b: readonly string[]): readonly string[] {
  return a.filter((one) => b.includes(one))
}

function own(record: Missing['missingResourceScopes'], id: string): readonly string[] {
  return record !== undefined && Object.hasOwn(record, id) ? (record[id] ?? []) : []
}

function words(text: unknown): readonly string[] {
  return typeof text === 'string' ? text.split(' ').filter(Boolean) : []
}

function listOf(value: unknown): readonly string[] {
  const list = Array.isArray(value) ? value : [value]
  return list.filter((one) => typeof one === 'string')
}
