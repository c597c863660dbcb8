import { decodeJwt } from 'jose'
import type { Client, Session } from '../../core/people_types.ts'
import { type Flow, SIGN_IN } from '../../sign_in/flow.ts'
import { provedSince } from './fresh.ts'
import { lacking } from './lacking.ts'

/** Of an interaction of the library, what matters here. */
export interface Pending {
  readonly uid: string
  /** Seconds since the epoch. */
  readonly iat: number
  readonly params: Readonly<Record<string, unknown>>
  /** `cookie`: the id of the session at the beginning. */
  readonly session?: { readonly cookie?: string } | undefined
  readonly prompt: {
    readonly name: string
    readonly reasons: readonly string[]
    readonly details: Readonly<Record<string, unknown>>
  }
}

/** As much as a field of the form takes. */
const MAX_HINT = 320

/** The sign-in that an interaction needs; it leads back to the interaction. */
export function flowFor({ uid, params, prompt }: Pending, client: Client): Flow {
  const anew = wantsAnew(prompt)
  const { login_hint: hint } = params
  return {
    purpose: SIGN_IN,
    towards: { kind: 'openid', client: client.id, interaction: uid },
    name: client.name,
    mfa: client.mfa,
    maxAgeS: anew ? 0 : youngest(maxAgeIn(params), client.openid?.max_age_s ?? null),
    methods: client.methods,
    organizationHint: null,
    anew,
    another: prompt.name === 'select_account',
    loginHint: typeof hint === 'string' && hint !== '' ? hint.slice(0, MAX_HINT) : undefined,
  }
}

/** Whether a session is what the request and the application want. */
export function isEnough(pending: Pending, client: Client, session: Session, nowMs: number): boolean {
  if (provedSince(session, pending.iat, pending.session?.cookie)) {
    const missing = lacking(session, client, nowMs)
    return missing === undefined || missing === 'age'
  }
  const maxAgeS = maxAgeIn(pending.params)
  const isOld = maxAgeS !== null && nowMs - Date.parse(session.auth_time) > maxAgeS * 1000
  return !isOld && !wantsAnew(pending.prompt) && lacking(session, client, nowMs) === undefined
}

/** The subject that the application names (OpenID Connect Core 1.0 §3.1.2.1 `id_token_hint`, §5.5.1); the library has checked the token. */
export function wantedSubject({ prompt: { reasons, details } }: Pending): string | undefined {
  if (reasons.includes('claims_id_token_sub_value')) {
    const { value } = (details.sub ?? {}) as { value?: unknown }
    return typeof value === 'string' ? value : undefined
  }
  const { id_token_hint: hint } = details
  if (!reasons.includes('id_token_hint') || typeof hint !== 'string') return undefined
  return decodeJwt(hint).sub
}

/** What was wanted of the proof itself, and what no method of ours can give. */
export function wantsOtherAcr({ prompt: { reasons } }: Pending): boolean {
  return reasons.includes('essential_acr') || reasons.includes('essential_acrs')
}

/** `prompt=login`, and `max_age=0`, which the library makes one of it. Met already where it is no reason: the request has been here before. */
function wantsAnew({ name, reasons }: Pending['prompt']): boolean {
  return name === 'select_account' || reasons.includes('login_prompt')
}

/** As the library reads it: what it takes for a number is one here too, or the sign-in that it asks for would be none. */
function maxAgeIn({ max_age: text }: Pending['params']): number | null {
  if (typeof text !== 'string' && typeof text !== 'number') return null
  const seconds = Number(text)
  return Number.isSafeInteger(seconds) && seconds >= 0 ? seconds : null
}

function youngest(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b
  return Math.min(a, b)
}
