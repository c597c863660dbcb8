import { randomBytes } from 'node:crypto'
import { chorusRoutes, membercareRoutes, powerOfficeRoutes } from './known_logins.ts'
import { bearerToken } from './reading.ts'
import {
  challenged,
  DEFAULTS,
  fieldsOf,
  refusal,
  success,
  TOKEN_COOKIE,
  TOKEN_HEADER,
  type TwoStepSettings,
} from './two_step_shapes.ts'
import { type Call, openVendor, type Reply, type Route, type Vendor, type VendorOptions } from './vendor.ts'

export { CHORUS, MEMBERCARE, POWEROFFICE } from './known_logins.ts'
export type { TwoStepSettings } from './two_step_shapes.ts'

export interface TwoStepOptions extends VendorOptions {
  readonly settings?: Partial<TwoStepSettings>
}

/**
 * `POST /login` takes `user` and `password` (in XML: `<login><user>…`); with two steps `POST /login/confirm` takes
 * `challenge`. `POST /logout` and `/data` want the token.
 */
export interface TwoStep extends Vendor {
  readonly user: string
  readonly password: string
  /** Read at every request: change them while it runs. */
  readonly settings: TwoStepSettings
  tokensIssued(): number
  /** Neither over, logged out nor revoked. */
  tokensAlive(): number
  revokeTokens(): void
}

const USER = 'octroi@example.org'
/** Needs escaping in XML, in a form and in JSON. */
const PASSWORD = 'pa<ss&"wörd"+1'
const CHALLENGE_SECONDS = 60

class LoginTokens {
  issued = 0
  readonly live = new Map<string, { kind: string; endsAt: number }>()
  private readonly now: () => number

  constructor(now: () => number) {
    this.now = now
  }

  issue(kind: string, seconds: number): { token: string; endsAt: number } {
    const token = randomBytes(24).toString('hex')
    const endsAt = this.now() + seconds * 1000
    this.live.set(token, { kind, endsAt })
    if (kind !== 'challenge') this.issued++
    return { token, endsAt }
  }

  alive(kind: string, token: string | undefined): boolean {
    const known = this.live.get(token ?? '')
    return known?.kind === kind && known.endsAt > this.now()
  }

  count(): number {
    return [...this.live].filter(([token, { kind }]) => kind !== 'challenge' && this.alive(kind, token)).length
  }
}

/** A login service whose every oddity can be chosen, beside three that exist: PowerOffice, Chorus Pro, Membercare. */
export async function startTwoStep(options: TwoStepOptions = {}): Promise<TwoStep> {
  const tokens = new LoginTokens(options.now ?? Date.now)
  const settings = { ...DEFAULTS, ...options.settings }
  const known = [...powerOfficeRoutes(tokens), ...chorusRoutes(tokens), ...membercareRoutes(tokens)]
  const vendor = await openVendor({
    port: options.port,
    routes: () => [...routesOf(settings, tokens), ...known],
    unknown: () => ({ status: 404, body: { ok: false, error: 'no such path' } }),
    outage: (status) => ({ status, body: { ok: false, error: 'outage' } }),
  })
  return {
    ...vendor,
    user: USER,
    password: PASSWORD,
    settings,
    tokensIssued: () => tokens.issued,
    tokensAlive: () => tokens.count(),
    revokeTokens: () => tokens.live.clear(),
  }
}

function routesOf(settings: TwoStepSettings, tokens: LoginTokens): Route[] {
  const guarded = (method: string, path: RegExp, answer: (token: string, call: Call) => Reply): Route => ({
    method,
    path,
    answer(call) {
      const token = sentToken(settings, call)
      if (!tokens.alive('session', token)) return refusal(settings, 'session_expired')
      return answer(token as string, call)
    },
  })
  return [
    { method: 'POST', path: /^\/login$/, token: true, answer: (call) => login(settings, tokens, call) },
    { method: 'POST', path: /^\/login\/confirm$/, token: true, answer: (call) => confirm(settings, tokens, call) },
    guarded('POST', /^\/logout$/, (token) => {
      tokens.live.delete(token)
      return { status: 204 }
    }),
    guarded('*', /^\/data$/, (_, { method, body }) => ({ status: 200, body: { ok: true, method, body } })),
  ]
}

function login(settings: TwoStepSettings, tokens: LoginTokens, call: Call): Reply {
  const { user, password } = fieldsOf(settings, call)
  if (!settings.credentialsValid || user !== USER || password !== PASSWORD)
    return refusal(settings, 'invalid_credentials')
  if (settings.steps === 2) return challenged(settings, tokens.issue('challenge', CHALLENGE_SECONDS).token)
  return admit(settings, tokens)
}

/** A challenge is good once. */
function confirm(settings: TwoStepSettings, tokens: LoginTokens, call: Call): Reply {
  const challenge = String(fieldsOf(settings, call).challenge ?? '')
  if (settings.steps !== 2 || !tokens.alive('challenge', challenge)) return refusal(settings, 'invalid_challenge')
  tokens.live.delete(challenge)
  return admit(settings, tokens)
}

function admit(settings: TwoStepSettings, tokens: LoginTokens): Reply {
  const { token, endsAt } = tokens.issue('session', settings.tokenSeconds)
  return success(settings, token, endsAt)
}

function sentToken({ useIn }: TwoStepSettings, call: Call): string | undefined {
  if (useIn === 'bearer') return bearerToken(call)
  if (useIn === 'header') return call.header(TOKEN_HEADER)
  const cookies = (call.header('cookie') ?? '').split(/; */).map((pair) => pair.split('=', 2))
  return cookies.find(([name]) => name === TOKEN_COOKIE)?.[1]
}
