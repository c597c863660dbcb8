import * as client from 'openid-client'
import { unavailable } from './oidc_faults.ts'
import { untrusted } from './oidc_jwt.ts'

export interface Answered {
  /** The parameters with which the browser came back. */
  readonly query: Readonly<Record<string, string>>
  readonly state: string
  readonly redirectUri: string
  readonly nonce: string
  readonly verifier: string | undefined
  readonly numericSubject: boolean
}

export interface Tokens {
  readonly accessToken: string
  readonly idToken: string
}

/**
 * The code for the tokens: state, `iss` (RFC 9207), errors, the token request and the claims of the id_token are the library's to check; its
 * signature is checked by `verifiedJwt`, and its claims once more. What is thrown goes through `providerFault`.
 */
export async function exchangeCode(
  configuration: client.Configuration,
  fetch: typeof globalThis.fetch,
  answered: Answered,
): Promise<Tokens> {
  const { query, state, nonce, verifier, numericSubject } = answered
  const back = new URL(answered.redirectUri)
  back.search = new URLSearchParams(query).toString()
  const held = numericSubject ? holdIdToken(configuration, fetch) : undefined
  const tokens = await client.authorizationCodeGrant(configuration, back, {
    expectedState: state,
    ...(held === undefined ? { expectedNonce: nonce, idTokenExpected: true } : {}),
    ...(verifier === undefined ? {} : { pkceCodeVerifier: verifier }),
  })
  const idToken = held === undefined ? tokens.id_token : held.idToken
  if (idToken === undefined) throw untrusted('The answer', 'has no id_token')
  return { accessToken: tokens.access_token, idToken }
}

/**
 * The library takes no id_token whose `sub` is a number, as DataPass and MonComptePro wrote it. So it does not see it: all that it would check
 * is checked by `verifiedJwt` and `checkIdToken` too.
 */
function holdIdToken(configuration: client.Configuration, fetch: typeof globalThis.fetch): { idToken?: string } {
  const held: { idToken?: string } = {}
  const endpoint = new URL(configuration.serverMetadata().token_endpoint as string).href
  configuration[client.customFetch] = (async (url: string, options: RequestInit) => {
    const answer = await fetch(url, options)
    if (url !== endpoint || answer.status !== 200) return answer
    const json: unknown = await answer.json().catch(() => undefined)
    if (json === null || typeof json !== 'object') throw unavailable('The provider answered no JSON.')
    const { id_token: idToken, ...rest } = json as { id_token?: unknown }
    if (typeof idToken === 'string') held.idToken = idToken
    return Response.json(rest)
  }) as client.CustomFetch
  return held
}
