import { type Consent, type ExchangeContext, ExchangeError, type Obtained } from '../../exchange.ts'
import type { ConnectionSecrets } from '../../scheme.ts'
import { endpointOf } from '../endpoints.ts'
import { type CompiledJwtBearer, jwtBearerOf } from './jwt_bearer_compiled.ts'
import { withAccountFile } from './jwt_bearer_key.ts'
import { readToken } from './oauth_answer.ts'
import { secret } from './oauth_client.ts'
import { askUserinfo, isUntold, obtained } from './oauth_kept.ts'
import { signingKey, signJwt } from './oauth_keys.ts'
import { refusalOf } from './oauth_refusal.ts'
import { sendTokenRequest } from './oauth_request.ts'
import { maybeAddress, values, withParams } from './oauth_values.ts'
import { checkCallback, withQuery } from './oauth2_consent.ts'

const NO_PROOF = { headers: {}, params: {} }

/** A JWT signed now, for a token (RFC 7523 §2.1). It is never kept: each request has its own, with a `jti` of its own. */
export async function mint(held: ConnectionSecrets, context: ExchangeContext): Promise<Obtained> {
  const compiled = jwtBearerOf(held.connector)
  const connection = compiled.key === 'service_account_json' ? withAccountFile(held) : held
  const url = endpointOf(compiled.tokenUrl, connection)
  const assertion = await assertionOf(compiled, connection, url, context.now())
  const answer = await sendTokenRequest(
    {
      url,
      params: { grant_type: compiled.grantType, assertion },
      proof: NO_PROOF,
      more: compiled.tokenParams,
      headers: compiled.tokenHeaders,
      format: compiled.tokenFormat,
    },
    connection,
    context,
  )
  // This grant has no refresh token (RFC 7521 §4.1): one that comes all the same is not used.
  const token = { ...readToken(answer, compiled.answer, context.now()), refreshToken: undefined }
  const asks = isUntold('userinfo', compiled.kept, connection)
  const userinfo = asks ? await askUserinfo(maybeAddress(compiled.userinfoUrl, connection), token, context) : undefined
  const got = obtained(token, { userinfo }, compiled.kept, connection)
  return compiled.early === false ? { ...got, early: false } : got
}

/** RFC 7009, for services that end such tokens. */
export async function revoke(connection: ConnectionSecrets, context: ExchangeContext): Promise<void> {
  const compiled = jwtBearerOf(connection.connector)
  const url = maybeAddress(compiled.revocationUrl, connection)
  const token = connection.token?.access_token
  if (url === undefined || token === undefined) return
  const params = { token, token_type_hint: 'access_token' }
  const request = {
    url,
    params,
    proof: NO_PROOF,
    more: [],
    headers: compiled.tokenHeaders,
    format: compiled.tokenFormat,
  }
  const answer = await sendTokenRequest(request, connection, context)
  if (answer.status < 200 || answer.status > 299) throw refusalOf(answer, context.now(), compiled.answer.refusals)
}

/** A person agrees once that the key may act; the code that comes back is not used, a JWT is then signed (DocuSign). */
export const jwtBearerConsent: Consent = {
  needed: ({ connector }) => jwtBearerOf(connector).consent !== undefined,
  signInAt(connection) {
    const { consent, tokenUrl } = jwtBearerOf(connection.connector)
    return endpointOf(consent?.authorizationUrl ?? tokenUrl, connection)
  },

  async begin(connection, { redirectUri, state }) {
    const { consent } = jwtBearerOf(connection.connector)
    if (consent === undefined) throw new ExchangeError('human', `${connection.connector.name} asks nobody for consent.`)
    const params = withParams({ response_type: 'code' }, consent.params, connection)
    const fixed = { ...params, redirect_uri: redirectUri, state }
    return { url: withQuery(endpointOf(consent.authorizationUrl, connection), fixed), keep: {} }
  },

  async finish(connection, { params }, context) {
    checkCallback(params)
    return mint({ ...connection, token: undefined }, context)
  },
}

async function assertionOf(
  compiled: CompiledJwtBearer,
  connection: ConnectionSecrets,
  url: string,
  now: number,
): Promise<string> {
  const { algorithm } = compiled
  const key = signingKey(secret(connection, 'private_key'), algorithm, 'private_key')
  const kid = compiled.kid?.render(values(connection)) ?? key.kid ?? connection.secrets.private_key_id
  const claims = withParams({ aud: url }, compiled.claims, connection)
  return signJwt(key, { algorithm, header: kid === undefined ? {} : { kid }, claims }, now, compiled.assertionSeconds)
}
