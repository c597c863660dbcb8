import { OctroiError } from '../../../core/errors.ts'
import { type ExchangeContext, ExchangeError, type Obtained, type StepAnswer } from '../../exchange.ts'
import { parseJson } from '../../json_path.ts'
import type { ClientCertificate, ConnectionSecrets, Values } from '../../scheme.ts'
import { endpointOf } from '../endpoints.ts'
import { readToken, type TokenAnswer } from './oauth_answer.ts'
import { clientCertificate, proveClient, publicClient } from './oauth_client.ts'
import { type Claims, fetchKeys, verifiedClaims } from './oauth_id_token.ts'
import { askUserinfo, isUntold, obtained, reads, type Sources } from './oauth_kept.ts'
import { errorCode, refusalOf } from './oauth_refusal.ts'
import { sendTokenRequest } from './oauth_request.ts'
import { type CompiledParams, maybeAddress, values } from './oauth_values.ts'
import { type CompiledOauth2, oauth2Of, scopesOf } from './oauth2_compiled.ts'

/** A refresh where there is a refresh token, else a new token where the client alone may have one (RFC 6749 §6, §4.4). */
export async function renew(connection: ConnectionSecrets, context: ExchangeContext): Promise<Obtained> {
  const compiled = oauth2Of(connection.connector)
  const refreshToken = compiled.refreshes ? connection.token?.refresh_token : undefined
  const mayMint = compiled.grant === 'client_credentials'
  if (refreshToken !== undefined) {
    try {
      return await refresh(compiled, refreshToken, connection, context)
    } catch (error) {
      // The client can log in again by itself: no person is needed for a refresh token that ran out.
      if (!(mayMint && error instanceof ExchangeError && error.kind === 'human')) throw error
      return mint(compiled, connection, context)
    }
  }
  if (mayMint) return mint(compiled, connection, context)
  // One that was obtained elsewhere, or that nobody can renew: good until the service refuses it, after which it is not here any more.
  if (connection.token?.access_token !== undefined) return { values: connection.token, expiresAt: null, early: false }
  throw new ExchangeError('human', 'There is no refresh token: a person must agree at the service again.')
}

/** The token of a code (RFC 6749 §4.1.3). `sources` has the parameters of the callback, `nonce` what was sent with openid. */
export async function redeem(
  code: Values,
  sources: { readonly callback: Values; readonly nonce: string | undefined },
  connection: ConnectionSecrets,
  context: ExchangeContext,
): Promise<Obtained> {
  const compiled = oauth2Of(connection.connector)
  // A token of before is another person's, perhaps: nothing of it is kept.
  const fresh = { ...connection, token: undefined }
  const params = { grant_type: 'authorization_code', ...code }
  const token = await ask(compiled, params, compiled.tokenParams, fresh, context)
  const claims = await claimsOf(compiled, token, fresh, context, { always: true, nonce: sources.nonce })
  const bound = boundTo(compiled, fresh)
  const userinfo = await askUserinfo(maybeAddress(compiled.userinfoUrl, fresh), token, context, bound)
  return finished(compiled, token, { callback: sources.callback, id_token: claims, userinfo }, fresh)
}

/** RFC 7009 §2.1: the refresh token first, for with it goes the grant. A token that is not there counts as ended. */
export async function revoke(connection: ConnectionSecrets, context: ExchangeContext): Promise<void> {
  const compiled = oauth2Of(connection.connector)
  const url = maybeAddress(compiled.revocationUrl, connection)
  if (url === undefined) return
  let refused: ExchangeError | undefined
  for (const hint of ['refresh_token', 'access_token'] as const) {
    const token = connection.token?.[hint]
    if (token === undefined) continue
    const params = { token, token_type_hint: hint }
    const answer = await send(compiled, url, params, [], connection, context)
    const isOver = answer.status >= 200 && answer.status <= 299
    // RFC 7009 §2.2.1: some servers end access tokens with the refresh token only.
    if (!isOver && errorCode(parseJson(answer.text)) !== 'unsupported_token_type')
      refused ??= refusalOf(answer, context.now(), compiled.answer.refusals)
  }
  if (refused !== undefined) throw refused
}

async function refresh(
  compiled: CompiledOauth2,
  refreshToken: string,
  connection: ConnectionSecrets,
  context: ExchangeContext,
): Promise<Obtained> {
  const params = { grant_type: 'refresh_token', refresh_token: refreshToken }
  return kept(compiled, await ask(compiled, params, compiled.refreshParams, connection, context), connection, context)
}

