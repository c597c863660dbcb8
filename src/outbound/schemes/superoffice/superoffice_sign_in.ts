import { z } from 'zod'
import { type ExchangeContext, ExchangeError, type StepAnswer } from '../../exchange.ts'
import type { ConnectionSecrets, Values } from '../../scheme.ts'
import { answerRules, answerShape, readToken } from '../oauth/oauth_answer.ts'
import { secret } from '../oauth/oauth_client.ts'
import { type Claims, fetchKeys, verifiedClaims } from '../oauth/oauth_id_token.ts'
import { sendTokenRequest } from '../oauth/oauth_request.ts'
import { IDENTITY, keysAddress, siteOf } from './superoffice_site.ts'

/** Sign-in with OpenID Connect ("SuperID"): tokens of a person, and what the id_token says of tenant and application. */

/** Values of the token under their own names; those that a sign-in did not bring are absent. */
export interface SignedIn {
  readonly values: Values
  /** Of the access token; milliseconds since the epoch. */
  readonly expiresAt: number | null
}

/** What the vendor documents, should an answer not say it. */
const ACCESS_SECONDS = 3600
const RULES = answerRules(z.object(answerShape).parse({ lifetime_s: ACCESS_SECONDS }))

/** Of these, `system_token` is there only when an administrator agreed for the tenant. */
const CLAIMS = ['ctx', 'serial', 'system_token'] as const

export async function redeemCode(
  params: Values,
  nonce: string,
  connection: ConnectionSecrets,
  context: ExchangeContext,
): Promise<SignedIn> {
  const { token, idToken } = await ask({ grant_type: 'authorization_code', ...params }, connection, context)
  if (idToken === undefined) throw new ExchangeError('transient', 'SuperOffice gave no id_token.')
  const claims = await claimsOf(idToken, nonce, connection, context)
  return { ...token, values: { ...token.values, ...claims } }
}

/** The refresh token is used again and again: an answer without one leaves the old one in force. */
export async function refresh(connection: ConnectionSecrets, context: ExchangeContext): Promise<SignedIn> {
  const { refresh_token = '', ...before } = connection.token ?? {}
  const { token, idToken } = await ask({ grant_type: 'refresh_token', refresh_token }, connection, context)
  const lacksClaims = before.ctx === undefined || (hasKey(connection) && before.system_token === undefined)
  const claims =
    lacksClaims && idToken !== undefined ? await claimsOf(idToken, undefined, connection, context).catch(passing) : {}
  return { ...token, values: { refresh_token, ...token.values, ...claims } }
}

export function hasKey({ secrets }: ConnectionSecrets): boolean {
  return Object.hasOwn(secrets, 'private_key')
}

/** RFC 7009, at the address that the vendor publishes. Nothing to do where it publishes none. */
export async function revokeRefreshToken(connection: ConnectionSecrets, context: ExchangeContext): Promise<void> {
  const token = connection.token?.refresh_token
  if (token === undefined) return
  const site = siteOf(connection)
  const { text } = await context.fetch({ method: 'GET', url: `${site}/login/.well-known/openid-configuration` })
  const address = /"revocation_endpoint"\s*:\s*"([^"\\]+)"/.exec(text)?.[1]
  // Secrets go to the site that they were given for, whatever its answer says.
  if (address === undefined || URL.parse(address)?.origin !== new URL(site).origin) return
  const { status } = await send(address, { token, token_type_hint: 'refresh_token' }, connection, context)
  if (status >= 300) throw new ExchangeError('transient', `SuperOffice did not revoke the refresh token (${status}).`)
}

async function ask(
  params: Values,
  connection: ConnectionSecrets,
  context: ExchangeContext,
): Promise<{ token: SignedIn; idToken: string | undefined }> {
  const answer = await send(`${siteOf(connection)}/login/common/oauth/tokens`, params, connection, context)
  const { accessToken, refreshToken, idToken, expiresAt } = readToken(answer, RULES, context.now())
  const values = { access_token: accessToken, ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }) }
  return { token: { values, expiresAt }, idToken }
}

/** The client proves itself in the body (client_secret_post). */
function send(
  url: string,
  params: Values,
  connection: ConnectionSecrets,
  context: ExchangeContext,
): Promise<StepAnswer> {
  const client = { client_id: secret(connection, 'client_id'), client_secret: secret(connection, 'client_secret') }
  const proof = { headers: {}, params: client }
  return sendTokenRequest({ url, params, proof, more: [], headers: [], format: 'form' }, connection, context)
}

async function claimsOf(
  idToken: string,
  nonce: string | undefined,
  connection: ConnectionSecrets,
  context: ExchangeContext,
): Promise<Values> {
  const site = siteOf(connection)
  const keys = await fetchKeys(keysAddress(site), context.fetch)
  const expected = { issuer: site, audience: secret(connection, 'client_id'), nonce, now: context.now() }
  return namedClaims(await verifiedClaims(idToken, keys, expected))
}

function namedClaims(claims: Claims): Values {
  const found = CLAIMS.map((name) => [name, claims[`${IDENTITY}${name}`]] as const)
  return Object.fromEntries(
    found.filter(
      (entry): entry is [(typeof CLAIMS)[number], string] => typeof entry[1] === 'string' && entry[1] !== '',
    ),
  )
}

/** A person has nothing to mend where a machine's answer does not verify: it is tried again. */
export function passing(error: unknown): never {
  if (error instanceof ExchangeError && error.kind === 'human')
    throw new ExchangeError('transient', error.detail, { cause: error.cause })
  throw error
}
