import type { Mail, MailMessage } from '../../src/core/mail.ts'
import type { Session, SignInMethod } from '../../src/core/people_types.ts'
import { Passwords } from '../../src/inbound/passwords.ts'
import { Throttle } from '../../src/policy/throttle.ts'
import { ACTIONS, type AccountDesk, type Fields, type Outcome } from '../../src/sign_in/account/actions.ts'
import { Notices } from '../../src/sign_in/account/notices.ts'
import type { AccountParts, Own } from '../../src/sign_in/account/own.ts'
import { EmailVerification } from '../../src/sign_in/account/verification.ts'
import { ApplicationAccess } from '../../src/sign_in/applications/access.ts'
import { onceIn } from '../../src/sign_in/factors/once.ts'
import { Flows } from '../../src/sign_in/flow.ts'
import type { OpenMethod, Proof } from '../../src/sign_in/method.ts'
import { Sessions } from '../../src/sign_in/sessions.ts'
import type { EngineName, Places } from '../store/places.ts'
import { type FactorPlace, factorPlace } from './factor_place.ts'
import { passwordMethodRow } from './people.ts'

/** What `/account` works with, on a real store; mail and methods are the test's own. */
export interface AccountPlace {
  readonly factor: FactorPlace
  readonly desk: AccountDesk
  readonly sessions: Sessions
  readonly mails: MailMessage[]
  readonly notices: Notices
  readonly methods: { method: SignInMethod; open: OpenMethod | undefined }[]
  /** What the directory says of the next login. */
  readonly directory: { proof: Proof | undefined }
  /** Signs somebody in; `amr` is two factors unless said. */
  signIn(account: string, amr?: Session['amr']): Promise<Own>
  act(own: Own, section: string, doing: string, form?: Fields): Promise<Outcome>
  /** With other parts: without mail, say. */
  with(more: Partial<AccountParts>): AccountDesk
}

export async function accountPlace(places: Places, engine: EngineName): Promise<AccountPlace> {
  const factor = await factorPlace(places, engine)
  const { open, secrets } = factor
  const now = () => factor.now
  const nowMs = () => factor.now.getTime()
  const { store, activity, hot } = open
  const sessions = new Sessions({ store, activity, secrets, maxS: 43_200, idleS: 7_200, now: nowMs })
  const mails: MailMessage[] = []
  const mail: Mail = { send: async (message) => void mails.push(message) }
  const publicUrl = 'https://gate.example.org'
  const log = { warn: () => undefined }
  const notices = new Notices({ store, mail, installation: 'The Gate', publicUrl, log, now })
  const directory: AccountPlace['directory'] = { proof: undefined }
  const methods = methodRows(directory)
  const parts: AccountParts = {
    store,
    activity,
    hot,
    secrets,
    sessions,
    methods: { all: async () => methods, find: async (id) => methods.find(({ method }) => method.id === id) },
    flows: new Flows(secrets, nowMs),
    factors: factor.factors,
    passkeys: factor.passkeys,
    once: onceIn(activity, secrets, now),
    passwords: new Passwords(),
    throttle: new Throttle({ now: nowMs }),
    mail,
    notices,
    access: new ApplicationAccess({ store, activity, onEnded: () => sessions.noteEnded(), now }),
    installation: 'The Gate',
    publicUrl,
    log,
    now,
  }
  const withParts = (more: Partial<AccountParts>): AccountDesk => {
    const all = { ...parts, ...more }
    return { parts: all, verification: new EmailVerification(all), recording: null as never }
  }
  const desk = withParts({})
  return {
    factor,
    desk,
    sessions,
    mails,
    notices,
    methods,
    directory,
    with: withParts,
    async signIn(id, amr = ['pwd', 'otp', 'mfa']) {
      const wanted = { account: id, method: 'password', amr, acr: null, authTime: factor.now.toISOString() }
      const more = { organization: null, idToken: null, address: '192.0.2.1', userAgent: 'Test' }
      const { session } = await sessions.start({ ...wanted, ...more })
      const account = await store.accounts.get(id)
      if (account === undefined) throw new Error(`There is no ${id}.`)
      return { account, session, address: '192.0.2.1', language: 'en' }
    },
    act: (own, section, doing, form = {}) => run(desk, own, section, doing, form),
  }
}

export function run(desk: AccountDesk, own: Own, section: string, doing: string, form: Fields): Promise<Outcome> {
  const action = ACTIONS[section]?.[doing]
  if (action === undefined) throw new Error(`There is no ${section} ${doing}.`)
  return action.run(desk, own, form)
}

function methodRows(directory: AccountPlace['directory']): AccountPlace['methods'] {
  const row = (kind: SignInMethod['kind'], more: Partial<SignInMethod> = {}) => {
    const method: SignInMethod = { ...passwordMethodRow(), id: kind, kind, name: kind.toUpperCase(), ...more }
    const open =
      kind === 'ldap' ? { type: 'form' as const, method, check: async () => directory.proof } : { type: 'none' }
    return { method, open: open as unknown as OpenMethod }
  }
  return [row('password'), row('passkey'), row('ldap'), row('oidc'), row('oidc', { id: 'closed', enabled: false })]
}
