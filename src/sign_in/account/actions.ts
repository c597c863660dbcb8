import type { RecordParts } from '../desk/sign_in_record.ts'
import { addAuthenticator, type NewAuthenticator, removeAuthenticator, startAuthenticator } from './authenticators.ts'
import { addEmail, makePrimary, removeEmail } from './emails.ts'
import { beginLink, linkByForm, removeIdentity } from './identities.ts'
import type { AccountParts, Own } from './own.ts'
import { revokeApplication } from './own_applications.ts'
import { addPasskey, type NewPasskey, removePasskey, renamePasskey, startPasskey } from './own_passkeys.ts'
import { endOtherSessions, endSession } from './own_sessions.ts'
import { revokeToken } from './own_tokens.ts'
import { changePassword } from './password.ts'
import { makeRecoveryCodes } from './recovery.ts'
import type { EmailVerification } from './verification.ts'

/** What comes of a form of `/account`. `token`: the session goes on under another one (T34). */
export type Outcome =
  | { readonly kind: 'done'; readonly done: string; readonly token?: string | undefined }
  | ({ readonly kind: 'new_passkey' } & NewPasskey)
  | ({ readonly kind: 'new_authenticator' } & NewAuthenticator)
  | { readonly kind: 'recovery_codes'; readonly codes: readonly string[]; readonly token?: string | undefined }
  /** To a provider, by a path below the public URL. */
  | { readonly kind: 'onward'; readonly path: string }
  /** It was this browser's own session that ended. */
  | { readonly kind: 'signed_out' }

export interface AccountDesk {
  readonly parts: AccountParts
  readonly verification: EmailVerification
  /** Every change is in the trail. */
  readonly recording: RecordParts
}

export type Fields = Readonly<Record<string, string>>

export interface Action {
  /** What its form has besides `csrf`, `lang` and `do`. Anything else is refused: it may be meant to be what nobody sets himself (T31). */
  readonly fields: readonly string[]
  /** Wants a session that is fresh and strong enough. */
  readonly sensitive: boolean
  run(desk: AccountDesk, own: Own, form: Fields): Promise<Outcome>
}

/** By section and `do`. */
export const ACTIONS: Readonly<Record<string, Readonly<Record<string, Action>>>> = {
  emails: {
    add: sensitive(['address'], async ({ parts, verification }, own, { address = '' }) => {
      const { id } = await addEmail(parts, own, address)
      if (parts.mail === undefined) return done('email_added')
      await verification.send(own, id)
      return done('email_sent')
    }),
    send: sensitive(['id'], async ({ verification }, own, { id = '' }) => {
      await verification.send(own, id)
      return done('email_sent')
    }),
    primary: sensitive(['id'], async ({ parts }, own, { id = '' }) => {
      await makePrimary(parts, own, id)
      return done('email_primary')
    }),
    remove: sensitive(['id'], async ({ parts }, own, { id = '' }) => {
      await removeEmail(parts, own, id)
      return done('email_removed')
    }),
  },
  verify: {
    verify: sensitive(['link'], async ({ verification }, own, { link = '' }) => {
      await verification.verify(own, link)
      return done('email_verified')
    }),
  },
  identities: {
    link: sensitive(['method', 'login', 'password'], async ({ parts }, own, { method = '', login, password }) => {
      if (login === undefined && password === undefined)
        return { kind: 'onward', path: await beginLink(parts, own, method) }
      const token = await linkByForm(parts, own, { method, login: login ?? '', password: password ?? '' })
      return done('identity_linked', token)
    }),
    remove: sensitive(['id'], async ({ parts }, own, { id = '' }) =>
      done('identity_removed', await removeIdentity(parts, own, id)),
    ),
  },
  password: {
    change: sensitive(['current', 'password', 'again', 'elsewhere'], async ({ parts }, own, form) => {
      const { current, password = '', again = '', elsewhere } = form
      const given = { current, password, again, elsewhere: elsewhere === 'on' }
      return done('password_changed', await changePassword(parts, own, given))
    }),
  },
  passkeys: {
    start: sensitive([], async ({ parts }, own) => ({ kind: 'new_passkey', ...(await startPasskey(parts, own)) })),
    add: sensitive(
      ['pending', 'name', 'response'],
      async ({ parts }, own, { pending = '', name = '', response = '' }) =>
        done('passkey_added', await addPasskey(parts, own, { pending, name, response })),
    ),
    rename: sensitive(['id', 'name'], async ({ parts }, own, { id = '', name = '' }) => {
      await renamePasskey(parts, own, id, name)
      return done('passkey_renamed')
    }),
    remove: sensitive(['id'], async ({ parts }, own, { id = '' }) =>
      done('passkey_removed', await removePasskey(parts, own, id)),
    ),
  },
  authenticators: {
    start: sensitive([], async ({ parts }, own) => ({
      kind: 'new_authenticator',
      ...(await startAuthenticator(parts, own)),
    })),
    add: sensitive(['pending', 'name', 'code'], async ({ parts }, own, { pending = '', name = '', code = '' }) =>
      done('authenticator_added', await addAuthenticator(parts, own, { pending, name, code })),
    ),
    remove: sensitive(['id'], async ({ parts }, own, { id = '' }) =>
      done('authenticator_removed', await removeAuthenticator(parts, own, id)),
    ),
  },
  recovery: {
    make: sensitive(['id'], async ({ parts }, own) => ({
      kind: 'recovery_codes',
      ...(await makeRecoveryCodes(parts, own)),
    })),
  },
  sessions: {
    end: plain(['id'], async ({ parts }, own, { id = '' }) =>
      (await endSession(parts, own, id)) ? { kind: 'signed_out' } : done('session_ended'),
    ),
    end_others: plain(['id'], async ({ parts }, own) => {
      await endOtherSessions(parts, own)
      return done('sessions_ended')
    }),
  },
  applications: {
    revoke: plain(['id'], async ({ parts }, own, { id = '' }) => {
      await revokeApplication(parts, own, id)
      return done('application_revoked')
    }),
  },
  tokens: {
    revoke: plain(['id'], async ({ parts }, own, { id = '' }) => {
      await revokeToken(parts, own, id)
      return done('token_revoked')
    }),
  },
}

/** Sections whose page is shown to a fresh session only: their forms are of use to no other. */
export const SENSITIVE = new Set([
  'emails',
  'identities',
  'password',
  'passkeys',
  'authenticators',
  'recovery',
  'verify',
])

function sensitive(fields: readonly string[], run: Action['run']): Action {
  return { fields, sensitive: true, run }
}

/** What takes something away from strangers needs no second look. */
function plain(fields: readonly string[], run: Action['run']): Action {
  return { fields, sensitive: false, run }
}

function done(what: string, token?: string): Outcome {
  return { kind: 'done', done: what, token }
}
