import { OctroiError } from '../core/errors.ts'
import type { AccountView } from '../pages/account.ts'
import type { AccountDesk, Fields } from '../sign_in/account/actions.ts'
import { againAuthenticator } from '../sign_in/account/authenticators.ts'
import { type AccountFault, AccountRefused, type FaultDetails, type Own } from '../sign_in/account/own.ts'
import { startPasskey } from '../sign_in/account/own_passkeys.ts'
import { sectionOf, sectionView } from './account_views.ts'

/** A form of `/account` that comes back, with what was wrong. */

export interface Fault extends Pick<FaultDetails, 'at' | 'typed' | 'retryAfterS'> {
  readonly fault: AccountFault
  /** In the trail. */
  readonly status: number
}

export interface Posted {
  readonly section: string
  readonly doing: string
  readonly form: Fields
}

/** `undefined` for what is no fault of the form, nor of whoever is asked because of it: that is our own trouble. */
export function faultOf(error: unknown): Fault | undefined {
  if (error instanceof AccountRefused) {
    const { at, typed, retryAfterS } = error.details
    return { fault: error.fault, status: 422, at, typed, retryAfterS }
  }
  if (!(error instanceof OctroiError)) return undefined
  const { code, status, retryAfter: retryAfterS } = error
  if (code === 'rate_limited' || code === 'busy') return { fault: code, status, retryAfterS }
  const isElsewhere = code.startsWith('upstream_') && status >= 500
  return isElsewhere ? { fault: 'unavailable', status } : undefined
}

/** The page that the form was on. */
export async function faultView(desk: AccountDesk, own: Own, posted: Posted, fault: Fault): Promise<AccountView> {
  const view = fault.fault === 'gone' ? undefined : await begunView(desk, own, posted).catch(unlessRefused)
  const { status: _, ...said } = fault
  if (view !== undefined) return { ...view, ...said } as AccountView
  const section = sectionOf(posted.section === 'verify' ? 'emails' : posted.section)
  if (section === undefined) return { kind: 'gone', what: 'thing' }
  const of = section === 'identities' && posted.doing === 'link' ? { method: posted.form.method } : {}
  return { ...(await sectionView(desk, own, section)), ...said, ...of } as AccountView
}

/** A factor that is being set up goes on: the same app, but another passkey, for what was answered is spent. */
async function begunView({ parts }: AccountDesk, own: Own, { section, doing, form }: Posted) {
  if (doing !== 'add') return undefined
  const { name: typed } = form
  if (section === 'passkeys') return { kind: 'new_passkey', ...(await startPasskey(parts, own)), typed }
  if (section !== 'authenticators') return undefined
  return { kind: 'new_authenticator', ...againAuthenticator(parts, own, form.pending ?? ''), typed }
}

/** It cannot go on: the section itself says what was wrong. */
function unlessRefused(error: unknown): undefined {
  if (error instanceof AccountRefused) return undefined
  throw error
}
