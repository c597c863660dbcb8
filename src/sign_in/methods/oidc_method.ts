import * as client from 'openid-client'
import type { AuthenticationMethod, SignInMethod } from '../../core/people_types.ts'
import { type IdentityProof, type RedirectMethod, SignInRefused } from '../method.ts'
import type { OidcParts } from './oidc.ts'
import { checkBelongs, mapClaims, subjectOf } from './oidc_claims.ts'
import { exchangeCode } from './oidc_exchange.ts'
import { providerFault } from './oidc_faults.ts'
import { checkIdToken, type ExpectedJwt, type JwtClaims, SKEW_S, untrusted, verifiedJwt } from './oidc_jwt.ts'
import { Provider } from './oidc_provider.ts'
import { authorizationParameters, usesPkce } from './oidc_request.ts'
import type { ResolvedOidc } from './oidc_resolved.ts'
import { readUserinfo } from './oidc_userinfo.ts'

/** What `openOidc` has checked. */
export interface OidcOpening {
  readonly method: SignInMethod
  readonly settings: Settings
  readonly secret: string | undefined
  readonly authentication: () => Promise<client.ClientAuth>
  readonly parts: OidcParts
}

type Settings = ResolvedOidc & { readonly issuer: string }
type Begin = Parameters<RedirectMethod['begin']>[0]
type Finish = Parameters<RedirectMethod['finish']>[0]
type SignOut = Parameters<RedirectMethod['signOut']>[0]

/** It keeps what its provider publishes; `Methods` keeps it open for as long as its settings stay the same. */
export class OidcMethod implements RedirectMethod {
  readonly type = 'redirect'
  readonly method: SignInMethod
  readonly settings: Settings
  readonly provider: Provider
  readonly #secret: string | undefined
  readonly #authentication: () => Promise<client.ClientAuth>
  readonly #parts: OidcParts
  readonly #fetch: typeof fetch

