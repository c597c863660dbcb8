import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose'
import * as client from 'openid-client'
import type { Session } from './browsers.ts'
import type { Settings } from './settings.ts'

/** Refused, in words that may be shown, with the status to say it with. Trouble of ours or of Octroi is never a 401 or a 403. */
export class Refused extends Error {
  readonly status: number

  constructor(status: number, message: string, cause?: unknown) {
    super(message, { cause })
    this.status = status
  }
}

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'
const AGAIN = 'This sign-in was used already or is too old. Begin again.'

/** Octroi as an OpenID provider. `openid-client` speaks the protocol; `jose` verifies logout tokens. */
export class Octroi {
  readonly #settings: Settings
  #found: { readonly config: client.Configuration; readonly keys: JWTVerifyGetKey } | undefined

  constructor(settings: Settings) {
    this.#settings = settings
  }

  async signInUrl(redirectUri: string, state: string, nonce: string, codeVerifier: string): Promise<URL> {
    const { config } = await this.#discovered()
    return client.buildAuthorizationUrl(config, {
      redirect_uri: redirectUri,
      scope: 'openid profile email',
      state,
      nonce,
      code_challenge: await client.calculatePKCECodeChallenge(codeVerifier),
      code_challenge_method: 'S256',
    })
  }

  /** Redeems the code at `back`; issuer, state, nonce, signature, audience and times are verified on the way. */
  async session(back: URL, state: string, nonce: string, codeVerifier: string): Promise<Session> {
    const { config } = await this.#discovered()
    try {
      const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: codeVerifier }
      const tokens = await client.authorizationCodeGrant(config, back, checks)
      const claims = tokens.claims()
      const sid = claims?.sid
      if (claims === undefined || typeof sid !== 'string' || tokens.id_token === undefined)
        throw new Refused(502, 'The ID token names no session.')
      const { sub } = claims
      const person = await client.fetchUserInfo(config, tokens.access_token, sub)
      const email = person.email_verified === true ? person.email : undefined
      return { subject: sub, name: person.name ?? email ?? sub, email, sid, idToken: tokens.id_token }
    } catch (error) {
      throw refusal(error)
    }
  }

  async signOutUrl(idToken: string, back: string, state: string): Promise<URL> {
    const { config } = await this.#discovered()
    const parameters = { id_token_hint: idToken, post_logout_redirect_uri: back, state }
    return client.buildEndSessionUrl(config, parameters)
  }

  /** OpenID Connect Back-Channel Logout 1.0 §2.6; that `jti` comes once is for the caller to see to. */
  async logoutToken(token: string): Promise<{ jti: string; sid: string | undefined; subject: string | undefined }> {
    const { keys } = await this.#discovered()
    const claims = await this.#verified(token, keys)
    const events = claims.events as Readonly<Record<string, unknown>> | null
    if (typeof events !== 'object' || typeof events?.[EVENT] !== 'object' || events[EVENT] === null)
      throw new Refused(400, 'The logout token tells of no logout.')
    if ('nonce' in claims) throw new Refused(400, 'A logout token has no nonce.')
    const sid = typeof claims.sid === 'string' ? claims.sid : undefined
    if (sid === undefined && claims.sub === undefined) throw new Refused(400, 'The logout token names nobody.')
    return { jti: String(claims.jti), sid, subject: claims.sub }
  }

  async #verified(token: string, keys: JWTVerifyGetKey): Promise<JWTPayload> {
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer: this.#settings.issuer,
        audience: this.#settings.clientId,
        typ: 'logout+jwt',
        algorithms: ['ES256'],
        requiredClaims: ['iat', 'exp', 'jti', 'events'],
        clockTolerance: 30,
      })
      return payload
    } catch (error) {
      // Keys that could not be fetched are no fault of the token.
      const isToken = error instanceof errors.JOSEError && !(error instanceof errors.JWKSTimeout) && !isFetching(error)
      throw isToken ? new Refused(400, `The token is refused: ${error.code}.`, error) : unavailable(error)
    }
  }

  /** Once; after a failure again at the next request, so that the application starts while Octroi is down. */
  async #discovered() {
    if (this.#found !== undefined) return this.#found
    const { issuer, clientId, clientSecret } = this.#settings
    const isLoopback = /^http:\/\/(127\.0\.0\.1|\[::1\]|localhost)[:/]/.test(issuer)
    try {
      const config = await client.discovery(
        new URL(issuer),
        clientId,
        { id_token_signed_response_alg: 'ES256' },
        client.ClientSecretBasic(clientSecret),
        { execute: [client.enableNonRepudiationChecks, ...(isLoopback ? [client.allowInsecureRequests] : [])] },
      )
      const keys = createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri ?? ''))
      this.#found = { config, keys }
      return this.#found
    } catch (error) {
      throw unavailable(error)
    }
  }
}

/** Codes of `openid-client` that say that the answer came whole and is wrong. */
const UNVERIFIED = /^OAUTH_(INVALID_RESPONSE|UNSUPPORTED_OPERATION|JWT_|JSON_ATTRIBUTE_|KEY_SELECTION_)/

const unavailable = (cause: unknown) => new Refused(503, 'Octroi cannot be reached.', cause)

/** `jose` says this of a key set that was answered with something else than 200, or than JSON. */
const isFetching = (error: InstanceType<typeof errors.JOSEError>) => error.code === 'ERR_JOSE_GENERIC'

function refusal(error: unknown): Refused {
  if (error instanceof Refused) return error
  if (error instanceof client.ResponseBodyError && error.status < 500)
    return error.error === 'invalid_grant'
      ? new Refused(400, AGAIN, error)
      : new Refused(502, 'The provider did not accept this application.', error)
  const isUnverified = error instanceof client.ClientError && UNVERIFIED.test(error.code ?? '')
  return isUnverified ? new Refused(502, "The provider's answer could not be verified.", error) : unavailable(error)
}
