import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Call, type NewKey, type OperationName, startWorld, type World } from './world.ts'

/** D6 over HTTP for what programs call in with: groups, routes, passwords, certificates, grants of accounts and groups, issuers. */

let world: World
const keys: Record<string, NewKey> = {}

const PERMISSIONS = ['keys.read', 'keys.write', 'accounts.write', 'groups.write', 'routes.write', 'issuers.write']
const GET_SHOP = { connection: 'shop', allow: ['GET /**'] }
const POST_SHOP = { connection: 'shop', allow: ['POST /**'] }

const service = (id: string, more: object = {}) =>
  world.must('accounts.create', { body: { id, kind: 'service', name: id, ...more } })
const route = (id: string, accept: object, allow: object, more: object = {}) =>
  world.must('routes.create', { body: { id, host: `${id}.example.org`, path: '/**', accept, allow, ...more } })
const key = async (id: string, more: object) => {
  const permissions = PERMISSIONS
  const { body } = await world.call('keys.create', { body: { name: id, permissions, ...more } })
  keys[id] = { id: body.id, key: body.key }
  return keys[id] as NewKey
}

beforeAll(async () => {
  world = await startWorld()
  await world.newConnection({ id: 'shop' })
  for (const [id, grants] of [
    ['staff', []],
    ['empty', []],
    ['readers', [GET_SHOP]],
    ['writers', [POST_SHOP]],
  ] as const) {
    await world.must('groups.create', { body: { id, name: id, grants } })
  }
  for (const id of ['mine', 'plain', 'other', 'double', 'free']) await service(id)
  await service('member', { groups: ['staff'] })
  await service('reader', { grants: [GET_SHOP] })
  await service('writer', { grants: [POST_SHOP], email: 'writer@example.org' })
  await service('grouped', { groups: ['writers'] })
  await service('keyed')
  // The caller: of the account "mine", in the groups "staff" and "readers", may read the shop.
  await key('caller', { account: 'mine', groups: ['staff', 'readers'], grants: [GET_SHOP] })
  await key('target', { account: 'free', permissions: [] })
  await key('named', { account: 'plain', permissions: [] })
  await key('keyed', { account: 'keyed', permissions: ['*'] })
  await route('by-account', { any: ['api_key', 'basic'] }, { accounts: ['other'] })
  await route('by-key', { any: ['api_key'] }, { keys: [keys.named?.id] })
  await route('by-group', { any: ['api_key', 'jwt'] }, { groups: ['staff', 'writers'] })
  await route('twice', { all: ['api_key', 'basic'] }, { accounts: ['mine', 'double'] })
})
afterAll(() => world.stop())

const outcome = async (name: OperationName, call: Call, by = 'caller') => {
  const answer = await world.call(name, { ...call, key: keys[by]?.key })
  return answer.status < 300 ? 'allowed' : `${answer.status} ${answer.body.code}: ${answer.body.detail}`
}
const refused = (what: string) =>
  expect.stringMatching(new RegExp(`^403 not_granted: .*${what.replaceAll('*', '\\*')}`))

describe('a key', () => {
  it.each([
    ['for an account that no route names', { account: 'free' }, 'allowed'],
    ['for an account one of whose keys a route names', { account: 'plain' }, 'the route by-key'],
    ['for an account whose routes the caller does not pass', { account: 'other' }, 'the route by-account'],
    ['in a group of the caller', { account: 'free', groups: ['staff'] }, 'allowed'],
    ['in a group that is not the caller’s', { account: 'plain', groups: ['writers'] }, 'the group writers'],
    ['in a group that means nothing yet', { account: 'plain', groups: ['empty'] }, 'the group empty'],
    ['for an account, with its groups', { account: 'member' }, 'allowed'],
    ['for an account, with groups that are not the caller’s', { account: 'grouped' }, 'the group writers'],
    ['for that account, with none of its groups', { account: 'grouped', groups: [] }, 'POST /** at shop'],
    [
      'for an account that may do more itself, as whom its holder would be known',
      { account: 'writer' },
      'POST /** at shop',
    ],
    ['for an account with a key that holds more', { account: 'keyed' }, 'the permission *'],
    ['for the caller’s own account, half of what a route wants twice', { account: 'mine' }, 'allowed'],
    ['for another account, half of what a route wants twice', { account: 'double' }, 'allowed'],
  ])('that is made %s', async (_, body, what) => {
    for (const [name, more] of [
      ['keys.create', {}],
      ['keys.import', { secret: `imported-${Math.random()}-${Math.random()}` }],
    ] as const) {
      const expected = what === 'allowed' ? what : refused(what)
      expect(await outcome(name, { body: { name: 'New', ...body, ...more } }), name).toEqual(expected)
    }
  })
  it.each<[string, OperationName, string, unknown, string]>([
    ['that a route names is rotated', 'keys.rotate', 'named', undefined, 'the route by-key'],
    ['that a route names is changed', 'keys.update', 'named', { name: 'x' }, 'the route by-key'],
    ['that a route names is revoked', 'keys.revoke', 'named', undefined, 'the route by-key'],
    ['that nothing names is rotated', 'keys.rotate', 'target', undefined, 'allowed'],
    ['puts itself into a group', 'keys.update', 'caller', { groups: ['staff', 'readers', 'empty'] }, 'the group empty'],
    ['leaves its groups', 'keys.update', 'caller', { groups: ['staff', 'readers'] }, 'allowed'],
    ['is put into a group of the caller', 'keys.update', 'target', { groups: ['staff'] }, 'allowed'],
    ['takes the name of a provided secret', 'keys.update', 'target', { tech_name: 'till' }, 'allowed'],
  ])('%s', async (_, name, target, body, what) => {
    const call = { params: { id: keys[target]?.id as string }, ...(body === undefined ? {} : { body }) }
    expect(await outcome(name, call)).toEqual(what === 'allowed' ? what : refused(what))
  })
})

