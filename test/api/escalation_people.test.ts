import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { OPERATIONS } from '../../src/api/index.ts'
import { PERMISSIONS } from '../../src/policy/permissions.ts'
import { addConsent, addPasskey, addRecoveryCode, addSession, addTotp } from './people.ts'
import { OIDC } from './sign_in_methods.ts'
import { type Call, type OperationName, startWorld, type World } from './world.ts'

/** D6, T23, T31 for what belongs to people: every permission but `*` is not enough to become somebody, or to see a secret. */

let world: World
/** Every permission but the administrator's; no grant, no group. */
let low: string
let identity: string

/** An account that holds what the caller does not, and all that people leave. */
const VICTIM = { id: 'root' }
const NOUNS = ['sign-in-methods', 'organizations', 'clients', 'sessions', 'identities', 'emails', 'factors']

beforeAll(async () => {
  world = await startWorld()
  await world.must('groups.create', { body: { id: 'admins', name: 'Admins' } })
  const root = { ...VICTIM, kind: 'person', name: 'Root', groups: ['admins'], email: 'root@example.org' }
  await world.must('accounts.create', { body: root })
  await world.must('accounts.create', { body: { id: 'mallory', kind: 'person', name: 'Mallory' } })
  const secrets = { client_secret: 'canary-of-the-method' }
  await world.must('sign-in-methods.create', { body: { ...OIDC, id: 'corp', secrets } })
  await world.must('organizations.create', { body: { id: 'hq', label: 'HQ', groups: ['admins'] } })
  await world.must('accounts.create', { body: { ...MEMBER, kind: 'person', name: 'Member' } })
  await world.must('organizations.add_member', { params: { id: 'hq', account: 'member' } })
  const app = { id: 'app', name: 'App', redirect_uris: ['https://a.example.org/'] }
  await world.must('clients.create', { body: { ...app, token: { enabled: true } } })
  const body = { method: 'corp', subject: 'root-at-corp' }
  identity = (await world.must('identities.create', { params: VICTIM, body })).id
  await world.must('emails.set', { params: VICTIM, body: { address: 'root@example.org', verified: true } })
  addTotp(world, 'phone', 'root')
  addPasskey(world, 'laptop', 'root')
  addRecoveryCode(world, 'root', 'canary-recovery-hash')
  addSession(world, 'signed-in', 'root')
  addConsent(world, 'root', 'app')
  const permissions = PERMISSIONS.filter((permission) => permission !== '*')
  low = (await world.newKey({ permissions })).key
})
afterAll(() => world.stop())

/** Holds nothing himself; but he may act for an organization whose groups are everything. */
const MEMBER = { id: 'member' }

const WRITES: readonly (readonly [string, OperationName, Call | (() => Call)])[] = [
  ['a method of his own', 'sign-in-methods.create', { body: OIDC }],
  ['the issuer of a method', 'sign-in-methods.update', { params: { id: 'corp' }, body: { name: 'x' } }],
  ['the end of a method', 'sign-in-methods.delete', { params: { id: 'corp' } }],
  [
    'an organization in a group that he is not in',
    'organizations.create',
    { body: { label: 'x', groups: ['admins'] } },
  ],
  [
    'the SIRET of such an organization',
    'organizations.update',
    { params: { id: 'hq' }, body: { siret: '13002526500013' } },
  ],
  ['a member of such an organization', 'organizations.add_member', { params: { id: 'hq', account: 'mallory' } }],
  ['tokens of whoever signs in', 'clients.update', { params: { id: 'app' }, body: { description: 'x' } }],
  [
    'where codes of others are sent',
    'clients.update',
    { params: { id: 'app' }, body: { redirect_uris: ['https://evil.example/'] } },
  ],
  ['the secret of an application with tokens', 'clients.rotate', { params: { id: 'app' } }],
  ['an identity for the victim', 'identities.create', { params: VICTIM, body: { method: 'corp', subject: 'mallory' } }],
  [
    'an identity of the victim for his own',
    'identities.create',
    { params: { id: 'mallory' }, body: { method: 'corp', subject: 'y' } },
  ],
  ['the identity of the victim', 'identities.delete', () => ({ params: { ...VICTIM, identity } })],
  ['an address for the victim', 'emails.set', { params: VICTIM, body: { address: 'mallory@example.org' } }],
  ['the address of the victim', 'emails.set', { params: { id: 'mallory' }, body: { address: 'ROOT@example.org' } }],
  [
    'that his address is verified',
    'emails.set',
    { params: { id: 'mallory' }, body: { address: 'm@example.org', verified: true } },
  ],
  ['the address of the victim taken away', 'emails.delete', { params: { ...VICTIM, address: 'root@example.org' } }],
  ['the second factor of the victim', 'factors.delete', { params: { ...VICTIM, factor: 'phone' } }],
  ['the passkey of the victim', 'factors.delete', { params: { ...VICTIM, factor: 'laptop' } }],
  ['the session of the victim', 'sessions.delete', { params: { id: 'signed-in' } }],
  ['every session of the victim', 'sessions.delete_all', { params: VICTIM }],
  ['the application of the victim', 'accounts.applications_delete', { params: { ...VICTIM, client: 'app' } }],
  ['the victim switched off', 'accounts.disable', { params: VICTIM }],
  [
    'the password of who acts for more',
    'accounts.set_password',
    { params: MEMBER, body: { password: 'a long enough one' } },
  ],
  ['an address for who acts for more', 'emails.set', { params: MEMBER, body: { address: 'low@example.org' } }],
  ['a key of who acts for more', 'keys.create', { body: { name: 'x', account: 'member' } }],
]

