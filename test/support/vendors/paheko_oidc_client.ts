import { Agent, buildConnector, fetch } from 'undici'
import type { PahekoConstants } from './paheko_oidc_constants.ts'

export interface ProviderReach {
  /** The authorities that PHP knows, as PEM; those of the system when not given. */
  readonly ca?: string | undefined
  /** The port of loopback that every name leads to, where names are not resolved. */
  readonly at?: number | undefined
  /** How long an answer may take. */
  readonly patienceMs: number
}

/** The sign-in ends at a page that says so. */
export class PahekoTrouble extends Error {}

export interface Discovered {
  readonly authorization_endpoint: string
  readonly token_endpoint: string
  readonly userinfo_endpoint: string
  readonly scopes_supported: readonly string[]
}

export interface PahekoUserinfo {
  readonly email: string
  /** `profile.name` of the userinfo. */
  readonly name: string | undefined
  /** `scope` of the token's answer, which Paheko itself does not look at. */
  readonly granted: string | undefined
}

const ENDPOINTS = ['authorization_endpoint', 'token_endpoint', 'userinfo_endpoint'] as const

export class PahekoOidcClient {
  readonly #constants: PahekoConstants
  readonly #patienceMs: number
  readonly #agent: Agent

  constructor(constants: PahekoConstants, reach: ProviderReach) {
    this.#constants = constants
    this.#patienceMs = reach.patienceMs
    this.#agent = agentOf(reach)
  }

  get redirectUri(): string {
    return `${this.#constants.ADMIN_URL}login.php?oidc`
  }

  /** Where the browser is sent: no PKCE and no nonce, and every scope that the provider names. */
  async authorizationUrl(state: string): Promise<string> {
    const { authorization_endpoint, scopes_supported } = await this.#discover()
    const { OIDC_CLIENT_ID } = this.#constants
    const fields = [
      'response_type=code',
      `client_id=${encodeURIComponent(OIDC_CLIENT_ID)}`,
      `redirect_uri=${encodeURIComponent(this.redirectUri)}`,
      `state=${state}`,
      `scope=${scopes_supported.map(encodeURIComponent).join('+')}`,
    ]
    return `${authorization_endpoint}?${fields.join('&')}`
  }

  /** Discovery anew, the token, and then who it is. */
  async redeem(code: string): Promise<PahekoUserinfo> {
    const { token_endpoint, userinfo_endpoint } = await this.#discover()
    const { OIDC_CLIENT_ID, OIDC_CLIENT_SECRET } = this.#constants
    const form = new URLSearchParams({
      code,
      client_id: OIDC_CLIENT_ID,
      client_secret: OIDC_CLIENT_SECRET,
      redirect_uri: this.redirectUri,
      grant_type: 'authorization_code',
    })
    const token = await this.#ask('token', token_endpoint, { method: 'POST', body: form })
    if (typeof token.access_token !== 'string') throw new PahekoTrouble(`token: ${token.error ?? 'no access_token'}`)
    const who = await this.#ask('userinfo', userinfo_endpoint, {
      headers: { Authorization: `Bearer ${token.access_token}` },
    })
    if (typeof who.email !== 'string' || who.email === '') throw new PahekoTrouble('userinfo: no email')
    const { name } = Object(who.profile) as { name?: unknown }
    return { email: who.email, name: textOf(name), granted: textOf(token.scope) }
  }

  close(): Promise<void> {
    return this.#agent.destroy()
  }

  async #discover(): Promise<Discovered> {
    const url = `${this.#constants.OIDC_CLIENT_URL.replace(/\/$/, '')}/.well-known/openid-configuration`
    const document = await this.#ask('discovery', url)
    for (const name of ENDPOINTS)
      if (typeof document[name] !== 'string') throw new PahekoTrouble(`discovery: no ${name}`)
    if (!Array.isArray(document.scopes_supported)) throw new PahekoTrouble('discovery: scopes_supported is no array')
    return document as unknown as Discovered
  }

  /** A JSON object, whatever its status: an error is one too. */
  async #ask(what: string, url: string, more: object = {}): Promise<Record<string, unknown>> {
    const signal = AbortSignal.timeout(this.#patienceMs)
    const asked = { redirect: 'manual', dispatcher: this.#agent, signal, ...more } as const
    const text = await fetch(url, asked).then(
      (answer) => answer.text(),
      () => Promise.reject(new PahekoTrouble(`${what}: no answer`)),
    )
    const value = parsed(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new PahekoTrouble(`${what}: the answer is no JSON object`)
    return value as Record<string, unknown>
  }
}

function agentOf({ ca, at }: ProviderReach): Agent {
  const connect = buildConnector(ca === undefined ? {} : { ca })
  if (at === undefined) return new Agent({ connect })
  // The certificate is still that of the name.
  return new Agent({
    connect: (asked, done) =>
      connect({ ...asked, hostname: '127.0.0.1', port: String(at), servername: asked.hostname }, done),
  })
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