describe('an account', () => {
  const password = 'correct horse battery'
  it.each([
    ['that holds nothing', {}, 'allowed'],
    ['with grants of the caller', { grants: [GET_SHOP] }, 'allowed'],
    ['with grants that the caller lacks', { grants: [POST_SHOP] }, 'POST /** at shop'],
    ['in a group of the caller', { groups: ['staff'] }, 'allowed'],
    ['in another group', { groups: ['writers'] }, 'POST /** at shop'],
    ['in a group that means nothing yet', { groups: ['empty'] }, 'the group empty'],
    ['with a password and nothing to use it for', { password }, 'allowed'],
    [
      'with a certificate: whose that is, others have to know',
      { certificate_subjects: ['CN=new'] },
      'Who has the certificate CN=new',
    ],
    ['with an e-mail address of its own', { email: 'new@example.org' }, 'allowed'],
    ['with the e-mail address of another one', { email: 'Writer@Example.org' }, 'e-mail address'],
  ])('that is made %s', async (_, more, what) => {
    const body = { kind: 'service', name: 'New', ...more }
    expect(await outcome('accounts.create', { body })).toEqual(what === 'allowed' ? what : refused(what))
  })

  const WRITES: readonly (readonly [OperationName, object | undefined])[] = [
    ['accounts.set_password', { password }],
    ['accounts.set_password', undefined],
    ['accounts.delete_password', undefined],
    ['accounts.update', { email: 'mine@example.org' }],
    ['accounts.update', { name: 'Renamed' }],
    ['accounts.update', { certificate_subjects: [] }],
    ['accounts.update', { grants: [], groups: [] }],
    ['accounts.disable', undefined],
    ['accounts.enable', undefined],
  ]
  describe.each([
    ['that may do more', 'writer', 'POST /** at shop'],
    ['that may do more by its group', 'grouped', 'POST /** at shop'],
    ['whose routes the caller does not pass', 'other', 'the route by-account'],
    ['with a key that holds more', 'keyed', 'the permission \\*'],
  ])('%s', (_, id, what) => {
    it.each(WRITES)(`%s %j of it is refused`, async (name, body) => {
      const before = await world.must('accounts.get', { params: { id } })
      const call = { params: { id }, ...(body === undefined ? {} : { body }) }
      expect(await outcome(name, call)).toMatch(new RegExp(`^403 not_granted: .*${what.replace('/**', '/\\*\\*')}`))
      expect(await world.must('accounts.get', { params: { id } })).toEqual(before)
    })
  })
  it.each(WRITES)('%s %j of one that may do no more is allowed', async (name, body) => {
    const call = { params: { id: 'reader' }, ...(body === undefined ? {} : { body }) }
    expect(await outcome(name, call)).toBe('allowed')
    await world.must('accounts.update', { params: { id: 'reader' }, body: { grants: [GET_SHOP] } })
  })
  it.each([
    ['grants that the caller lacks', { grants: [POST_SHOP] }, 'POST /** at shop'],
    ['a group that is not the caller’s', { groups: ['empty'] }, 'the group empty'],
  ])('is not given %s', async (_, body, what) => {
    expect(await outcome('accounts.update', { params: { id: 'free' }, body })).toEqual(refused(what))
  })
  it('is not given the other half of what a route wants twice, the caller’s own account neither', async () => {
    for (const id of ['mine', 'double']) {
      const said = await outcome('accounts.set_password', { params: { id } })
      expect(said, id).toEqual(refused('the route twice'))
    }
  })
  it('is given nothing that outlives the caller by a caller who ends', async () => {
    const expires_at = new Date(Date.now() + 3_600_000).toISOString()
    await key('ending', { account: 'mine', groups: ['staff'], expires_at })
    const body = { kind: 'service', name: 'New' }
    const [bare, lasting] = [body, { ...body, password }]
    expect(await outcome('accounts.create', { body: bare }, 'ending')).toBe('allowed')
    expect(await outcome('accounts.create', { body: lasting }, 'ending')).toEqual(refused('expires_at'))
    expect(await outcome('accounts.create', { body: { ...body, groups: ['staff'] } }, 'ending')).toEqual(
      refused('expires_at'),
    )
  })
})