describe('every permission but * is not enough for', () => {
  it.each(WRITES)('403 %s (%s)', async (_, name, call) => {
    const before = await everything()
    const answer = await world.call(name, { ...(typeof call === 'function' ? call() : call), key: low })
    expect(answer.body).toMatchObject({ status: 403, code: 'not_granted' })
    expect(await everything()).toEqual(before)
  })
})

describe('what a person gets by an application', () => {
  const grants = [{ connector: 'generic-api-key', allow: ['GET /a'] }]
  it('is held by whoever changes how he signs in, and by whoever puts him into what it allows', async () => {
    await world.must('groups.create', { body: { id: 'users', name: 'Users' } })
    await world.must('accounts.create', { body: { id: 'user', kind: 'person', name: 'User' } })
    const app = { name: 'Users', redirect_uris: ['https://u.example.org/'], token: { enabled: true, grants } }
    const { id } = await world.must('clients.create', { body: { ...app, allow: { accounts: ['user'] } } })
    const set = async (key: string) => {
      const body = { password: 'correct horse battery' }
      return (await world.call('accounts.set_password', { params: { id: 'user' }, body, key })).status
    }
    const holder = (await world.newKey({ permissions: ['accounts.write'], grants })).key
    // What its token may do is not all: at the application he would be somebody whom it lets in.
    expect([await set(low), await set(holder)]).toEqual([403, 403])
    const { account } = (await world.call('keys.self', { key: holder })).body
    await world.must('clients.update', { params: { id }, body: { allow: { accounts: ['user', account] } } })
    expect([await set(low), await set(holder)]).toEqual([403, 200])
    await world.must('clients.update', { params: { id }, body: { disabled: true } })
    expect(await set(low)).toBe(200)
    const allow = { allow: { groups: ['users'] }, disabled: false }
    await world.must('clients.update', { params: { id }, body: allow })
    const permissions = ['accounts.write']
    const body = { name: 'in it', permissions, groups: ['users'] }
    const inside = (await world.must('keys.create', { body })).key
    const join = { params: { id: 'user' }, body: { groups: ['users'] }, key: inside }
    expect((await world.call('accounts.update', join)).body).toMatchObject({ status: 403, code: 'not_granted' })
  })
})

describe('T23 a key without permissions', () => {
  const operations = OPERATIONS.filter(({ name }) => NOUNS.includes(name.split('.')[0] as string))
  it('is of none of these operations', () => expect(operations.length).toBeGreaterThan(30))
  it.each(operations.map(({ name }) => name))('403 from %s, whatever is sent, and nothing is told', async (name) => {
    const { key } = await world.newKey()
    const there = { id: 'corp', account: 'root', identity, factor: 'phone', address: 'root@example.org' }
    const nowhere = { id: 'nobody', account: 'nobody', identity: 'x', factor: 'x', address: 'x@example.org' }
    const answers = []
    for (const params of [there, nowhere]) {
      const { status, body } = await world.call(name, { params, key })
      answers.push([status, body.code, body.detail])
    }
    expect(answers[0]?.slice(0, 2)).toEqual([403, 'not_granted'])
    expect(answers[1]).toEqual(answers[0])
  })
})

describe('what may be read by whoever may read everything', () => {
  it('holds no secret, no token and no hash of one', async () => {
    const read = JSON.stringify(await everything(low))
    expect(read).toContain('root-at-corp')
    expect(read).not.toMatch(/canary|ocs_|sealed|token_hash|public_key/)
  })
})

/** Every read of the management API. */
async function everything(key?: string): Promise<unknown[]> {
  const ids: Record<string, string> = {
    'sign-in-methods': 'corp',
    organizations: 'hq',
    clients: 'app',
    sessions: 'signed-in',
  }
  const reads = OPERATIONS.filter(
    ({ method, name }) => method === 'GET' && NOUNS.includes(name.split('.')[0] as string),
  )
  const answers: unknown[] = [await world.must('accounts.get', { params: VICTIM, key })]
  for (const { name, path } of reads) {
    const params = path.includes('{id}') ? { id: ids[name.split('.')[0] as string] ?? VICTIM.id } : {}
    answers.push([name, await world.must(name, { params, key })])
  }
  return answers
}
