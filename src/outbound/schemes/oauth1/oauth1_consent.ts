import { type Consent, type ExchangeContext, ExchangeError, type Obtained, type StepAnswer } from '../../exchange.ts'
import type { ConnectionSecrets, ConnectionSettings, OutgoingRequest, Values } from '../../scheme.ts'

/** The three legs of OAuth 1.0 (RFC 5849 §2): a request token, the person's yes at the service, the access token. */

export interface Legs {
  readonly requestToken: string
  readonly authorize: string
  readonly accessToken: string
}

export interface ConsentParts {
  /** Known before the settings are, which the legs may be made of. */
  needed(connection: ConnectionSettings): boolean
  /** `undefined` where the connector has no legs: the token is then given. */
  legs(connection: ConnectionSettings): Legs | undefined
  /** The field beside the access token that says who agreed. */
  identity(connection: ConnectionSettings): string | undefined
  /** The header for a request of the exchange; `token` is the temporary one. */
  authorization(
    connection: ConnectionSecrets,
    request: OutgoingRequest,
    token: { readonly token?: string; readonly tokenSecret?: string },
    more: Values,
  ): string
}

export function oauth1Consent(parts: ConsentParts): Consent {
  return {
    needed: parts.needed,
    signInAt: (connection) => legsOf(parts, connection).authorize,
    async begin(connection, { redirectUri, state }, context) {
      const legs = legsOf(parts, connection)
      // OAuth 1.0 has no `state`: it is part of the address that the service sends the person back to.
      const callback = new URL(redirectUri)
      callback.searchParams.set('state', state)
      const more = { oauth_callback: callback.href }
      const answer = await step(parts, connection, legs.requestToken, {}, more, context)
      const token = tokenOf(answer)
      // RFC 5849 §2.1: without it the service speaks the older version, in which the callback can be replaced.
      if (answer.get('oauth_callback_confirmed') !== 'true')
        throw new ExchangeError('human', 'The service did not confirm the callback (oauth_callback_confirmed).')
      const url = new URL(legs.authorize)
      url.searchParams.set('oauth_token', token.oauth_token)
      return { url: url.href, keep: token }
    },
    async finish(connection, { params, keep }, context) {
      if (params.denied !== undefined || params.oauth_problem !== undefined)
        throw new ExchangeError('human', `The service was not allowed to give access${named(params.oauth_problem)}.`)
      if (params.oauth_token === undefined || params.oauth_token !== keep.oauth_token)
        throw new ExchangeError('human', 'The callback is for another request token (oauth_token).')
      if (!params.oauth_verifier) throw new ExchangeError('human', 'The callback has no oauth_verifier.')
      const temporary = { token: keep.oauth_token as string, tokenSecret: keep.oauth_token_secret ?? '' }
      const more = { oauth_verifier: params.oauth_verifier }
      const answer = await step(parts, connection, legsOf(parts, connection).accessToken, temporary, more, context)
      const field = parts.identity(connection)
      const identity = field === undefined ? undefined : (answer.get(field) ?? undefined)
      return { ...lasting(tokenOf(answer)), ...(identity === undefined ? {} : { identity }) }
    },
  }
}

/** Such a token has no end: it is used until it is withdrawn. */
export function lasting(values: Values): Obtained {
  return { values, expiresAt: null }
}

async function step(
  parts: ConsentParts,
  connection: ConnectionSecrets,
  url: string,
  token: Parameters<ConsentParts['authorization']>[2],
  more: Values,
  context: ExchangeContext,
): Promise<URLSearchParams> {
  const { origin, pathname, search } = new URL(url)
  const request: OutgoingRequest = {
    method: 'POST',
    origin,
    path: pathname,
    query: search.slice(1),
    headers: [],
    body: null,
    params: {},
    now: context.now(),
  }
  const answer = await context.fetch({
    method: 'POST',
    url,
    headers: { authorization: parts.authorization(connection, request, token, more) },
  })
  return checked(answer, new URL(url).pathname)
}

function checked(answer: StepAnswer, path: string): URLSearchParams {
  const { status, headers, text } = answer
  const fields = new URLSearchParams(text)
  if (status >= 200 && status < 300) return fields
  if (status === 429) throw new ExchangeError('limited', 'The service wants fewer requests (429).', retryAfter(headers))
  const detail = `The service answered ${status} at ${path}${named(fields.get('oauth_problem') ?? undefined)}.`
  throw new ExchangeError(status >= 500 ? 'transient' : 'human', detail)
}

function retryAfter(headers: Headers): { retryAfter?: number } {
  const text = headers.get('retry-after') ?? ''
  return /^\d{1,6}$/.test(text) ? { retryAfter: Number(text) } : {}
}

/** A code of the Problem Reporting extension; free text of the service is never shown. */
function named(problem: string | undefined): string {
  return problem !== undefined && /^[a-z_]{1,60}$/.test(problem) ? ` (${problem})` : ''
}

function tokenOf(answer: URLSearchParams): { oauth_token: string; oauth_token_secret: string } {
  const [token, secret] = [answer.get('oauth_token'), answer.get('oauth_token_secret')]
  if (!token || secret === null)
    throw new ExchangeError('transient', `The answer has no ${token ? 'oauth_token_secret' : 'oauth_token'}.`)
  return { oauth_token: token, oauth_token_secret: secret }
}

function legsOf(parts: ConsentParts, connection: ConnectionSettings): Legs {
  const legs = parts.legs(connection)
  if (legs === undefined) throw new ExchangeError('human', 'The connector names no addresses for a consent.')
  return legs
}