  constructor({ method, settings, secret, authentication, parts }: OidcOpening) {
    const { now, log } = parts
    this.method = method
    this.settings = settings
    this.#secret = secret
    this.#authentication = authentication
    this.#parts = parts
    this.#fetch = parts.fetchFor(method.network)
    const allowHttp = method.network.allow_http === true
    this.provider = new Provider(settings.issuer, { fetch: this.#fetch, allowHttp, now, log })
  }

  async begin({ state, redirectUri, language, fresh, mfa }: Begin): ReturnType<RedirectMethod['begin']> {
    const metadata = await this.provider.metadata()
    const verifier = usesPkce(this.settings, metadata) ? client.randomPKCECodeVerifier() : undefined
    const challenge = verifier === undefined ? undefined : await client.calculatePKCECodeChallenge(verifier)
    const nonce = client.randomNonce()
    const asking = { state, nonce, redirectUri, language, fresh, mfa, challenge }
    try {
      const url = client.buildAuthorizationUrl(
        await this.#configuration(metadata),
        authorizationParameters(this.settings, asking),
      )
      const keep = {
        nonce,
        ...(verifier === undefined ? {} : { verifier }),
        ...(fresh ? { since: String(this.#parts.now()) } : {}),
      }
      return { url: url.href, keep }
    } catch (error) {
      throw providerFault(error)
    }
  }

  async finish({ query, state, keep, redirectUri }: Finish): Promise<IdentityProof> {
    const { nonce, verifier, since } = keep
    if (nonce === undefined) throw new SignInRefused('stale', 'Nothing is known of this sign-in any more.')
    const metadata = await this.provider.metadata()
    try {
      const configuration = await this.#configuration(metadata)
      const tokens = await exchangeCode(configuration, this.#fetch, {
        query,
        state,
        redirectUri,
        nonce,
        verifier,
        numericSubject: this.settings.numeric_subject,
      })
      const claims = await this.#idToken(tokens.idToken, tokens.accessToken, nonce)
      const subject = subjectOf(claims.sub, this.settings.numeric_subject)
      if (subject === undefined) throw untrusted('The id_token', 'names nobody')
      this.#checkStrictness(claims, since)
      const more = await readUserinfo(configuration, this.settings, { ...tokens, subject }, (alg) =>
        this.#expected(alg),
      )
      return this.#proof(subject, claims, more, tokens.idToken)
    } catch (error) {
      throw providerFault(error)
    }
  }

  async signOut({ idToken, state, returnTo }: SignOut): Promise<string | undefined> {
    if (!this.settings.end_session) return undefined
    const metadata = await this.provider.metadata()
    if (typeof metadata.end_session_endpoint !== 'string') return undefined
    try {
      const url = client.buildEndSessionUrl(await this.#configuration(metadata), {
        post_logout_redirect_uri: returnTo,
        state,
        ...(idToken === null ? {} : { id_token_hint: idToken }),
      })
      // The hint says whose client it is; not every provider takes both (OpenID Connect RP-Initiated Logout §2).
      if (idToken !== null) url.searchParams.delete('client_id')
      return url.href
    } catch (error) {
      throw providerFault(error)
    }
  }

  async #configuration(metadata: client.ServerMetadata): Promise<client.Configuration> {
    const { client_id: clientId, id_token_signed_response_alg: alg } = this.settings
    const about = {
      id_token_signed_response_alg: alg,
      [client.clockSkew]: Math.round((this.#parts.now() - Date.now()) / 1000),
      [client.clockTolerance]: SKEW_S,
    }
    const configuration = new client.Configuration(metadata, clientId, about, await this.#authentication())
    configuration[client.customFetch] = this.#fetch as client.CustomFetch
    if (this.method.network.allow_http === true) client.allowInsecureRequests(configuration)
    return configuration
  }

  #expected(algorithm: string): ExpectedJwt {
    const keys = (fresh: boolean) => this.provider.keys(fresh)
    const { issuer, client_id: audience } = this.settings
    return { algorithm, issuer, audience, secret: this.#secret, keys, now: this.#parts.now() }
  }

  async #idToken(jwt: string, accessToken: string, nonce: string): Promise<JwtClaims> {
    const alg = this.settings.id_token_signed_response_alg
    const claims = await verifiedJwt(jwt, 'The id_token', this.#expected(alg))
    checkIdToken(claims, { nonce, now: this.#parts.now(), accessToken, alg })
    return claims
  }

  /** What was asked for is no promise: the answer is looked at (OpenID Connect Core §3.1.3.7, 12 and 13). */
  #checkStrictness({ acr, auth_time: authTime }: JwtClaims, since: string | undefined): void {
    const { acr_values: required, reauthentication } = this.settings
    if (required.length > 0 && !required.some((wanted) => wanted === acr))
      throw new SignInRefused('too_weak', 'The provider did not check you as strictly as is asked for here.')
    if (since === undefined) return
    const isMissing = typeof authTime !== 'number'
    if (isMissing ? reauthentication === 'max_age' : authTime + SKEW_S < Number(since) / 1000)
      throw new SignInRefused('too_weak', 'The provider did not ask you to prove yourself anew.')
  }

  #proof(subject: string, idClaims: JwtClaims, more: JwtClaims, idToken: string): IdentityProof {
    const said = { ...more, ...idClaims, ...describing(more) }
    const claims = mapClaims(said, this.settings)
    checkBelongs(idClaims, claims, this.settings)
    const now = this.#parts.now()
    const { acr, auth_time: at } = idClaims
    const time = typeof at === 'number' && at * 1000 > 0 && at * 1000 < now ? at * 1000 : now
    return {
      kind: 'identity',
      issuer: this.settings.issuer,
      subject,
      claims,
      idToken,
      amr: this.#amr(idClaims),
      acr: typeof acr === 'string' ? acr : null,
      authTime: new Date(time).toISOString(),
    }
  }

  #amr({ acr, amr }: JwtClaims): readonly AuthenticationMethod[] {
    const { mfa_acr: acrs, mfa_amr: amrs } = this.settings
    const isTwo = acrs.some((two) => two === acr) || [amr].flat().some((method) => amrs.some((two) => two === method))
    return isTwo ? ['fed', 'mfa'] : ['fed']
  }
}

/** What userinfo says of the person wins, as it is the newer; how he proved himself, the id_token alone says. */
function describing(more: JwtClaims): JwtClaims {
  const { sub, iss, aud, azp, exp, iat, nbf, nonce, acr, amr, auth_time, at_hash, tid, hd, ...rest } = more
  return rest
}
