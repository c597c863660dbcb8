import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Call, type OperationName, type Rights, startWorld, type World } from './world.ts'

/** D6, D7: whoever creates, edits, rotates, enables must hold all that the target holds, before and after. */

let world: World
beforeAll(async () => {
  world = await startWorld()
  await world.newConnection({ id: 'shop', tags: { team: 'blue' } })
  await world.newConnection({ id: 'bank', tags: { team: 'red' } })
})
afterAll(() => world.stop())

const allow = (connection: string, ...rules: string[]) => ({ connection, allow: rules })
const at = (permission: string, connection: string) => ({ permission, connection })
const tagged = (permission: string, team: string) => ({ permission, tags: { team } })
const KEYS = ['keys.read', 'keys.write']

/** What the caller holds, what the target holds, whether the caller may make and change such a key. */
const CASES: readonly (readonly [string, Rights, Rights, boolean])[] = [
  ['a key of the same permissions', { permissions: KEYS }, { permissions: KEYS }, true],
  ['a key with nothing', { permissions: KEYS }, {}, true],
  ['the administrator', { permissions: KEYS }, { permissions: ['*'] }, false],
  ['another permission', { permissions: KEYS }, { permissions: ['audit.read'] }, false],
  [
    'a limited one, held without limit',
    { permissions: [...KEYS, 'connections.read'] },
    { permissions: [at('connections.read', 'shop')] },
    true,
  ],
  [
    'an unlimited one, held with a limit',
    { permissions: [...KEYS, at('connections.read', 'shop')] },
    { permissions: ['connections.read'] },
    false,
  ],
  [
    'one limited to another connection',
    { permissions: [...KEYS, at('connections.read', 'shop')] },
    { permissions: [at('connections.read', 'bank')] },
    false,
  ],
  [
    'one limited to other tags',
    { permissions: [...KEYS, tagged('connections.write', 'blue')] },
    { permissions: [tagged('connections.write', 'red')] },
    false,
  ],
  [
    'one limited to the same tags',
    { permissions: [...KEYS, tagged('connections.write', 'blue')] },
    { permissions: [tagged('connections.write', 'blue')] },
    true,
  ],
  [
    'a grant, held wider',
    { permissions: KEYS, grants: [allow('shop', 'GET /**')] },
    { grants: [allow('shop', 'GET /a')] },
    true,
  ],
  [
    'a grant, held narrower',
    { permissions: KEYS, grants: [allow('shop', 'GET /a')] },
    { grants: [allow('shop', 'GET /**')] },
    false,
  ],
  [
    'a grant for another method',
    { permissions: KEYS, grants: [allow('shop', 'GET /**')] },
    { grants: [allow('shop', 'POST /a')] },
    false,
  ],
  [
    'a grant at another connection',
    { permissions: KEYS, grants: [allow('shop', '* /**')] },
    { grants: [allow('bank', 'GET /a')] },
    false,
  ],
  [
    'a grant by tags, held at one connection',
    { permissions: KEYS, grants: [allow('shop', '* /**')] },
    { grants: [{ connector: 'generic-api-key', tags: { team: 'blue' }, allow: ['GET /a'] }] },
    false,
  ],
  [
    'a grant at one, held by its tags',
    { permissions: KEYS, grants: [{ connector: 'generic-api-key', tags: { team: 'blue' }, allow: ['read'] }] },
    { grants: [allow('shop', 'GET /a')] },
    true,
  ],
  [
    'a grant at one of other tags',
    { permissions: KEYS, grants: [{ connector: 'generic-api-key', tags: { team: 'blue' }, allow: ['read'] }] },
    { grants: [allow('bank', 'GET /a')] },
    false,
  ],
  [
    'a named grant, held as its rules',
    { permissions: KEYS, grants: [allow('shop', '* /**')] },
    { grants: [allow('shop', 'all')] },
    true,
  ],
  [
    'a grant with credentials, held without',
    { permissions: KEYS, grants: [allow('shop', '* /**')] },
    { grants: [{ ...allow('shop', 'GET /a'), credentials: true }] },
    false,
  ],
  [
    'a grant of a connection that is not there yet',
    { permissions: KEYS },
    { grants: [allow('later', 'GET /a')] },
    false,
  ],
  [
    'everything, as the administrator',
    { permissions: ['*'] },
    { permissions: ['*'], grants: [allow('bank', '* /**')] },
    true,
  ],
]

