import type Provider from 'oidc-provider'
import type { Grant, KoaContextWithOIDC } from 'oidc-provider'
import { type ClientResource, OPENID_SCOPES } from '../core/openid_types.ts'
import type { Store } from '../core/stores.ts'
import { clientOf, type OpenIdClient } from './client_metadata.ts'
import { grantSeconds } from './lifetimes.ts'

/** What an application asks for: scopes of ours, and those of its APIs. */
export interface Asked {
  readonly scopes: readonly string[]
  readonly resources: readonly ClientResource[]
}

/**
 * What this session has let this application do. The organisation's own gets what it asks for; any other what the person has allowed. What the
 * application may not have at all is refused in the grant: the library neither asks the person for it nor gives it.
 */
export async function existingGrant(store: Store, ctx: KoaContextWithOIDC): Promise<Grant | undefined> {
  const { oidc } = ctx
  const { session, account, provider } = oidc
  if (session === undefined || account === undefined) return undefined
  const client = clientOf(oidc.client)
  const asked: Asked = {
    scopes: [...oidc.requestParamOIDCScopes],
    resources: Object.keys(oidc.resourceServers ?? {}).map((id) => ({
      id,
      scopes: [...oidc.requestParamScopes],
    })),
  }
  const consent = client.openid.first_party ? undefined : await consentOf(store, account.octroi as string, client)
  const given = consent === undefined ? asked : allowedBy(consent, asked)
  return grantOf(provider, client, account.accountId, session.grantIdFor(client.id), { asked, given, most: consent })
}

/** For a device that somebody has let in: its grant is that of his session at this application, like any other. */
export async function grantFor(
  library: Provider,
  store: Store,
  who: { readonly client: OpenIdClient; readonly subject: string; readonly session: string },
  asked: Asked,
): Promise<Grant> {
  const known = (await store.sessionClients.of(who.session)).find(({ client }) => client === who.client.id)
  return grantOf(library, who.client, who.subject, known?.grant ?? undefined, { asked, given: asked, most: undefined })
}

interface Giving {
  readonly asked: Asked
  readonly given: Asked
  /** What may stay of what was given before; `undefined`: all of it. */
  readonly most: Asked | undefined
}

async function grantOf(
  library: Provider,
  client: OpenIdClient,
  subject: string,
  known: string | undefined,
  { asked, given, most }: Giving,
): Promise<Grant> {
  const found = known === undefined ? undefined : await library.Grant.find(known)
  const mine = found?.accountId === subject && found?.clientId === client.id
  const grant = mine ? (found as Grant) : new library.Grant({ accountId: subject, clientId: client.id })
  if (mine && most !== undefined) keepOnly(grant, most)
  const gives = fill(grant, client, asked, given)
  // Nothing was given yet: nothing is kept.
  if (!gives && !mine) return grant
  // By the clock of the library, which judges it.
  grant.exp = Math.floor(Date.now() / 1000) + grantSeconds(client)
  await grant.save()
  return grant
}

/** What was given while nobody was asked is not what he has allowed: the application may have been the organisation's own until now. */
function keepOnly(grant: Grant, { scopes, resources }: Asked): void {
  const common = (text: string | undefined, allowed: readonly string[]) =>
    (text ?? '').split(' ').filter((scope) => allowed.includes(scope))
  const { openid, resources: given = {} } = grant
  delete grant.openid
  delete grant.resources
  const kept = common(openid?.scope, scopes)
  if (kept.length > 0) grant.addOIDCScope(kept)
  for (const [id, text] of Object.entries(given)) {
    const allowed = common(text, resources.find((one) => one.id === id)?.scopes ?? [])
    if (allowed.length > 0) grant.addResourceScope(id, allowed)
  }
}

/** Whether there is anything in it. */
function fill(grant: Grant, client: OpenIdClient, asked: Asked, given: Asked): boolean {
  const may = (scope: string) => client.openid.scopes.includes(scope as never)
  // Refused anew each time: what was refused once may be allowed by now.
  delete grant.rejected
  const scopes = given.scopes.filter(may)
  if (scopes.length > 0) grant.addOIDCScope(scopes)
  const refused = [...new Set([...OPENID_SCOPES, ...asked.scopes])].filter((scope) => !may(scope))
  if (refused.length > 0) grant.rejectOIDCScope(refused)
  let gives = scopes.length > 0
  for (const { id, scopes: wanted } of given.resources) {
    const resource = client.openid.resources.find((one) => one.id === id)
    const allowed = wanted.filter((scope) => resource?.scopes.includes(scope))
    if (allowed.length > 0) grant.addResourceScope(id, allowed)
    gives ||= allowed.length > 0
  }
  return gives
}

async function consentOf(store: Store, account: string, client: OpenIdClient): Promise<Asked> {
  return (await store.consents.get(account, client.id)) ?? { scopes: [], resources: [] }
}

function allowedBy(consent: Asked, asked: Asked): Asked {
  return {
    scopes: asked.scopes.filter((scope) => consent.scopes.includes(scope)),
    resources: asked.resources.map(({ id, scopes }) => {
      const allowed = consent.resources.find((one) => one.id === id)?.scopes ?? []
      return { id, scopes: scopes.filter((scope) => allowed.includes(scope)) }
    }),
  }
}
