import { join } from 'node:path'
import { newToken, randomId } from '../src/core/ids.ts'
import type { Session } from '../src/core/people_types.ts'
import { PURPOSES } from '../src/core/purposes.ts'
import type { Store } from '../src/core/stores.ts'
import type { Account } from '../src/core/types.ts'
import { Entries } from '../src/provider/entries.ts'
import { PeopleSecrets } from '../src/sign_in/secrets.ts'
import { openStore } from '../src/store/open.ts'
import { ProviderEntries } from '../src/store/provider_entries.ts'
import { openSqlite } from '../src/store/sqlite.ts'
import { readMasterKey } from '../src/vault/master_key.ts'
import { KeyRing } from '../src/vault/vault.ts'
import { cookieOf } from './openid.ts'

/** What is there already and is copied: somebody who is signed in and went to one application. */
export interface OpenIdTemplates {
  /** The id of his account. */
  readonly account: string
  /** The token that the application got. */
  readonly refreshToken: string
}

/** One session at one application, which has a live grant and a refresh token. */
export interface FilledGrant {
  readonly client: string
  readonly cookie: string
  readonly refreshToken: string
}

interface Filled extends FilledGrant {
  readonly session: Session
  readonly grant: string
  readonly sid: string
}

/** Rows per commit. */
const BATCH = 10_000

/**
 * Fills the data folder of a stopped Octroi with people who are signed in, each of whom went to each of `clients`: through its own store, with
 * payloads that the library has made and that are sealed as it finds them. The copies differ in what tells one from another.
 */
export async function fillOpenId(
  dataDir: string,
  templates: OpenIdTemplates,
  wanted: { readonly sessions: number; readonly clients: readonly string[] },
): Promise<FilledGrant[]> {
  const open = await openStore({ dataDir })
  try {
    const ring = await KeyRing.open(open.store.vault, readMasterKey({ file: join(dataDir, 'master.key') }))
    const secrets = new PeopleSecrets(ring.derivedKey(PURPOSES.people), ring.sealer(PURPOSES.peopleSeals))
    const hash = (token: string) => secrets.hash('session', token)
    const grants: Filled[] = []
    await inBatches(wanted.sessions, BATCH / wanted.clients.length, (first, last) =>
      open.store.transaction(async (trx) => {
        const template = await templateOf(trx, templates.account)
        for (let i = first; i < last; i++) grants.push(...(await addSession(trx, template, i, wanted.clients, hash)))
      }),
    )
    await addEntries(dataDir, open.store, ring, templates.refreshToken, grants)
    return grants.map(({ client, cookie, refreshToken }) => ({ client, cookie, refreshToken }))
  } finally {
    await open.close()
  }
}

interface Template {
  readonly account: Account
  readonly session: Session
}

async function templateOf(store: Store, id: string): Promise<Template> {
  const account = await store.accounts.get(id)
  const [session] = await store.sessions.list({ limit: 1 }, { account: id, host: null })
  if (account === undefined || session === undefined)
    throw new Error(`${id} is not signed in: there is nothing to copy`)
  return { account, session }
}

async function addSession(
  trx: Store,
  template: Template,
  index: number,
  clients: readonly string[],
  hash: (token: string) => string,
): Promise<Filled[]> {
  const id = `copy-${String(index).padStart(6, '0')}`
  const email = `${id}@people.example`
  const { created_at } = template.session
  await trx.accounts.insert({ ...template.account, id, email })
  await trx.emails.put({ account: id, address: email, canonical: email, verified_at: created_at, created_at })
  const own = randomId(16)
  const session = { ...template.session, id: own, lineage: own, account: id }
  const token = newToken()
  await trx.sessions.insert(session, hash(token))
  const made: Filled[] = []
  for (const client of clients) {
    const [sid, grant, refreshToken] = [newToken(), newToken(), newToken()]
    await trx.sessionClients.put({ session: own, client, sid, grant, created_at })
    made.push({ client, cookie: cookieOf(token), refreshToken, session, grant, sid })
  }
  return made
}

/** A grant and a refresh token for each, with the payloads of the template's. */
async function addEntries(
  dataDir: string,
  store: Store,
  ring: KeyRing,
  template: string,
  grants: readonly Filled[],
): Promise<void> {
  const engines = await openSqlite(dataDir)
  const [key, sealer] = [ring.derivedKey(PURPOSES.provider), ring.sealer(PURPOSES.provider)]
  const adaptersOn = (db: typeof engines.activity) => {
    const rows = new ProviderEntries(db, engines.engine)
    const entries = new Entries({ entries: rows, subjects: store.subjects, key, sealer, now: Date.now })
    const used = (model: string) => new Error(`${model} was used`)
    return { grants: entries.adapter('Grant', { used }), tokens: entries.adapter('RefreshToken', { used }) }
  }
  try {
    const known = adaptersOn(engines.activity)
    const token = await known.tokens.find(template)
    const grant = await known.grants.find(token?.grantId ?? '')
    if (!token?.exp || !grant?.exp)
      throw new Error('the refresh token of the template is not found as the provider finds it')
    await inBatches(grants.length, BATCH, (first, last) =>
      engines.activity.transaction().execute(async (trx) => {
        const adapters = adaptersOn(trx)
        for (const one of grants.slice(first, last)) {
          const own = { accountId: one.session.account, clientId: one.client }
          await adapters.grants.upsert(one.grant, { ...grant, ...own, jti: one.grant }, secondsTo(grant.exp))
          const bound = { jti: one.refreshToken, grantId: one.grant, sid: one.sid, sessionUid: one.session.lineage }
          await adapters.tokens.upsert(one.refreshToken, { ...token, ...own, ...bound }, secondsTo(token.exp))
        }
      }),
    )
  } finally {
    await engines.close()
  }
}

function secondsTo(exp: number | undefined): number {
  return (exp ?? 0) - Math.floor(Date.now() / 1000)
}

async function inBatches(count: number, size: number, add: (first: number, last: number) => Promise<void>) {
  for (let first = 0; first < count; first += size) await add(first, Math.min(first + size, count))
}
