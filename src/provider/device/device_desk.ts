import type { DeviceCode, default as Provider } from 'oidc-provider'
import { asOctroiError, OctroiError } from '../../core/errors.ts'
import type { Client, Session } from '../../core/people_types.ts'
import type { Store } from '../../core/stores.ts'
import { basePathOf } from '../../sign_in/desk/desk_parts.ts'
import type { Visit } from '../../sign_in/desk/visit.ts'
import type { Once } from '../../sign_in/factors/once.ts'
import { type Flows, flowTo } from '../../sign_in/flow.ts'
import { standingAt } from '../account_claims.ts'
import type { OpenIdClient } from '../client_metadata.ts'
import { allAsked } from '../interactions/asked.ts'
import { giveConsent, refuseConsent } from '../interactions/consents.ts'
import { type RecordParts, recordDecision } from '../interactions/decisions.ts'
import { lacking } from '../interactions/lacking.ts'
import type { Asked, Person } from '../interactions/stage.ts'
import { approve, refuse } from './approval.ts'
import { CodeGuesses } from './code_guesses.ts'
import type { DeviceStage } from './stage.ts'
import { readUserCode, shownUserCode } from './user_code.ts'

export interface DeviceParts extends RecordParts {
  readonly openid: { library(): Promise<Provider> }
  readonly store: Store
  readonly flows: Pick<Flows, 'seal'>
  readonly once: Once
  /** Without a slash at the end. */
  readonly publicUrl: string
}

type Code = InstanceType<typeof DeviceCode>
type Fields = Readonly<Record<string, string>>
type Enter = Extract<DeviceStage, { kind: 'enter' }>
type Confirm = Extract<DeviceStage, { kind: 'confirm' }>

interface Found {
  readonly kind: 'found'
  readonly library: Provider
  readonly code: Code
  readonly client: OpenIdClient
  readonly asked: Asked
}

/** A proof that was given for this page is fresh enough for it, however short an application wants them. */
const FRESH_S = 300

/** Where people let a device in that cannot show them a sign-in: `/oidc/device` (RFC 8628 §3.3). */
export class DeviceDesk {
  readonly #parts: DeviceParts
  readonly #guesses: CodeGuesses

  constructor(parts: DeviceParts) {
    this.#parts = parts
    this.#guesses = new CodeGuesses(parts.now)
  }

  /** `GET`. A code in the address is filled in and nothing more: whoever follows a link has not yet compared anything (RFC 8628 §5.4). */
  show({ user_code: typed }: Fields, { session }: Visit): DeviceStage {
    const code = readUserCode(typed)
    if (session === undefined) return this.#toSignIn(code)
    return { kind: 'enter', code: code === undefined ? '' : shownUserCode(code) }
  }

  /** `POST`. */
  async answer(form: Fields, visit: Visit): Promise<DeviceStage> {
    const { session } = visit
    const code = readUserCode(form.user_code)
    if (session === undefined) return this.#toSignIn(code)
    const found = await this.#find(code, session, visit)
    if (found.kind === 'enter') return { ...found, code: code === undefined ? '' : shownUserCode(code) }
    const stage = await this.#confirm(found, session)
    // The question first; and again where somebody else answers it than the one who was asked.
    if (stage.kind !== 'confirm' || form.do === 'look' || form.account !== session.account) return stage
    if (form.do !== 'allow' && form.do !== 'deny')
      throw new OctroiError('invalid_request', 'The field do is none of look, allow and deny.')
    return this.#decide(found, { stage, session, visit, isAllowed: form.do === 'allow' })
  }