describe.each(CASES)('a caller and %s', (_, caller, target, may) => {
  const expected = may ? 'is allowed' : '403 not_granted'
  const outcome = async (name: OperationName, call: Call) => {
    const { key } = await world.newKey(caller)
    const answer = await world.call(name, { ...call, key })
    return answer.status < 300 ? 'is allowed' : `${answer.status} ${answer.body.code}`
  }
  const body = { name: 'Target', ...target }

  it(`keys.create ${expected}`, async () => {
    expect(await outcome('keys.create', { body })).toBe(expected)
  })
  it(`keys.import ${expected}`, async () => {
    const secret = `imported-${Math.random()}-${Math.random()}`
    expect(await outcome('keys.import', { body: { ...body, secret } })).toBe(expected)
  })
  it(`keys.update of a key that has nothing ${expected}`, async () => {
    const { id } = await world.newKey()
    expect(await outcome('keys.update', { params: { id }, body: { name: 'x', ...target } })).toBe(expected)
  })
  it.each([
    ['keys.update', { name: 'Renamed' }],
    ['keys.update', { grants: [], permissions: [] }],
    ['keys.update', { cidrs: [] }],
    ['keys.update', { disabled: true }],
    ['keys.rotate', { overlap_s: 0 }],
    ['keys.revoke', undefined],
  ] as const)(`%s %j of such a key ${expected}`, async (name, sent) => {
    const { id } = await world.newKey(target)
    expect(await outcome(name, { params: { id }, body: sent })).toBe(expected)
    if (!may) expect(await world.must('keys.get', { params: { id } })).toMatchObject({ state: 'active', ...target })
  })
})

describe('accounts that own keys', () => {
  const accounts = { permissions: ['accounts.write', 'keys.read'] }
  const owner = async (id: string, rights: Rights) => {
    await world.must('accounts.create', { body: { id, kind: 'service', name: id } })
    return { ...(await world.newKey({ ...rights, account: id })), account: id }
  }
  it.each(['accounts.disable', 'accounts.enable', 'accounts.update'] as const)(
    '403 from %s where a key of the account holds more, 200 where none does',
    async (name) => {
      const { key } = await world.newKey(accounts)
      const suffix = name.split('.')[1] as string
      await owner(`strong-${suffix}`, { permissions: ['*'] })
      await owner(`weak-${suffix}`, { permissions: ['keys.read'] })
      const call = (id: string) =>
        world.call(name, { params: { id }, key, ...(name === 'accounts.update' ? { body: { name: 'Other' } } : {}) })
      expect((await call(`strong-${suffix}`)).body).toMatchObject({ status: 403, code: 'not_granted' })
      expect((await call(`weak-${suffix}`)).status).toBe(200)
    },
  )
  it('403 from accounts.delete while a key of it lives that holds more, 409 for whoever holds all, 204 after that', async () => {
    const { key } = await world.newKey(accounts)
    const { id } = await owner('leaving', { permissions: ['*'] })
    expect((await world.call('accounts.delete', { params: { id: 'leaving' }, key })).status).toBe(403)
    expect((await world.call('accounts.delete', { params: { id: 'leaving' } })).status).toBe(409)
    await world.must('keys.revoke', { params: { id } })
    expect((await world.call('accounts.delete', { params: { id: 'leaving' }, key })).status).toBe(204)
  })
  it('403, and no word of whether a connection is there or what its connector has', async () => {
    const { key } = await world.newKey({ permissions: KEYS })
    const ask = (connection: string) =>
      world.call('keys.create', { body: { name: 'x', grants: [allow(connection, 'nosuch')] }, key })
    const [there, not] = [await ask('shop'), await ask('nowhere')]
    expect(there.body.detail.replace('shop', 'nowhere')).toBe(not.body.detail)
    expect([there.status, not.status]).toEqual([403, 403])
  })
})
