import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Fastify from 'fastify'
import { z } from 'zod'
import { freePort } from '../../demo/program.ts'
import { readSettings } from '../../src/config/settings.ts'
import type { AuditLine } from '../../src/core/audit.ts'
import type { MailMessage } from '../../src/core/mail.ts'
import type { Session, SignInMethod } from '../../src/core/people_types.ts'
import { PURPOSES } from '../../src/core/purposes.ts'
import { hmac } from '../../src/core/vault.ts'
import { openPeople, type People } from '../../src/gateway/people.ts'
import { serveEndSession } from '../../src/http/end_session_routes.ts'
import { serveSessions } from '../../src/http/session_routes.ts'
import { serveSignIn } from '../../src/http/sign_in_routes.ts'
import { Visitors } from '../../src/http/visitor.ts'
import { Callers } from '../../src/inbound/caller.ts'
import { generateKey } from '../../src/inbound/key_format.ts'
import { Passwords } from '../../src/inbound/passwords.ts'
import { initInstallation } from '../../src/installation/init.ts'
import { openInstallation } from '../../src/installation/open.ts'
import { Throttle } from '../../src/policy/throttle.ts'
import { EndSession } from '../../src/provider/logout/end_session.ts'
import type { IdentityProof, RedirectMethod } from '../../src/sign_in/method.ts'
import { METHOD_KINDS } from '../../src/sign_in/methods/index.ts'
import { openSignIn, type SignIn } from '../../src/sign_in/open.ts'
import { PeopleSecrets } from '../../src/sign_in/secrets.ts'
import type { OpenStore } from '../../src/store/open.ts'
import { SigningKeyRing } from '../../src/vault/signing_keys.ts'
import { type Answer, PlainBrowser } from './browser.ts'
import { person } from './people.ts'

export const ISSUER = 'https://issuer.example'
export const NOTHING = { name: null, email: null, emailVerified: false, groups: null, organizations: null }

/** What the provider answers at the next callback: a proof, or what goes wrong. */
type Said = Partial<Omit<IdentityProof, 'claims'>> & { readonly claims?: Partial<IdentityProof['claims']> }

/** The pages of sign-in on a real store and a real socket, with providers of the test's own. */
export interface DeskScene {
  readonly url: string
  readonly open: OpenStore
  readonly people: People
  readonly signIn: SignIn
  /** What ID tokens are signed with. */
  readonly keys: SigningKeyRing
  readonly lines: AuditLine[]
  readonly mails: MailMessage[]
  readonly logged: { readonly level: string; readonly fields: object; readonly message: string }[]
  /** Milliseconds that the clock is ahead. */
  readonly clock: { ahead: number }
  /** What the provider does; by method. */
  readonly provider: {
    begin?: () => never
    say(said: Said | Error): void
    asked: Parameters<RedirectMethod['begin']>[0][]
  }
  browser(): PlainBrowser
  /** A method; `agency` is one of the provider's. */
  method(fields: Partial<SignInMethod>): Promise<void>
  account(id: string, fields?: Parameters<typeof person>[0], password?: string): Promise<void>
  /** To the provider and back, as whom it says. */
  byProvider(browser: PlainBrowser, said: Said | Error, start?: string): Promise<Answer>
  sessionsOf(account: string): Promise<readonly Session[]>
  stop(): Promise<void>
}

const AT = '2026-11-22T00:00:00.000Z'

export function methodRow(fields: Partial<SignInMethod> = {}): SignInMethod {
  return {
    id: 'agency',
    kind: 'oidc',
    name: 'The Agency',
    position: 5,
    enabled: true,
    settings: {},
    secret_names: [],
    first_sign_in: 'create',
    second_factor: 'enrolled',
    groups: [],
    organizations: 'ignore',
    network: {},
    created_at: AT,
    updated_at: AT,
    ...fields,
  }
}

