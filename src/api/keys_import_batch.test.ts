import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { refusals } from '../../test/api/refusals.ts'
import { expectFields, startWorld, type World } from '../../test/api/world.ts'

const PROVIDED = 'the-key-of-the-environment-1'
let world: World
beforeAll(async () => {
  world = await startWorld({
    OCTROI_KEYS: `[api_key_provided]\nkey = ${PROVIDED}\n[api_key_provided-too]\nkey = ${PROVIDED}-2\n`,
  })
})
afterAll(() => world.stop())

let made = 0
const secret = () => `sk-odoo-0123456789abcdef-${++made}`
const row = (more: object = {}) => ({ name: 'Imported', secret: secret(), ...more })
const batch = (...keys: object[]) => ({ body: { keys } })
const call = (body: object, key?: string) => world.call('keys-import.batch', { body, key })
const count = async () => (await world.must('keys.list', { query: { limit: '200' } })).items.length

describe('keys-import.batch', () => {
  it('200 with every key made, flagged as imported, and no secret in any part of the answer', async () => {
    const rows = [row({ name: 'A' }), row({ name: 'B', disabled: true }), row({ name: 'C', tech_name: 'c' })]
    const { status, body } = await call({ keys: rows })
    expect([status, body.made, body.unchanged, body.dry_run]).toEqual([200, 3, 0, false])
    for (const { secret: of } of rows) expect(JSON.stringify(body)).not.toContain(of)
    expect((await world.must('keys.self', { key: rows[0]!.secret })).id).toBe(body.keys[0].id)
    expect((await world.call('keys.self', { key: rows[1]!.secret })).status).toBe(401)
    expect(await world.must('keys.get', { params: { id: body.keys[1].id } })).toMatchObject({
      name: 'B',
      imported: true,
      state: 'disabled',
    })
    expect(await world.must('keys.get', { params: { id: body.keys[2].id } })).toMatchObject({ tech_name: 'c' })
  })

  it('200 again with what was taken over before unchanged, in another order and beside new ones', async () => {
    const [one, two] = [row(), row()]
    const first = (await world.must('keys-import.batch', batch(one, two))).keys
    const { made: fresh, unchanged, keys } = await world.must('keys-import.batch', batch(two, row(), one))
    expect([fresh, unchanged]).toEqual([1, 2])
    expect(keys.map(({ outcome }: { outcome: string }) => outcome)).toEqual(['unchanged', 'made', 'unchanged'])
    expect([keys[0].id, keys[2].id]).toEqual([first[1].id, first[0].id])
  })

  it('200 for a dry run, which says what would be and makes nothing', async () => {
    const before = await count()
    const rows = [row({ account: 'dry', groups: ['dry-group'] })]
    const { status, body } = await call({ keys: rows, dry_run: true, make_accounts: true, make_groups: true })
    expect([status, body.made, body.accounts, body.groups]).toEqual([200, 1, ['dry'], ['dry-group']])
    expect(body.keys).toEqual([{ row: 0, id: null, name: 'Imported', account: 'dry', outcome: 'made' }])
    expect(await count()).toBe(before)
    expect((await world.call('accounts.get', { params: { id: 'dry' } })).status).toBe(404)
    expect((await world.call('groups.get', { params: { id: 'dry-group' } })).status).toBe(404)
  })

  it('200 with accounts and groups made, all that are missing or those that are named', async () => {
    const rows = [row({ account: 'mitchell-admin', groups: ['shop'] }), row({ account: 'mitchell-admin' })]
    const { body } = await call({
      keys: rows,
      make_accounts: { 'mitchell-admin': 'Mitchell Admin' },
      make_groups: { shop: 'The shop' },
    })
    expect([body.accounts, body.groups]).toEqual([['mitchell-admin'], ['shop']])
    expect(await world.must('accounts.get', { params: { id: 'mitchell-admin' } })).toMatchObject({
      name: 'Mitchell Admin',
      kind: 'service',
    })
    expect(await world.must('groups.get', { params: { id: 'shop' } })).toMatchObject({ name: 'The shop' })
    expect((await world.must('keys.self', { key: rows[0]!.secret })).groups).toEqual(['shop'])
    const more = await call({ keys: [row({ account: 'another' })], make_accounts: true })
    expect(more.body.accounts).toEqual(['another'])
    const other = await call({ keys: [row({ account: 'third' })], make_accounts: { fourth: 'Fourth' } })
    expectFields(other, 'keys.0.account')
  })

  it('200 with a key whose secret the environment provides: no stored one works', async () => {
    const { body } = await call({ keys: [{ name: 'Provided', tech_name: 'provided' }] })
    expect(await world.must('keys.self', { key: PROVIDED })).toMatchObject({ id: body.keys[0].id, provided: true })
    const again = await call({ keys: [{ name: 'Provided', tech_name: 'provided' }] })
    expect([again.status, again.body.unchanged]).toEqual([200, 1])
  })

  it('200 with a note where the environment provides another secret than the row has', async () => {
    const { body } = await call({ keys: [row(), row({ tech_name: 'provided-too' })], dry_run: true })
    expect(body.warnings).toEqual([expect.stringMatching(/^keys\.1\.tech_name: the environment provides/)])
  })

  it('400 with every row that is wrong, by its number, and nothing made', async () => {
    const before = await count()
    const twice = secret()
    const { body } = await call({
      keys: [
        row(),
        row({ secret: 'weak-one' }),
        row({ secret: `$pbkdf2-sha512$6000$${'x'.repeat(30)}` }),
        row({ secret: '********'.repeat(4) }),
        row({ secret: twice }),
        row({ secret: twice }),
        { name: 'Nothing' },
        row({ tech_name: 'same' }),
        row({ tech_name: 'same' }),
      ],
    })
    expect(body.errors.map(({ path }: { path: string }) => path)).toEqual([
      'keys.1.allow_weak',
      'keys.1.cidrs',
      'keys.1.expires_at',
      'keys.2.secret',
      'keys.3.secret',
      'keys.5.secret',
      'keys.6.secret',
      'keys.8.tech_name',
    ])
    expect(JSON.stringify(body)).not.toContain(twice)
    expect(JSON.stringify(body)).not.toContain('weak-one')
    expect(await count()).toBe(before)
  })

  it('400 for grants, accounts and groups that are not there, by row', async () => {
    const connection = await world.newConnection()
    const grants = [{ connection, allow: ['no-such-grant'] }]
    expectFields(await call({ keys: [row(), row({ grants })] }), 'keys.1.grants.0.allow.0')
    const missing = await call({ keys: [row(), row({ account: 'nobody' }), row({ groups: ['nowhere'] })] })
    expectFields(missing, 'keys.1.account', 'keys.2.groups.0')
  })

  it('409 conflict for a secret or a tech_name of another key, by row and never by key', async () => {
    const taken = row({ tech_name: 'taken' })
    await world.must('keys-import.batch', batch(taken))
    const account = (await world.must('accounts.create', { body: { kind: 'service', name: 'Other' } })).id
    const revoked = row()
    const { keys } = await world.must('keys-import.batch', batch(revoked))
    await world.must('keys.revoke', { params: { id: keys[0].id } })
    const before = await count()
    const { body } = await call({
      keys: [
        row(),
        row({ secret: taken.secret, account }),
        row({ tech_name: 'taken' }),
        revoked,
        row({ secret: PROVIDED }),
      ],
    })
    expect(body).toMatchObject({ status: 409, code: 'conflict' })
    expect(body.errors.map(({ path }: { path: string }) => path)).toEqual([
      'keys.1.secret',
      'keys.2.tech_name',
      'keys.3.secret',
      'keys.4.secret',
    ])
    for (const { secret: of } of [taken, revoked]) expect(JSON.stringify(body)).not.toContain(of)
    expect(JSON.stringify(body)).not.toContain(PROVIDED)
    expect(await count()).toBe(before)
  })

  it('403 for accounts and groups that the caller may not make, and for rights that he does not hold', async () => {
    const { key } = await world.newKey({ permissions: ['keys.write'] })
    const may = await call({ keys: [row()] }, key)
    expect(may.status).toBe(200)
    for (const body of [
      { keys: [row({ account: 'new-one' })], make_accounts: true },
      { keys: [row({ groups: ['new-group'] })], make_groups: true },
      { keys: [row(), row({ permissions: ['*'] })] },
      { keys: [row({ grants: [{ connection: 'x', allow: ['GET /**'] }] })] },
      // Whose key a provided secret is, is an administrator's decision.
      { keys: [row({ tech_name: 'provided-too' })] },
      { keys: [{ name: 'x', tech_name: 'provided-too' }] },
    ]) {
      expect((await call(body, key)).body).toMatchObject({ status: 403, code: 'not_granted' })
    }
    const groups = await world.newKey({ permissions: ['keys.write', 'groups.write'] })
    const own = await call({ keys: [row({ groups: ['new-group'] })], make_groups: true }, groups.key)
    expect(own.body).toMatchObject({ status: 403, code: 'not_granted' })
    expect((await world.call('groups.get', { params: { id: 'new-group' } })).status).toBe(404)
  })

  it('413 payload_too_large beyond 50 MB; more than one is taken, and only from who may', async () => {
    const { url, adminKey } = world.gate
    const ask = (bytes: number, headers: Record<string, string>) =>
      fetch(`${url}/api/v1/keys/import/batch`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ keys: [], padding: 'x'.repeat(bytes) }),
      })
    const admin = { authorization: `Bearer ${adminKey}` }
    expect((await ask(2_000_000, admin)).status).toBe(400)
    const large = await ask(51 * 1024 * 1024, admin)
    expect([large.status, await large.json()]).toEqual([
      413,
      expect.objectContaining({ code: 'payload_too_large', detail: 'The body is larger than 52428800 bytes.' }),
    ])
    expect((await ask(2_000_000, {})).status).toBe(401)
    const { key } = await world.newKey()
    expect((await ask(2_000_000, { authorization: `Bearer ${key}` })).status).toBe(403)
  })

  it('200 with a thousand rows at once; the limit of the caller counts one', async () => {
    const { key } = await world.must('keys.create', {
      body: { name: 'Importer', permissions: ['*'], rate_limit: { limit: 1, window_s: 3_600 } },
    })
    const { status, body } = await call({ keys: Array.from({ length: 1_000 }, () => row()) }, key)
    expect([status, body.made]).toEqual([200, 1_000])
    expect((await call({ keys: [row()] }, key)).status).toBe(429)
  })

  refusals(
    'keys-import.batch',
    () => world,
    () => batch(row()),
    [
      ['no keys', {}, 'keys'],
      ['an empty list', { keys: [] }, 'keys'],
      ['a row without a name', { keys: [{ secret: 'sk-odoo-0123456789abcdef' }] }, 'keys.0.name'],
      ['a row with a space in the secret', { keys: [row({ secret: 'sk odoo 0123456789abcdef' })] }, 'keys.0.secret'],
      ['a row with a field of another thing', { keys: [row({ id: 'abcdefgh' })] }, 'keys.0.id'],
      ['a text for yes', { keys: [row()], dry_run: 'yes' }, 'dry_run'],
      ['an account that is no id', { keys: [row({ account: 'No Id' })] }, 'keys.0.account'],
      ['names that are none', { keys: [row()], make_accounts: 'all' }, 'make_accounts'],
    ],
  )
})