  /** Unknown, expired, decided and of an application that is gone are one answer. */
  async #find(userCode: string | undefined, session: Session, visit: Visit): Promise<Found | Enter> {
    const { store, openid } = this.#parts
    const recorded = { action: 'oidc.device', account: session.account, client: null } as const
    let right: () => void
    try {
      right = this.#guesses.attempt(session.account, visit.address)
    } catch (error) {
      const { code, retryAfter: retryAfterS } = asOctroiError(error)
      if (code !== 'rate_limited') throw error
      await recordDecision(this.#parts, visit, { ...recorded, code })
      return { kind: 'enter', code: '', fault: code, retryAfterS }
    }
    const library = await openid.library()
    const code = userCode === undefined ? undefined : await library.DeviceCode.findByUserCode(userCode)
    const client = code?.clientId === undefined ? undefined : await store.clients.get(code.clientId)
    if (isOpen(code) && client !== undefined && takesDevices(client)) {
      right()
      return { kind: 'found', library, code, client, asked: allAsked(code.params ?? {}, client.openid) }
    }
    await recordDecision(this.#parts, visit, { ...recorded, code: 'wrong' })
    return { kind: 'enter', code: '', fault: 'wrong' }
  }

  /** The question, for whoever may be asked it, and has proved himself as the application wants. */
  async #confirm({ code, client, asked }: Found, session: Session): Promise<DeviceStage> {
    const { store, now } = this.#parts
    const standing = await standingAt(store, client, session)
    if (standing.kind === 'gone') return this.#toSignIn(code.userCode)
    const name = (await store.accounts.get(session.account))?.name ?? session.account
    const person: Person = { account: session.account, name }
    const shown = { application: client.name, person }
    if (standing.kind !== 'allowed')
      return { kind: standing.kind, ...shown, again: this.#signIn(code.userCode, { another: true }) }
    if (lacking(session, lenient(client), now()) !== undefined) return this.#toSignIn(code.userCode, lenient(client))
    const { ip, ua } = (code.deviceInfo ?? {}) as { ip?: string; ua?: string }
    return {
      kind: 'confirm',
      ...shown,
      code: shownUserCode(code.userCode),
      asked,
      at: new Date((code.iat ?? 0) * 1000).toISOString(),
      from: { address: ip, userAgent: ua },
    }
  }

  async #decide(
    found: Found,
    given: { readonly stage: Confirm; readonly session: Session; readonly visit: Visit; readonly isAllowed: boolean },
  ): Promise<DeviceStage> {
    const { code, client, asked } = found
    const { stage, session, visit, isAllowed } = given
    const { once, store, now } = this.#parts
    // The first decision stands, whoever makes another one at the same moment, in whatever process (T22).
    const leftS = Math.max(1, Math.ceil((code.exp ?? 0) - now() / 1000)) + 60
    if (!(await once(`device ${code.jti}`, leftS))) return { kind: 'enter', code: '', fault: 'wrong' }
    const decision = { account: session.account, client: client.id, asked }
    const at = new Date(now())
    if (isAllowed) {
      await giveConsent(store, decision, at)
      await approve(this.#parts, found, session)
    } else {
      await refuse(code)
      await refuseConsent(store, decision, at)
    }
    const recorded = { action: 'oidc.device', account: session.account, client: client.id } as const
    await recordDecision(this.#parts, visit, { ...recorded, code: isAllowed ? null : 'access_denied' })
    return { kind: 'decided', application: stage.application, isAllowed }
  }

  #toSignIn(code: string | undefined, client?: OpenIdClient): DeviceStage {
    return { kind: 'onward', address: this.#signIn(code, client === undefined ? {} : needsOf(client)) }
  }

  #signIn(code: string | undefined, more: object): string {
    const { flows } = this.#parts
    const path = code === undefined ? '/oidc/device' : `/oidc/device?user_code=${shownUserCode(code)}`
    return `${basePathOf(this.#parts)}/sign-in?flow=${flows.seal({ ...flowTo(path), ...more })}`
  }
}

function isOpen(code: Code | undefined): code is Code {
  return (
    code !== undefined && !code.isExpired && !code.consumed && code.error === undefined && code.accountId === undefined
  )
}

function takesDevices(client: Client): client is OpenIdClient {
  return client.disabled_at === null && client.openid?.grant_types.includes('device_code') === true
}

function needsOf({ name, methods, mfa, openid }: OpenIdClient) {
  return { name, methods, mfa, maxAgeS: openid.max_age_s }
}

function lenient(client: OpenIdClient): OpenIdClient {
  const { openid } = client
  if (openid.max_age_s === null) return client
  return { ...client, openid: { ...openid, max_age_s: Math.max(FRESH_S, openid.max_age_s) } }
}
