import { verify } from 'node:crypto'
import { jsonFields } from './reading.ts'
import { signedJwt } from './rsa_pair.ts'
import { type Consent, IDENTITY, newTicket, type SuperOfficeState } from './superoffice_state.ts'
import type { Call, Reply, Route } from './vendor.ts'

/** AuthorizeErrorCode. 2 (InvalidRedirectUrl) belongs to sign-in. */
const CODES = { Revoked: 1, Expired: 3, Denied: 4, NeedsReapproval: 5, InvalidTimestamp: 6, InvalidSignature: 7 }
type Reason = keyof typeof CODES

const BY_CONSENT: Readonly<Record<Exclude<Consent, 'given'>, Reason>> = {
  revoked: 'Revoked',
  expired: 'Expired',
  denied: 'Denied',
  needs_reapproval: 'NeedsReapproval',
}

/** A signed system token for a ticket. Every refusal is a 200 with `IsSuccessful: false`. */
export function systemUserRoute(state: SuperOfficeState): Route {
  return {
    method: 'POST',
    path: /^\/login\/api\/PartnerSystemUser\/Authenticate$/i,
    token: true,
    answer: (call) => authenticate(state, call),
  }
}

function authenticate(state: SuperOfficeState, call: Call): Reply {
  const sent = jsonFields(call, { status: 415, body: { Message: 'The request is not JSON' } })
  const { consent } = state.settings
  if (sent.ApplicationToken !== state.app.clientSecret) return failed('Denied')
  if (String(sent.ReturnTokenType).toLowerCase() !== 'jwt') return failed('Denied')
  const reason = wrongToken(state, String(sent.SignedSystemToken ?? ''))
  if (reason) return failed(reason)
  if (sent.ContextIdentifier !== state.tenant) return failed('Revoked')
  if (consent !== 'given') return failed(BY_CONSENT[consent])
  return { status: 200, body: { IsSuccessful: true, Token: systemUserToken(state), ErrorMessage: null } }
}

const failed = (reason: Reason): Reply => ({
  status: 200,
  body: { IsSuccessful: false, Token: null, ErrorMessage: reason, AuthorizeErrorCode: CODES[reason] },
})

/** `<system token>.<yyyyMMddHHmm>.<signature>`, read from the right: a system token may hold dots of its own. */
function wrongToken(state: SuperOfficeState, signed: string): Reason | undefined {
  const [, data, token, time, signature] = /^((.+)\.(\d{12}))\.([A-Za-z0-9+/]+={0,2})$/s.exec(signed) ?? []
  if (data === undefined || !verify('sha256', Buffer.from(data), state.app.key.publicKey, base64(signature)))
    return 'InvalidSignature'
  if (Math.abs(minute(time) - state.now()) > state.settings.toleranceSeconds * 1000) return 'InvalidTimestamp'
  return token === state.systemToken ? undefined : 'Revoked'
}

const base64 = (text = '') => Buffer.from(text, 'base64')

function minute(digits = ''): number {
  const [, year, month, day, hour, minutes] = /^(....)(..)(..)(..)(..)$/.exec(digits) ?? []
  return Date.parse(`${year}-${month}-${day}T${hour}:${minutes}:00Z`) || 0
}

/** Issuer and audience are not those of an id_token. */
function systemUserToken(state: SuperOfficeState): string {
  const seconds = Math.floor(state.now() / 1000)
  const claims = {
    iss: 'SuperOffice AS',
    aud: `spn:${state.serial}`,
    iat: seconds,
    nbf: seconds,
    exp: seconds + state.settings.systemUserSeconds,
    [`${IDENTITY}ctx`]: state.tenant,
    [`${IDENTITY}serial`]: state.serial,
    [`${IDENTITY}ticket`]: newTicket(state),
  }
  return signedJwt(claims, state.signing.key.privateKey, state.signing.kid)
}
