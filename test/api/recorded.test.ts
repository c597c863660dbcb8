import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { anyDelivered, webhookBody } from '../webhooks/asking.ts'
import { peopleExamples } from './recorded_people.ts'
import { type Call, connectionBody, type OperationName, operationNamed, startWorld, type World } from './world.ts'

/** Whoever gets the answer of a change can find it on disk: what was begun, and what came of it. */

let world: World
let database: DatabaseSync
beforeAll(async () => {
  world = await startWorld()
  const folder = world.gate.settings.data_dir
  const file = readdirSync(folder).find((name) => /activity.*\.(db|sqlite3?)$/.test(name)) as string
  database = new DatabaseSync(join(folder, file), { readOnly: true })
})
afterAll(async () => {
  database.close()
  await world.stop()
})

type Line = Record<string, string | number | null>

/** What another process reads from the file at this very moment. */
function linesOf(requestId: string): Line[] {
  const rows = database.prepare('SELECT lines FROM audit_batches ORDER BY "row"').all() as { lines: string }[]
  const lines = rows.flatMap(({ lines }) => lines.split('\n').map((line) => JSON.parse(line) as Line))
  return lines.filter((line) => line.request === requestId)
}

async function recorded(name: OperationName, call: Call) {
  const answer = await world.call(name, call)
  return { answer, lines: linesOf(answer.headers.get('octroi-request-id') as string) }
}

const KEYS = 'https://keys.example.org/'

/** A call that needs what those before it did is made when its turn has come. */
async function examples(): Promise<[OperationName, Call | (() => Promise<Call>), string][]> {
  const next = { body: { secrets: { api_key: 'next' } } }
  const { id } = await world.newKey()
  const key = { params: { id } }
  const shop = { params: { id: 'shop' } }
  const caisse = { params: { id: 'caisse' } }
  const hook = { params: { id: 'hook' } }
  const app = { params: { id: 'tripletex' } }
  const guest = { params: { id: 'guest' } }
  const invited = async () => {
    await world.must('accounts.create', { body: { ...guest.params, kind: 'person', name: 'Guest' } })
    return guest
  }
  return [
    ['accounts.create', { body: { ...caisse.params, kind: 'service', name: 'Caisse' } }, 'account:caisse'],
    ['accounts.update', { ...caisse, body: { name: 'Other' } }, 'account:caisse'],
    ['accounts.disable', caisse, 'account:caisse'],
    ['accounts.enable', caisse, 'account:caisse'],
    ['accounts.set_password', caisse, 'account:caisse'],
    ['accounts.delete_password', caisse, 'account:caisse'],
    ['accounts.delete', caisse, 'account:caisse'],
    ['accounts.invite', invited, 'account:guest'],
    ['accounts.reset_password', guest, 'account:guest'],
    ['groups.create', { body: { ...shop.params, name: 'Shop' } }, 'group:shop'],
    ['groups.update', { ...shop, body: { name: 'Other' } }, 'group:shop'],
    ['groups.delete', shop, 'group:shop'],
    ['routes.create', { body: { ...shop.params, host: '*', path: '/', accept: { any: ['jwt'] } } }, 'route:shop'],
    ['routes.update', { ...shop, body: { name: 'Other' } }, 'route:shop'],
    ['routes.delete', shop, 'route:shop'],
    ['issuers.create', { body: { ...shop.params, issuer: 'x', audience: 'y', jwks_uri: KEYS } }, 'issuer:shop'],
    ['issuers.update', { ...shop, body: { name: 'Other' } }, 'issuer:shop'],
    ['issuers.delete', shop, 'issuer:shop'],
    ['keys.create', { body: { name: 'New' } }, 'key:*'],
    ['keys.import', { body: { name: 'New', secret: 'imported-0123456789-recorded' } }, 'key:*'],
    ['keys.update', { ...key, body: { name: 'Other' } }, `key:${id}`],
    ['keys.rotate', key, `key:${id}`],
    ['keys.revoke', key, `key:${id}`],
    ['connections.create', { body: { ...connectionBody(world.upstream.url), id: 'shop' } }, 'connection:shop'],
    ['connections.update', { ...shop, body: { name: 'Other' } }, 'connection:shop'],
    ['connections.test', shop, 'connection:shop'],
    ['connections.next', { ...shop, ...next }, 'connection:shop'],
    ['connections.switch', shop, 'connection:shop'],
    ['connections.activate', shop, 'connection:shop'],
    ['connections.credentials', shop, 'connection:shop'],
    ['connections.delete', shop, 'connection:shop'],
    ['connector-apps.set', { ...app, body: { secrets: { consumer_key: 'a-token' } } }, 'connector:tripletex'],
    ['connect-sessions.create', { body: { connector: 'tripletex', connection_id: 'linked' } }, 'connection:linked'],
    ['connector-apps.delete', app, 'connector:tripletex'],
    ['webhooks.create', { body: webhookBody(world, hook.params) }, 'webhook:hook'],
    ['webhooks.update', { ...hook, body: { name: 'Other' } }, 'webhook:hook'],
    ['webhooks.rotate', hook, 'webhook:hook'],
    ['webhooks.test', hook, 'webhook:hook'],
    ['webhooks.activate', hook, 'webhook:hook'],
    [
      'webhooks.replay',
      async () => ({ params: { id: 'hook', delivery: await anyDelivered(world, 'hook') } }),
      'webhook:hook',
    ],
    ['webhooks.delete', hook, 'webhook:hook'],
    ...peopleExamples(world),
  ]
}

