import { randomBytes } from 'node:crypto'
import { type RsaPair, rsaPair } from './rsa_pair.ts'

/** Prefix of the claims in id_tokens and system user tokens. */
export const IDENTITY = 'http://schemes.superoffice.net/identity/'

export interface SuperOfficeApp {
  readonly clientId: string
  /** Also the application token. */
  readonly clientSecret: string
  readonly redirectUris: readonly string[]
  /** The vendor keeps the public half. */
  readonly key: RsaPair
}

/** What a tenant has agreed to for the app; each but the first refuses the system user with its own code. */
export type Consent = 'given' | 'revoked' | 'expired' | 'denied' | 'needs_reapproval'

export interface SuperOfficeSettings {
  /** Who approves at sign-in; only an administrator's consent gives a system token. */
  approvedBy: 'administrator' | 'user'
  /** Sign-in comes back with this error in place of a code. */
  signInError: string | undefined
  consent: Consent
  accessSeconds: number
  codeSeconds: number
  /** Life of an id_token. */
  identitySeconds: number
  /** Life of a system user's JWT: over almost before it arrives. */
  systemUserSeconds: number
  /** How far the time in a signed system token may be from the vendor's clock. */
  toleranceSeconds: number
  /** A ticket that is not used for so long is dead. */
  ticketIdleSeconds: number
  /** How long `GET /api/state` says that its answer holds. */
  stateSeconds: number
  state: 'Running' | 'Suspended' | 'OnlineMaintenance' | 'Deleted'
}

export interface Code {
  readonly redirectUri: string
  readonly challenge: string | undefined
  readonly method: string
  readonly nonce: string | undefined
  readonly expiresAt: number
}

export interface SuperOfficeState {
  readonly now: () => number
  readonly app: SuperOfficeApp
  readonly tenant: string
  readonly serial: string
  /** Application name, dot, random: constant per tenant and app. The name may hold spaces and dots. */
  systemToken: string
  readonly settings: SuperOfficeSettings
  readonly signing: { key: RsaPair; kid: string; decoy: RsaPair }
  readonly codes: Map<string, Code>
  readonly refreshTokens: Set<string>
  /** When each access token ends. */
  readonly accessTokens: Map<string, number>
  /** When each ticket was last used. */
  readonly tickets: Map<string, number>
  readonly counts: { tickets: number; signIns: number; refreshes: number; states: number }
  readonly hosts: string[]
  currentHost: number
}

export const random = () => randomBytes(24).toString('base64url')

let pairs: { key: RsaPair; decoy: RsaPair } | undefined

/** The vendor's own signing key and one that it does not use, made once. */
export function signingKeys(): { key: RsaPair; decoy: RsaPair; kid: string } {
  pairs ??= { key: rsaPair(), decoy: rsaPair() }
  return { ...pairs, kid: 'superid-2' }
}

/** `7T:` and base64. */
export function newTicket(state: SuperOfficeState): string {
  const ticket = `7T:${randomBytes(16).toString('base64')}`
  state.tickets.set(ticket, state.now())
  state.counts.tickets++
  return ticket
}

/** True, and the six hours begin again, if the ticket is alive. */
export function useTicket(state: SuperOfficeState, ticket: string): boolean {
  const usedAt = state.tickets.get(ticket)
  if (usedAt === undefined || state.now() >= usedAt + state.settings.ticketIdleSeconds * 1000) return false
  state.tickets.set(ticket, state.now())
  return true
}

export const apiOf = (state: SuperOfficeState) => `${state.hosts[state.currentHost]}/${state.tenant}/api`
