import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { refusals } from '../../test/api/refusals.ts'
import { startWorld, type World } from '../../test/api/world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
  await world.newConnection({ id: 'shop' })
})
afterAll(() => world.stop())

const tomorrow = () => new Date(Date.now() + 86_400_000).toISOString()
const good = { name: 'Good' }

describe('keys.create', () => {
  it('201 with the key, shown this once, and nothing granted', async () => {
    const { status, body } = await world.call('keys.create', { body: good })
    expect(status).toBe(201)
    expect(body).toEqual({
      id: expect.stringMatching(/^[a-z0-9]{8}$/),
      key: expect.stringMatching(new RegExp(`^oct_key_${body.id}_[0-9A-Za-z]{38}$`)),
      account: 'administrator',
      name: 'Good',
      description: '',
      grants: [],
      permissions: [],
      groups: null,
      tech_name: null,
      provided: false,
      cidrs: [],
      rate_limit: null,
      imported: false,
      usable_when_owner_inactive: false,
      environment: 'default',
      state: 'active',
      expires_at: null,
      disabled_at: null,
      revoked_at: null,
      last_used_at: null,
      created_at: expect.stringMatching(/Z$/),
      updated_at: body.created_at,
      created_by: world.gate.adminKey.split('_')[2],
      warnings: [],
    })
  })
  it('201 with every field kept as it was given, times in UTC', async () => {
    const body = {
      name: 'All',
      description: 'Of it',
      grants: [
        { connection: 'shop', allow: ['GET /a', 'read'], credentials: true },
        { connector: 'generic-api-key', tags: { team: 'blue' }, allow: ['* /**'] },
      ],
      permissions: ['keys.read', { permission: 'connections.read', connection: 'shop' }],
      cidrs: ['10.0.0.0/8', '2001:db8::1'],
      rate_limit: { limit: 10, window_s: 60 },
      usable_when_owner_inactive: true,
    }
    const made = await world.must('keys.create', { body: { ...body, expires_at: '2999-01-01T01:00:00+01:00' } })
    const { key: _, warnings, ...stored } = made
    expect(stored).toMatchObject({ ...body, expires_at: '2999-01-01T00:00:00.000Z' })
    expect(warnings).toEqual([])
    expect(await world.must('keys.get', { params: { id: made.id } })).toEqual(stored)
  })
  it('201 with a warning for what is not there yet', async () => {
    const grants = [
      { connection: 'later', allow: ['GET /a'] },
      { connector: 'acme', allow: ['named'] },
    ]
    const { warnings } = await world.must('keys.create', { body: { ...good, grants } })
    expect(warnings).toEqual([expect.stringContaining('later'), expect.stringContaining('acme')])
  })
  it('201 with a key that stops when its time is over', async () => {
    const expires_at = new Date(Date.now() + 700).toISOString()
    const { key, id } = await world.must('keys.create', { body: { ...good, expires_at } })
    expect((await world.call('keys.self', { key })).status).toBe(200)
    await new Promise((resolve) => setTimeout(resolve, 800))
    expect((await world.call('keys.self', { key })).body).toMatchObject({ status: 401, code: 'key_expired' })
    expect((await world.must('keys.get', { params: { id } })).state).toBe('expired')
  })
  it('201 with a limit that holds: the call after it is answered 429 with the wait', async () => {
    const { key } = await world.must('keys.create', { body: { ...good, rate_limit: { limit: 2, window_s: 60 } } })
    expect((await world.call('keys.self', { key })).status).toBe(200)
    expect((await world.call('keys.self', { key })).status).toBe(200)
    const third = await world.call('keys.self', { key })
    expect(third.body).toMatchObject({ status: 429, code: 'rate_limited' })
    expect(Number(third.headers.get('retry-after'))).toBeGreaterThan(0)
  })
  it('409 conflict for a tech_name that another key has', async () => {
    const body = { ...good, tech_name: 'till' }
    await world.must('keys.create', { body })
    const answer = await world.call('keys.create', { body })
    expect(answer.body).toMatchObject({ status: 409, code: 'conflict', detail: expect.stringContaining('till') })
  })
  it('403 not_granted for a caller outside the addresses of the key', async () => {
    const { key } = await world.must('keys.create', { body: { ...good, permissions: ['*'], cidrs: ['192.0.2.0/24'] } })
    expect((await world.call('keys.list', { key })).body).toMatchObject({ status: 403, code: 'not_granted' })
  })

  const grant = (more: object) => ({ ...good, grants: [{ connection: 'shop', allow: ['GET /a'], ...more }] })
  const permission = (one: unknown) => ({ ...good, permissions: ['keys.read', one] })
  refusals(
    'keys.create',
    () => world,
    () => ({ body: good }),
    [
      ['no name', {}, 'name'],
      ['a name that is too long', { name: 'x'.repeat(201) }, 'name'],
      ['a control character in the description', { ...good, description: '\u007f' }, 'description'],
      ['an account that is not there', { ...good, account: 'nobody' }, 'account'],
      ['an expiry in the past', { ...good, expires_at: '2020-01-01T00:00:00Z' }, 'expires_at'],
      ['an expiry without a time zone', { ...good, expires_at: '2999-01-01T00:00:00' }, 'expires_at'],
      ['an expiry that is a number', { ...good, expires_at: 1 }, 'expires_at'],
      ['a tech_name with a space', { ...good, tech_name: 'till 1' }, 'tech_name'],
      ['groups as a text', { ...good, groups: 'shops' }, 'groups'],
      ['a CIDR that is none', { ...good, cidrs: ['10.0.0.0/8', '10.0.0.0/33'] }, 'cidrs.1'],
      ['a host name as a CIDR', { ...good, cidrs: ['localhost'] }, 'cidrs.0'],
      ['101 CIDRs', { ...good, cidrs: Array(101).fill('10.0.0.1') }, 'cidrs'],
      ['a limit of nothing', { ...good, rate_limit: { limit: 0, window_s: 60 } }, 'rate_limit.limit'],
      ['a limit without a window', { ...good, rate_limit: { limit: 1 } }, 'rate_limit.window_s'],
      ['a limit of half', { ...good, rate_limit: { limit: 1.5, window_s: 60 } }, 'rate_limit.limit'],
      ['a text for yes', { ...good, usable_when_owner_inactive: 'yes' }, 'usable_when_owner_inactive'],
      ['an unknown permission', permission('keys.everything'), 'permissions.1'],
      [
        'a permission that cannot be limited',
        permission({ permission: 'keys.write', connection: 'shop' }),
        'permissions.1',
      ],
      ['a limited permission without a limit', permission({ permission: 'connections.read' }), 'permissions.1'],
      ['both limits', permission({ permission: 'connections.read', connection: 'shop', tags: {} }), 'permissions.1'],
      ['a grant of nothing named', { ...good, grants: [{ allow: [] }] }, 'grants.0'],
      ['a grant of both', grant({ connector: 'generic-api-key' }), 'grants.0'],
      ['tags on one connection', grant({ tags: { a: 'b' } }), 'grants.0.tags'],
      [
        'a tag name in capitals',
        { ...good, grants: [{ connector: 'x', tags: { A: 'b' }, allow: [] }] },
        'grants.0.tags.A',
      ],
      ['a method in small letters', grant({ allow: ['get /a'] }), 'grants.0.allow.0'],
      ['a path with dots', grant({ allow: ['GET /ok', 'GET /a/../b'] }), 'grants.0.allow.1'],
      ['a double star in the middle', grant({ allow: ['GET /**/a'] }), 'grants.0.allow.0'],
      ['a name that the connector does not have', grant({ allow: ['everything'] }), 'grants.0.allow.0'],
      ['a name that every object has', grant({ allow: ['constructor'] }), 'grants.0.allow.0'],
      ['an unknown field in a grant', grant({ path: '/a' }), 'grants.0.path'],
      ['201 rules', grant({ allow: Array(201).fill('GET /a') }), 'grants.0.allow'],
    ],
  )
  it('400 with at most 100 faults, none of them long', async () => {
    const cidrs = Array.from({ length: 100 }, () => 'x'.repeat(5_000))
    const grants = Array.from({ length: 20 }, () => ({ connection: 'shop', allow: Array(10).fill('bad rule') }))
    const { status, body } = await world.call('keys.create', { body: { ...good, cidrs, grants } })
    expect([status, body.errors.length]).toEqual([400, 100])
    expect(JSON.stringify(body).length).toBeLessThan(80_000)
  })
  it('201 right before the time that it is given', async () => {
    expect((await world.call('keys.create', { body: { ...good, expires_at: tomorrow() } })).status).toBe(201)
  })
})
