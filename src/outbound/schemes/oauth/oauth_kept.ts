import { z } from 'zod'
import { hasControl } from '../../connectors/places.ts'
import { type ExchangeContext, ExchangeError, type Obtained } from '../../exchange.ts'
import { type JsonPath, parseJson, textAt } from '../../json_path.ts'
import type { ClientCertificate, ConnectionSecrets, Values } from '../../scheme.ts'
import { Path, type TokenAnswer } from './oauth_answer.ts'
import { refusalOf } from './oauth_refusal.ts'

/** What is kept of an answer besides the token: an address, a tenant, who it speaks for. */

const Source = z.enum(['answer', 'id_token', 'userinfo', 'callback'])
export type Source = z.infer<typeof Source>

export const Found = z.union([Path, z.strictObject({ from: Source.default('answer'), path: Path })], {
  error: 'must be a path such as [id], or {from: answer | id_token | userinfo | callback, path: [...]}',
})

const KEPT_NAME = /^[A-Za-z][A-Za-z0-9_]{0,63}$/
/** Values of every token. `kept` is how those that a connector keeps outlive it, in one durable value. */
export const TOKEN_VALUES = ['access_token', 'refresh_token', 'token_type'] as const
const TAKEN: readonly string[] = [...TOKEN_VALUES, 'kept', 'identity']

export const keptShape = {
  keep: z
    .record(
      z
        .string()
        .regex(KEPT_NAME, 'must be letters, digits and _, starting with a letter')
        .refine((name) => !TAKEN.includes(name), 'is a value of every token'),
      Found,
    )
    .default({})
    .describe('More values of the token, for templates (token.NAME); they outlive it'),
  identity: Found.optional().describe('Who the token speaks for at the service'),
  userinfo_url: z.string().min(1).optional().describe('Asked once with the new token, for values "from: userinfo"'),
}

export interface Place {
  readonly from: Source
  readonly path: JsonPath
}

export interface KeptRules {
  readonly keep: readonly (readonly [name: string, place: Place])[]
  readonly identity: Place | undefined
}

export function keptRules(section: {
  readonly keep: Readonly<Record<string, z.infer<typeof Found>>>
  readonly identity?: z.infer<typeof Found> | undefined
}): KeptRules {
  const keep = Object.entries(section.keep).map(([name, found]) => [name, placeOf(found)] as const)
  return { keep, identity: section.identity === undefined ? undefined : placeOf(section.identity) }
}

export function reads({ keep, identity }: KeptRules, source: Source): boolean {
  return [...keep.map(([, place]) => place), ...(identity ? [identity] : [])].some(({ from }) => from === source)
}

/** What there is to read from. `answer` is always there. */
export type Sources = Readonly<Partial<Record<Source, unknown>>>

/**
 * The token with what is kept of before: the refresh token where no new one came (RFC 6749 §6), and each kept value that the
 * answers do not have. Throws `ExchangeError` `transient` when the address of the service is to come from it, is not there, and
 * nothing is lost by asking again.
 */
export function obtained(
  token: TokenAnswer,
  sources: Sources,
  rules: KeptRules,
  connection: ConnectionSecrets,
): Obtained & { readonly values: Values } {
  const kept = { ...keptBefore(connection), ...found(token, sources, rules) }
  const refreshToken = token.refreshToken ?? connection.token?.refresh_token
  // A refresh seldom says whose token it is; whoever connects again is compared with whom it was.
  const identity = (rules.identity && readAt(rules.identity, token, sources)) ?? connection.token?.identity
  const all: Values = {
    ...kept,
    access_token: token.accessToken,
    ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
    ...(token.tokenType === undefined ? {} : { token_type: token.tokenType }),
    ...(Object.keys(kept).length === 0 ? {} : { kept: JSON.stringify(kept) }),
    ...(identity === undefined ? {} : { identity }),
  }
  const absent = addressNames(connection).find((name) => !Object.hasOwn(all, name))
  // A refresh token of this answer would be lost with it: then the next renewal asks again.
  if (absent !== undefined && token.refreshToken === undefined)
    throw new ExchangeError('transient', `The answer of the service has no ${absent}.`)
  return { values: all, expiresAt: token.expiresAt, ...(identity === undefined ? {} : { identity }) }
}

/** The token values that the address of the service is made of; none where the connection has an address of its own. */
function addressNames({ connector, settings }: ConnectionSecrets): string[] {
  if (Object.hasOwn(settings, 'base_url')) return []
  const names = connector.compiled.base_url.references.filter((name) => name.startsWith('token.'))
  return names.map((name) => name.slice('token.'.length))
}

export function keptBefore({ token }: ConnectionSecrets): Values {
  const before = token?.kept === undefined ? undefined : parseJson(token.kept)
  return before !== null && typeof before === 'object' ? (before as Values) : {}
}

/** Asked with the new token: at consent always, else only while something that it tells is not known yet. */
export async function askUserinfo(
  url: string | undefined,
  token: TokenAnswer,
  { fetch, now }: ExchangeContext,
  certificate?: ClientCertificate,
): Promise<unknown> {
  if (url === undefined) return undefined
  const headers = { Accept: 'application/json', Authorization: `Bearer ${token.accessToken}` }
  const answer = await fetch({ method: 'GET', url, headers, certificate })
  const json = parseJson(answer.text)
  if (answer.status === 200 && json !== null && typeof json === 'object') return json
  throw answer.status === 200
    ? new ExchangeError('transient', 'The service answered userinfo_url with something that is not JSON.')
    : refusalOf(answer, now())
}

/** Whether something that only `source` tells is still unknown. */
export function isUntold(source: Source, { keep, identity }: KeptRules, connection: ConnectionSecrets): boolean {
  const before = keptBefore(connection)
  const unknown = identity?.from === source && connection.token?.identity === undefined
  return unknown || keep.some(([name, { from }]) => from === source && !Object.hasOwn(before, name))
}

function found(token: TokenAnswer, sources: Sources, { keep }: KeptRules): Values {
  return Object.fromEntries(
    keep.flatMap(([name, place]) => {
      const text = readAt(place, token, sources)
      return text === undefined ? [] : [[name, text]]
    }),
  )
}

function readAt({ from, path }: Place, token: TokenAnswer, sources: Sources): string | undefined {
  const text = textAt(from === 'answer' ? token.json : sources[from], path)
  return text === undefined || text === '' || text.length > 2048 || hasControl(text) ? undefined : text
}

function placeOf(value: z.infer<typeof Found>): Place {
  return Array.isArray(value) ? { from: 'answer', path: value } : value
}