/** `env`: further settings, as another database. */
export async function deskScene(env: Readonly<Record<string, string>> = {}): Promise<DeskScene> {
  const folder = await mkdtemp(join(tmpdir(), 'octroi-desk-'))
  const port = await freePort(0)
  const url = `http://127.0.0.1:${port}`
  const settings = readSettings({ env: { OCTROI_DATA_DIR: folder, OCTROI_LOG_LEVEL: 'silent', ...env } })
  await initInstallation(settings)
  const { open, ring } = await openInstallation(settings)
  const clock = { ahead: 0 }
  const now = () => Date.now() + clock.ahead
  const lines: AuditLine[] = []
  const mails: MailMessage[] = []
  const logged: { level: string; fields: object; message: string }[] = []
  const at = (level: string) => (fields: object, message: string) => void logged.push({ level, fields, message })
  const log = { info: at('info'), warn: at('warn'), error: at('error') }
  const secrets = new PeopleSecrets(ring.derivedKey(PURPOSES.people), ring.sealer(PURPOSES.peopleSeals))
  const people = openPeople({ ...open, secrets, limits: settings, publicUrl: url, log, now })
  const provider = fakeProvider(now)
  const passwords = new Passwords()
  const signIn = openSignIn({
    ...open,
    ...people,
    kinds: { ...METHOD_KINDS, oidc: provider.kind },
    methodSecrets: ring.sealer(PURPOSES.signInMethods),
    methodParts: {
      store: open.store,
      hot: open.hot,
      passwords,
      throttle: new Throttle({ now }),
      fetchFor: () => fetch,
      directoriesFor: () => ({}) as never,
      publicUrl: url,
      now,
      log,
    },
    mail: { send: async (message) => void mails.push(message) },
    name: 'The Association',
    keys: { generate: generateKey, hash: (key) => hmac(ring.derivedKey(PURPOSES.keyHash), key) },
    environment: 'test',
    hashClient: (secret) => hmac(ring.derivedKey(PURPOSES.clients), secret),
    trail: {
      mode: 'batched',
      record: (line) => void lines.push(line),
      flushed: async () => {},
      noteUse: () => {},
      full: false,
    },
    publicUrl: url,
    log,
    now,
  })
  const visitors = new Visitors({
    ...people,
    secrets,
    publicUrl: url,
    installation: 'The Association',
    callers: new Callers([]),
    hot: open.hot,
    log,
  })
  const fastify = Fastify()
  await serveSignIn(fastify, { visitors, signIn })
  await serveSessions(fastify, { visitors, signIn })
  const keys = await SigningKeyRing.open({ store: open.store, sealer: ring.sealer(PURPOSES.signing), now })
  const endSession = new EndSession({ store: open.store, secrets, keys, issuer: `${url}/oidc`, now })
  await serveEndSession(fastify, { visitors, signIn, endSession, basePath: '' })
  await fastify.listen({ host: '127.0.0.1', port })
  return {
    url,
    open,
    people,
    signIn,
    keys,
    lines,
    mails,
    logged,
    clock,
    provider,
    browser: () => new PlainBrowser(url),
    method: (fields) => open.store.signInMethods.insert({ method: methodRow(fields), sealed: null }),
    async account(id, fields = {}, password) {
      await open.store.accounts.insert(person({ id, has_password: password !== undefined, ...fields }))
      if (password !== undefined) await open.store.accounts.setPassword(id, await passwords.hash(password))
    },
    async byProvider(browser, said, start = '/sign-in/agency') {
      provider.say(said)
      const set = await browser.get(start)
      const back = new URL(set.location ?? '').searchParams
      return browser.get(`${back.get('redirect_uri')}?state=${back.get('state')}&code=c`)
    },
    sessionsOf: (account) => open.store.sessions.list({ limit: 100 }, { account }),
    async stop() {
      await fastify.close()
      await people.uses.close()
      await open.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function fakeProvider(now: () => number) {
  let next: Said | Error = {}
  const asked: Parameters<RedirectMethod['begin']>[0][] = []
  const open = (method: SignInMethod): RedirectMethod => ({
    type: 'redirect',
    method,
    async begin(input) {
      asked.push(input)
      if (next instanceof Error && next.message === 'down at begin') throw next.cause ?? next
      const { state, redirectUri: redirect_uri } = input
      return {
        url: `https://idp.example/authorize?${new URLSearchParams({ state, redirect_uri })}`,
        keep: { nonce: 'n' },
      }
    },
    async finish({ keep }) {
      if (keep.nonce !== 'n') throw new Error('what was kept is lost')
      if (next instanceof Error) throw next
      const { claims, ...said } = next
      const authTime = new Date(now()).toISOString()
      const proof = {
        kind: 'identity',
        issuer: ISSUER,
        subject: 's-1',
        amr: ['fed'],
        acr: null,
        authTime,
        idToken: 'jwt',
      } as const
      return { ...proof, ...said, claims: { ...NOTHING, ...claims } }
    },
    async signOut({ idToken, state, returnTo }) {
      const query = new URLSearchParams({ id_token_hint: idToken ?? '', state, post_logout_redirect_uri: returnTo })
      return `https://idp.example/out?${query}`
    },
  })
  const kind = { kind: 'oidc' as const, title: 'Fake', settings: z.looseObject({}), secrets: {}, open }
  const say = (said: Said | Error) => {
    next = said
  }
  return { kind, asked, say }
}
