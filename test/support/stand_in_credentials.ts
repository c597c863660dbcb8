import { OctroiError } from '../../src/core/errors.ts'
import type { CredentialKind, Principal } from '../../src/core/program_types.ts'
import type { Admission } from '../../src/inbound/admission.ts'
import type { Asking, Authenticator, Found } from '../../src/inbound/authenticators/authenticator.ts'
import { Entrance, type Visit } from '../../src/inbound/entrance.ts'
import { readHead } from '../../src/inbound/request_head.ts'
import type { SessionAdmission } from '../../src/inbound/session_admissions.ts'

/** An entrance whose authenticators know a handful of credentials. */

export const NOW = Date.parse('2026-11-22T12:00:00Z')

type Making = Partial<{ disabled: boolean; revoked: boolean; endsAt: number; keyId: string | null }>

function admission(proof: Principal['proof'], { disabled, revoked, endsAt, keyId = null }: Making = {}): Admission {
  const time = (on: boolean | undefined) => (on === true ? '2026-01-01T00:00:00Z' : null)
  return {
    principal: { proof, key_id: keyId },
    account: { id: 'till', disabled_at: time(disabled) },
    key: keyId === null ? null : { id: keyId, revoked_at: time(revoked), disabled_at: null },
    addresses: undefined,
    endsAt: endsAt ?? Number.POSITIVE_INFINITY,
  } as unknown as Admission
}

export const GOOD = {
  key: admission('api_key', { keyId: 'k1' }),
  otherKey: admission('api_key', { keyId: 'k2' }),
  basic: admission('basic'),
  jwt: admission('jwt'),
  mtls: admission('mtls'),
  revoked: admission('api_key', { keyId: 'k3', revoked: true }),
  expired: admission('jwt', { endsAt: NOW }),
  disabled: admission('basic', { disabled: true }),
  session: admission('session') as SessionAdmission,
}

export const SESSION_TOKEN = 's'.repeat(43)
export const SESSION_HOST = 'app.example.org'

const trouble = new OctroiError('store_unavailable', 'The store does not answer.')
export const limited = new OctroiError('rate_limited', 'Too many.')

/** What the stand-ins know: `late` ones answer by a promise. */
const KNOWN: Readonly<Record<string, Admission | OctroiError>> = {
  K1: GOOD.key,
  K2: GOOD.otherKey,
  REVOKED: GOOD.revoked,
  DOWN: trouble,
  LIMITED: limited,
  'a.good.jwt': GOOD.jwt,
  'an.expired.jwt': GOOD.expired,
  'a.down.jwt': trouble,
  'CN=till': GOOD.mtls,
  'till:right': GOOD.basic,
  'off:right': GOOD.disabled,
  'till:limited': limited,
}

function known(text: string): Found {
  const found = KNOWN[text]
  if (found instanceof OctroiError) throw found
  return found
}

export function standIns(isLate: boolean): Authenticator[] {
  const of = (kind: CredentialKind, find: (presented: Asking['presented']) => Found): Authenticator => ({
    kind,
    find: ({ presented }) => (isLate ? Promise.resolve().then(() => find(presented)) : find(presented)),
  })
  return [
    of('jwt', ({ bearer }) => (bearer === null || !bearer.includes('.') ? null : known(bearer))),
    of(
      'basic',
      ({ basic }) =>
        basic && (KNOWN[basic.password] ? known(basic.password) : known(`${basic.user}:${basic.password}`)),
    ),
    of('api_key', ({ apiKey, bearer, basic }) => {
      const secret = apiKey ?? bearer ?? basic?.password
      const found = secret === undefined ? null : known(secret)
      return found?.key === null ? undefined : found
    }),
    of('mtls', ({ certificate }) => (certificate === null ? null : known(certificate))),
  ]
}

export function entrance(isLate = false) {
  const refused: string[] = []
  const made = new Entrance({
    authenticators: standIns(isLate),
    guard: {
      refused(address, refusal) {
        refused.push(address)
        return refusal
      },
    },
    sessions: {
      look: (_, token, host) => (token === SESSION_TOKEN && host === SESSION_HOST ? GOOD.session : 'unknown'),
    },
    certificateHeader: 'x-client-certificate',
    now: () => NOW,
  })
  return { entrance: made, refused }
}

export function visit(raw: readonly string[], trusted = true): Visit {
  return { head: readHead(raw), caller: { address: '192.0.2.1', proto: 'https', trusted } }
}

export const basic = (text: string) => ['Authorization', `Basic ${btoa(text)}`]
export const bearer = (text: string) => ['Authorization', `Bearer ${text}`]
export const key = (text: string) => ['API-KEY', text]
export const certificate = (text: string) => ['X-Client-Certificate', text]

export const codeOf = (error: unknown) => (error instanceof OctroiError ? error.code : String(error))