describe('a group', () => {
  it.each([
    ['with grants of the caller', { grants: [GET_SHOP] }, 'allowed'],
    ['with grants that the caller lacks', { grants: [POST_SHOP] }, 'POST /** at shop'],
  ])('that is made %s', async (_, more, what) => {
    const body = { name: 'New', ...more }
    expect(await outcome('groups.create', { body })).toEqual(what === 'allowed' ? what : refused(what))
  })
  it.each([
    ['staff', { name: 'Staff' }, 'allowed'],
    ['staff', { grants: [GET_SHOP] }, 'allowed'],
    ['staff', { grants: [POST_SHOP] }, 'POST /** at shop'],
    ['writers', { grants: [] }, 'POST /** at shop'],
    ['empty', { grants: [GET_SHOP] }, 'the group empty'],
  ])('%s is changed to %j', async (id, body, what) => {
    expect(await outcome('groups.update', { params: { id }, body })).toEqual(what === 'allowed' ? what : refused(what))
  })
})

describe('tags are rights of accounts and groups too', () => {
  it.each([
    ['an account', 'accounts.update' as const, 'plain'],
    ['a group', 'groups.update' as const, 'empty'],
  ])('403 for tags by which %s gains what the caller lacks', async (_, name, id) => {
    const tags = { team: id }
    await world.newConnection({ id: `tagged-${id}` })
    const grants = [{ connector: 'generic-api-key', tags, allow: ['POST /**'] }]
    await world.must(name, { params: { id }, body: { grants } })
    const { key: writer } = await world.newKey({ permissions: ['connections.write'], grants: [GET_SHOP] })
    const call = { params: { id: `tagged-${id}` }, body: { tags } }
    expect((await world.call('connections.update', { ...call, key: writer })).body).toMatchObject({ status: 403 })
    expect((await world.call('connections.update', call)).status).toBe(200)
  })
})

describe('what everybody passes is an administrator’s decision', () => {
  const open = { host: 'open.example.org', path: '/**', accept: { any: ['anonymous'] } }
  const shut = { host: 'open.example.org', path: '/admin/**', accept: { any: ['api_key'] } }
  beforeAll(async () => {
    await world.must('routes.create', { body: { ...open, id: 'open' } })
    await world.must('routes.create', { body: { ...shut, id: 'shut' } })
    await world.must('routes.create', { body: { ...shut, id: 'elsewhere', host: 'elsewhere.example.org' } })
  })
  const update = (id: string, body: object) => outcome('routes.update', { params: { id }, body })

  it('403 for making one, also beside other kinds', async () => {
    for (const any of [['anonymous'], ['api_key', 'anonymous']]) {
      const body = { ...open, host: 'new.example.org', accept: { any } }
      expect(await outcome('routes.create', { body })).toEqual(refused('the permission *'))
    }
  })
  it('403 for turning one into it, for changing one, and for deleting one', async () => {
    expect(await update('elsewhere', { accept: { any: ['anonymous'] } })).toEqual(refused('the permission *'))
    expect(await update('open', { path: '/public/**' })).toEqual(refused('the permission *'))
    expect(await update('open', { accept: { any: ['api_key'] } })).toEqual(refused('the permission *'))
    expect(await outcome('routes.delete', { params: { id: 'open' } })).toEqual(refused('the permission *'))
  })
  it('403 for taking away what stands before one', async () => {
    for (const body of [{ path: '/other/**' }, { host: 'elsewhere.example.org' }, { methods: ['GET'] }]) {
      expect(await update('shut', body), JSON.stringify(body)).toEqual(refused('the route open'))
    }
    expect(await outcome('routes.delete', { params: { id: 'shut' } })).toEqual(refused('the route open'))
  })
  it('200 for what stays before it, and on hosts that it is not for', async () => {
    expect(await update('shut', { allow: { accounts: ['plain'] }, name: 'Shut' })).toBe('allowed')
    expect(await update('elsewhere', { path: '/new/**' })).toBe('allowed')
    expect(await outcome('routes.delete', { params: { id: 'elsewhere' } })).toBe('allowed')
  })
  it('403 for issuers, which say who anybody is, but for switching one off', async () => {
    const body = { id: 'idp', issuer: 'x', audience: 'y', jwks_uri: 'https://keys.example.org/' }
    expect(await outcome('issuers.create', { body })).toEqual(refused('the permission *'))
    await world.must('issuers.create', { body })
    const params = { id: 'idp' }
    expect(await outcome('issuers.update', { params, body: { audience: 'z' } })).toEqual(refused('the permission *'))
    expect(await outcome('issuers.update', { params, body: { disabled: true } })).toBe('allowed')
    expect(await outcome('issuers.update', { params, body: { disabled: false } })).toEqual(refused('the permission *'))
    expect(await outcome('issuers.delete', { params })).toBe('allowed')
  })
})
