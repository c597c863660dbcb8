import * as client from 'openid-client'
import { subjectOf } from './oidc_claims.ts'
import { unavailable } from './oidc_faults.ts'
import { type ExpectedJwt, type JwtClaims, untrusted, verifiedJwt } from './oidc_jwt.ts'
import type { ResolvedOidc } from './oidc_resolved.ts'

type Wanted = Pick<ResolvedOidc, 'userinfo' | 'userinfo_signed_response_alg' | 'numeric_subject'>

/**
 * Userinfo in the form that was registered, and no other: who registered a signed one does not take an unsigned one. Its `sub` must be that of
 * the id_token (OpenID Connect Core §5.3.2).
 */
export async function readUserinfo(
  configuration: client.Configuration,
  settings: Wanted,
  { accessToken, subject }: { readonly accessToken: string; readonly subject: string },
  expected: (algorithm: string) => ExpectedJwt,
): Promise<JwtClaims> {
  if (settings.userinfo === 'none') return {}
  const { userinfo_endpoint: endpoint } = configuration.serverMetadata()
  if (typeof endpoint !== 'string') throw unavailable('The provider does not say its userinfo_endpoint.')
  const answer = await ask(configuration, accessToken, new URL(endpoint), settings)
  if (answer?.status !== 200) throw unavailable('The provider gave no userinfo.')
  const claims = await read(answer, settings, expected)
  if (subjectOf(claims.sub, settings.numeric_subject) !== subject)
    throw untrusted('The userinfo', 'is of somebody else')
  return claims
}

/** `undefined`: it refuses the access token that it has just given. */
async function ask(
  configuration: client.Configuration,
  accessToken: string,
  endpoint: URL,
  { userinfo }: Wanted,
): Promise<Response | undefined> {
  const headers = new Headers({ accept: userinfo === 'jwt' ? 'application/jwt' : 'application/json' })
  try {
    return await client.fetchProtectedResource(configuration, accessToken, endpoint, 'GET', null, headers)
  } catch (error) {
    if (error instanceof client.WWWAuthenticateChallengeError) return undefined
    throw error
  }
}

async function read(
  answer: Response,
  settings: Wanted,
  expected: (algorithm: string) => ExpectedJwt,
): Promise<JwtClaims> {
  const type = answer.headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase()
  if (settings.userinfo === 'jwt') {
    if (type !== 'application/jwt') throw unavailable('The provider gave userinfo that is not signed.')
    return verifiedJwt((await answer.text()).trim(), 'The userinfo', expected(settings.userinfo_signed_response_alg))
  }
  if (type !== 'application/json') throw unavailable('The provider gave userinfo that is not JSON.')
  const json: unknown = await answer.json().catch(() => undefined)
  if (json === null || typeof json !== 'object' || Array.isArray(json))
    throw unavailable('The provider gave userinfo that is not JSON.')
  return json as JwtClaims
}
