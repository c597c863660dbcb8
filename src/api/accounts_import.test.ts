import { pbkdf2Sync } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { refusals } from '../../test/api/refusals.ts'
import { startWorld, type World } from '../../test/api/world.ts'

const DJANGO = `pbkdf2_sha256$1000$salt$${pbkdf2Sync('correct horse battery', 'salt', 1000, 32, 'sha256').toString('base64')}`
const BCRYPT = `$2b$10$${'a'.repeat(53)}`
const ISSUER = 'https://id.example.org'
const SIRET = '13002526500013'

let world: World
beforeAll(async () => {
  world = await startWorld()
  await world.must('groups.create', { body: { id: 'staff', name: 'Staff' } })
  await world.must('organizations.create', { body: { id: 'dinum', label: 'DINUM', siret: SIRET } })
  const settings = { issuer: ISSUER, client_id: 'octroi' }
  const secrets = { client_secret: 'a-secret-of-the-provider' }
  await world.must('sign-in-methods.create', { body: { id: 'corp', kind: 'oidc', name: 'Corp', settings, secrets } })
})
afterAll(() => world.stop())

let made = 0
const row = (more: object = {}) => ({ id: `row-${++made}`, name: `Row ${made}`, ...more })
const call = (accounts: readonly object[], more: object = {}, key?: string) =>
  world.call('accounts.import', { body: { accounts, ...more }, key })
const get = (id: string) => world.must('accounts.get', { params: { id } })