const UNTARGETED: readonly (readonly [OperationName, Call])[] = [
  ['keys-import.batch', { body: { keys: [{ name: 'Many', secret: 'imported-0123456789-many' }] } }],
  ['accounts.import', { body: { accounts: [{ id: 'many', name: 'Many' }] } }],
  ['forward-auth-traces.create', {}],
]

describe('a change is on disk before its answer', () => {
  it('as two lines, started and finished, in order and with what it was about', async () => {
    for (const [name, call, target] of await examples()) {
      const made = typeof call === 'function' ? await call() : call
      const { answer, lines } = await recorded(name, { headers: { 'X-Correlation-ID': `about-${name}` }, ...made })
      expect(answer.status, name).toBeLessThan(300)
      const about = target.endsWith('*') ? `${target.slice(0, -1)}${answer.body.id}` : target
      const known = operationNamed(name).path.includes('{id}') ? about : null
      const line = { action: name, account: 'administrator', key: world.gate.adminKey.split('_')[2], code: null }
      expect(lines, name).toMatchObject([
        { ...line, phase: 'started', status: null, target: known, correlation: `about-${name}` },
        { ...line, phase: 'finished', status: answer.status, target: about, address: '127.0.0.1' },
      ])
      expect(lines[1]?.connection).toBe(about.startsWith('connection:') ? about.slice('connection:'.length) : null)
    }
  })
  it('so is every operation that changes something', async () => {
    const { OPERATIONS } = await import('../../src/api/index.ts')
    const writes = OPERATIONS.filter((operation) => operation.method !== 'GET' || 'recorded' in operation)
    // These have their lines in the tests of connections with tokens, of connect sessions, and of what is about nothing in particular.
    const elsewhere = ['connections.refresh', 'connect-sessions.redeem', ...UNTARGETED.map(([name]) => name)]
    const covered = [...(await examples()).map(([name]) => name), ...elsewhere]
    expect(covered.sort()).toEqual(writes.map(({ name }) => name).sort())
  })
  it.each(UNTARGETED)('%s leaves its two lines, about nothing in particular', async (name, call) => {
    const { answer, lines } = await recorded(name, call)
    expect(answer.status).toBeLessThan(300)
    expect(lines).toMatchObject([
      { action: name, phase: 'started', target: null },
      { action: name, phase: 'finished', target: null, status: answer.status },
    ])
  })
  it('a replayed answer leaves its two lines as well', async () => {
    const call = { body: { kind: 'service', name: 'Replayed' }, headers: { 'Idempotency-Key': 'recorded' } }
    const first = await world.call('accounts.create', call)
    const { lines } = await recorded('accounts.create', call)
    const target = `account:${first.body.id}`
    expect(lines).toMatchObject([{ phase: 'started' }, { phase: 'finished', status: 201, target }])
  })
})

describe('a refused change is on disk too', () => {
  it.each<[string, () => Call | Promise<Call>, number, string]>([
    ['401 without a credential', () => ({ key: null }), 401, 'unauthenticated'],
    ['401 with a wrong one', () => ({ key: 'wrong' }), 401, 'unauthenticated'],
    ['403 without the permission', async () => ({ key: (await world.newKey()).key }), 403, 'not_granted'],
    ['400 with a wrong body', () => ({ body: { name: 7 } }), 400, 'invalid_request'],
  ])('%s', async (_, call, status, code) => {
    const { lines } = await recorded('keys.create', { body: { name: 'x' }, ...(await call()) })
    expect(lines).toMatchObject([{ action: 'keys.create', phase: 'finished', status, code, target: null }])
  })
  it('404 with what it was about, begun and ended', async () => {
    const { lines } = await recorded('keys.revoke', { params: { id: 'aaaaaaaa' } })
    const target = 'key:aaaaaaaa'
    expect(lines).toMatchObject([
      { phase: 'started', target },
      { phase: 'finished', status: 404, code: 'not_found', target },
    ])
  })
  it('403 for credentials that a key may not read', async () => {
    const id = await world.newConnection()
    const { key } = await world.newKey({ permissions: ['connections.read_credentials'] })
    const { lines } = await recorded('connections.credentials', { params: { id }, key })
    expect(lines.at(-1)).toMatchObject({ phase: 'finished', status: 403, connection: id })
  })
})