async function mint(compiled: CompiledOauth2, held: ConnectionSecrets, context: ExchangeContext): Promise<Obtained> {
  const connection = withoutRefreshToken(held)
  const scope = scopesOf(compiled, connection).join(compiled.scopeSeparator)
  const params = { grant_type: 'client_credentials', ...(scope === '' ? {} : { scope }) }
  return kept(compiled, await ask(compiled, params, compiled.tokenParams, connection, context), connection, context)
}

/**
 * Without a person: what else there is to know is asked for only while it is not known, and a token is not thrown away because the
 * service did not tell: with it would go a refresh token that was given once.
 */
async function kept(
  compiled: CompiledOauth2,
  token: TokenAnswer,
  connection: ConnectionSecrets,
  context: ExchangeContext,
): Promise<Obtained> {
  const claims = await untold(claimsOf(compiled, token, connection, context, { always: false, nonce: undefined }))
  const asks = isUntold('userinfo', compiled.kept, connection)
  const url = asks ? maybeAddress(compiled.userinfoUrl, connection) : undefined
  const userinfo = await untold(askUserinfo(url, token, context, boundTo(compiled, connection)))
  return finished(compiled, token, { id_token: claims, userinfo }, connection)
}

/** `undefined` where the service could or would not say, or what it said does not verify. */
async function untold<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked
  } catch (error) {
    if (error instanceof ExchangeError || error instanceof OctroiError) return undefined
    throw error
  }
}

function finished(
  compiled: CompiledOauth2,
  token: TokenAnswer,
  sources: Sources,
  connection: ConnectionSecrets,
): Obtained {
  const got = obtained(token, sources, compiled.kept, connection)
  // Without a refresh token there is nothing to renew with: trying ahead of time would end a token that still works.
  const stuck = compiled.grant === 'authorization_code' && got.values.refresh_token === undefined
  return compiled.early === false || stuck ? { ...got, early: false } : got
}

async function ask(
  compiled: CompiledOauth2,
  params: Values,
  more: CompiledParams,
  connection: ConnectionSecrets,
  context: ExchangeContext,
): Promise<TokenAnswer> {
  const isRefresh = params.grant_type === 'refresh_token'
  const refreshUrl = isRefresh ? maybeAddress(compiled.refreshUrl, connection) : undefined
  const url = refreshUrl ?? endpointOf(compiled.tokenUrl, connection)
  const answer = await send(compiled, url, params, more, connection, context)
  const token = readToken(answer, compiled.answer, context.now())
  return compiled.refreshes ? token : { ...token, refreshToken: undefined }
}

async function send(
  compiled: CompiledOauth2,
  url: string,
  params: Values,
  more: CompiledParams,
  connection: ConnectionSecrets,
  context: ExchangeContext,
): Promise<StepAnswer> {
  const onlyNamed = compiled.refreshClientOnly && params.grant_type === 'refresh_token'
  const proof = onlyNamed
    ? publicClient(connection)
    : await proveClient(compiled.client, connection, url, context.now())
  const request = { url, params, proof, more, headers: compiled.tokenHeaders, format: compiled.tokenFormat }
  return sendTokenRequest(request, connection, context)
}

/** The verified claims of the id_token; `undefined` where there are none, or nobody reads them. */
async function claimsOf(
  compiled: CompiledOauth2,
  { idToken }: TokenAnswer,
  connection: ConnectionSecrets,
  { fetch, now }: ExchangeContext,
  { always, nonce }: { readonly always: boolean; readonly nonce: string | undefined },
): Promise<Claims | undefined> {
  const jwksUri = maybeAddress(compiled.jwksUri, connection)
  const wanted = reads(compiled.kept, 'id_token')
  if (jwksUri === undefined || !(always || wanted)) return undefined
  if (idToken === undefined) {
    if (always && wanted) throw new ExchangeError('human', 'The service gave no id_token; does the scope have openid?')
    return undefined
  }
  const issuer = compiled.issuer?.render(values(connection))
  if (issuer === undefined)
    throw new ExchangeError('human', 'The setting for issuer is missing: the id_token cannot be verified.')
  const expected = { issuer, audience: connection.secrets.client_id ?? '', nonce, now: now() }
  return verifiedClaims(idToken, await fetchKeys(jwksUri, fetch), expected)
}

/** RFC 8705 §3: a token that is bound to the client certificate is worth nothing without it. */
function boundTo({ client }: CompiledOauth2, connection: ConnectionSecrets): ClientCertificate | undefined {
  return client.auth === 'mtls' ? clientCertificate(connection) : undefined
}

/** A refresh token that was refused, or is not to be used, is not kept for the next time. */
function withoutRefreshToken(connection: ConnectionSecrets): ConnectionSecrets {
  const { refresh_token: _, ...token } = connection.token ?? {}
  return { ...connection, token }
}