describe('accounts.import', () => {
  it('200 with every account made, and no hash in any part of the answer', async () => {
    const full = row({
      email: 'Full@Example.org',
      email_verified: true,
      groups: ['staff'],
      organizations: ['130 025 265 00013'],
      password_hash: DJANGO,
      identities: [{ issuer: ISSUER, subject: 'sub-1' }],
    })
    const { status, body } = await call([full, row({ kind: 'service', password_hash: BCRYPT, disabled: true })])
    expect([status, body.made, body.unchanged, body.dry_run]).toEqual([200, 2, 0, false])
    expect(JSON.stringify(body)).not.toContain('pbkdf2')
    const [{ id }, other] = body.accounts
    const kept = { kind: 'person', email: 'Full@Example.org', groups: ['staff'], has_password: true, disabled_at: null }
    expect(await get(id)).toMatchObject(kept)
    expect(await get(other.id)).toMatchObject({ kind: 'service', has_password: true, disabled_at: expect.any(String) })
    const { items: identities } = await world.must('identities.list', { params: { id } })
    expect(identities).toMatchObject([{ issuer: ISSUER, subject: 'sub-1', method: 'corp' }])
    const { items: emails } = await world.must('emails.list', { params: { id } })
    expect(emails).toMatchObject([{ address: 'Full@Example.org', verified_at: expect.any(String) }])
    const { items: members } = await world.must('organizations.members', { params: { id: 'dinum' } })
    expect(members).toMatchObject([{ account: id, sources: [{ source: 'manual' }] }])
    const { items } = await world.must('events.list', { query: { subject: `account:${id}`, limit: '1' } })
    expect(items).toMatchObject([{ type: 'account.created', data: { imported: true } }])
  })
  it('200 again with what was taken over before unchanged: by id, by identity, by address', async () => {
    const byId = row({ password_hash: DJANGO })
    const byIdentity = { name: 'By identity', identities: [{ issuer: ISSUER, subject: 'sub-again' }] }
    const byAddress = { name: 'By address', email: 'again@example.org' }
    const first = (await call([byId, byIdentity, byAddress])).body
    expect(first.accounts.map(({ id }: { id: string }) => id).slice(1)).toEqual(['by-identity', 'by-address'])
    const changed = [
      { ...byId, name: 'Other', password_hash: null },
      byIdentity,
      { ...byAddress, email: 'AGAIN@example.org' },
    ]
    const { body } = await call([...changed, row()])
    expect([body.made, body.unchanged]).toEqual([1, 3])
    expect(body.accounts.map(({ id }: { id: string }) => id).slice(0, 3)).toEqual(
      first.accounts.map(({ id }: { id: string }) => id),
    )
    expect(await get(first.accounts[0].id)).toMatchObject({ name: `Row ${made - 1}`, has_password: true })
  })
  it('200 for a dry run, which says what would be and makes nothing', async () => {
    const first = row()
    const { status, body } = await call([first, { name: 'Dry Address', email: 'dry@example.org' }], { dry_run: true })
    expect([status, body.made, body.dry_run]).toEqual([200, 2, true])
    expect(body.accounts.map(({ id }: { id: string }) => id)).toEqual([first.id, null])
    expect((await world.call('accounts.get', { params: { id: first.id } })).status).toBe(404)
  })
  it('200 with ids of their own for people of the same name', async () => {
    const rows = ['a', 'b'].map((who) => ({ name: 'Jean Martin', email: `${who}@martin.example` }))
    const ids = (await call(rows)).body.accounts.map(({ id }: { id: string }) => id)
    expect(ids).toEqual(['jean-martin', expect.stringMatching(/^jean-martin-[a-z0-9]{6}$/)])
  })
  it('200 with a note on those who cannot sign in yet', async () => {
    expect((await call([row(), row({ password_hash: DJANGO })])).body.warnings).toEqual([
      expect.stringMatching(/^1 of them .*until invited/),
    ])
  })
  it('a hash of Django signs in, and is ours from then on', async () => {
    const [{ id }] = (await call([row({ password_hash: DJANGO })])).body.accounts
    const { PlainBrowser } = await import('../../test/sign_in/browser.ts')
    for (let i = 0; i < 2; i++) {
      const browser = new PlainBrowser(world.gate.url)
      await browser.get('/sign-in')
      const answer = await browser.submit('/sign-in/password', { login: id, password: 'correct horse battery' })
      expect(answer.status).toBe(303)
    }
  })
  it('400 with every row that is wrong, by its number and field, and nothing made', async () => {
    const good = row()
    const { body } = await call([
      good,
      row({ password_hash: '$1$abcdefgh$G//4keteveJp0qb8z2DxG/' }),
      row({ password_hash: `$2b$15$${'a'.repeat(53)}` }),
      row({ password_hash: 'pbkdf2_sha256$99000000$salt$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=' }),
      row({ email: 'nobody' }),
      row({ organizations: ['123'] }),
      { email: 'unnamed@example.org' },
    ])
    expect(body).toMatchObject({ status: 400, code: 'invalid_request' })
    expect(body.errors.map(({ path }: { path: string }) => path)).toEqual([
      'accounts.1.password_hash',
      'accounts.2.password_hash',
      'accounts.3.password_hash',
      'accounts.4.email',
      'accounts.5.organizations.0',
      'accounts.6.name',
    ])
    expect(JSON.stringify(body)).not.toContain('keteveJp0')
    expect((await world.call('accounts.get', { params: { id: good.id } })).status).toBe(404)
  })
  it('400 for what is named and not there, and for rows that are the same', async () => {
    const twice = { identities: [{ issuer: ISSUER, subject: 'twice' }] }
    const { body } = await call([
      row({ groups: ['nowhere'], organizations: ['35600000000048'] }),
      row({ identities: [{ issuer: 'https://else.example.org', subject: 's' }] }),
      row({ kind: 'service', organizations: [SIRET] }),
      row({ email: 'same@example.org', email_verified: true, ...twice }),
      row({ email: 'Same@Example.org', email_verified: true, ...twice }),
      { name: 'Nobody knows by what' },
      { ...row(), id: `row-${made}` },
    ])
    expect(body.errors.map(({ path }: { path: string }) => path)).toEqual([
      'accounts.0.groups.0',
      'accounts.0.organizations.0',
      'accounts.1.identities.0.issuer',
      'accounts.2.organizations',
      'accounts.4.identities.0',
      'accounts.4.email',
      'accounts.5.id',
    ])
  })
  it('409 conflict for an identity or a verified address of another account, by row', async () => {
    const identities = [{ issuer: ISSUER, subject: 'theirs' }]
    await call([row({ email: 'theirs@example.org', email_verified: true, identities })])
    const { body } = await call([
      row({ identities }),
      row({ email: 'theirs@example.org', email_verified: true }),
      row({ email: 'theirs@example.org' }),
    ])
    expect(body).toMatchObject({ status: 409, code: 'conflict' })
    expect(body.errors.map(({ path }: { path: string }) => path)).toEqual([
      'accounts.0.identities.0',
      'accounts.1.email',
    ])
  })
  it('D6 403 for identities, verified addresses, groups and organizations that the caller may not give', async () => {
    const { key } = await world.newKey({ permissions: ['accounts.write'] })
    const refused = [
      { identities: [{ issuer: ISSUER, subject: 'mine' }] },
      { email: 'mine@example.org', email_verified: true },
      { groups: ['staff'] },
      { organizations: [SIRET] },
      { email: 'Full@example.org' },
    ]
    for (const more of refused) {
      const { body } = await call([row(), row(more)], {}, key)
      expect(body, JSON.stringify(more)).toMatchObject({ status: 403, code: 'not_granted' })
    }
    expect((await call([row({ email: 'plain@example.org' })], {}, key)).body.made).toBe(1)
  })
  it('413 payload_too_large beyond 50 MB', async () => {
    const description = 'x'.repeat(2_000)
    const accounts = Array.from({ length: 26_000 }, (_, i) => ({ id: `big-${i}`, name: 'Big', description }))
    expect((await call(accounts)).body).toMatchObject({ status: 413, code: 'payload_too_large' })
  })
  it('200 for ten thousand rows', async () => {
    const accounts = Array.from({ length: 10_000 }, (_, i) => ({
      id: `many-${i}`,
      name: 'Many',
      password_hash: DJANGO,
    }))
    expect((await call(accounts)).body).toMatchObject({ made: 10_000 })
    expect((await call(accounts.slice(0, 50))).body).toMatchObject({ made: 0, unchanged: 50 })
  })

  refusals(
    'accounts.import',
    () => world,
    () => ({ body: { accounts: [row()] } }),
    [
      ['nothing', {}, 'accounts'],
      ['no rows', { accounts: [] }, 'accounts'],
      [
        'a row with a password',
        { accounts: [{ id: 'p', name: 'P', password: 'correct horse' }] },
        'accounts.0.password',
      ],
    ],
  )
})
