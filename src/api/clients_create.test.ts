import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectPaged } from '../../test/api/paging.ts'
import { refusals } from '../../test/api/refusals.ts'
import { startWorld, type World } from '../../test/api/world.ts'

let world: World
const APP = { name: 'Catalogue', redirect_uris: ['https://catalogue.example.org/callback'] }
const GRANT = { connector: 'generic-api-key', allow: ['GET /a'] }
const TOKEN = { enabled: true, grants: [GRANT], ttl_s: 3_600 }

beforeAll(async () => {
  world = await startWorld({ OCTROI_PUBLIC_URL: 'https://octroi.example.org' })
  await world.must('groups.create', { body: { id: 'admins', name: 'Admins' } })
  await world.must('accounts.create', { body: { id: 'ada', kind: 'person', name: 'Ada' } })
  await world.must('organizations.create', { body: { id: 'asso', label: 'Association' } })
})
afterAll(() => world.stop())

const create = (more: object = {}, key?: string) => world.call('clients.create', { body: { ...APP, ...more }, key })

describe('clients.create', () => {
  it('201 with a secret that is shown this once, and everybody who signs in may use it', async () => {
    const answer = await create({ id: 'catalogue' })
    expect([answer.status, answer.body]).toEqual([
      201,
      {
        ...APP,
        id: 'catalogue',
        client_id: 'catalogue',
        client_secret: expect.stringMatching(/^ocs_[A-Za-z0-9_-]{43}$/),
        description: '',
        post_logout_redirect_uris: [],
        allow: { accounts: [], groups: [], organizations: [], authenticated: true },
        methods: [],
        mfa: false,
        roles: [],
        default_role: 'user',
        token: { enabled: true, grants: [], ttl_s: 43_200 },
        token_in_query: false,
        openid: null,
        disabled_at: null,
        created_at: expect.stringMatching(/Z$/),
        updated_at: expect.stringMatching(/Z$/),
        warnings: [],
        instructions: [],
      },
    ])
    const { client_secret, warnings: _, instructions: __, ...kept } = answer.body
    expect(await world.must('clients.get', { params: { id: 'catalogue' } })).toEqual(kept)
    const events = await world.must('events.list', { query: { subject: 'client:catalogue' } })
    expect(events.items).toMatchObject([{ type: 'client.created', data: { name: 'Catalogue' } }])
    expect(JSON.stringify(events)).not.toContain(client_secret)
  })
  it('D6 201 without tokens for who holds less than *, and has not asked for them', async () => {
    const { key } = await world.newKey({ permissions: ['clients.write'] })
    expect((await create({}, key)).body).toMatchObject({ token: { enabled: false, grants: [] } })
    expect((await create({ token: { grants: [] } }, key)).body).toMatchObject({ status: 403, code: 'not_granted' })
  })
  it('201 with nobody who may use it, where that is said, and a warning', async () => {
    const { body } = await create({ allow: {} })
    expect([body.allow.authenticated, body.warnings]).toEqual([
      false,
      ['allow: names nobody, so nobody can use the application'],
    ])
  })
  it('201 with all that can be said of it', async () => {
    const said = {
      description: 'Open data',
      redirect_uris: ['https://catalogue.example.org/callback', 'http://localhost:5173/callback'],
      post_logout_redirect_uris: ['https://catalogue.example.org/'],
      allow: { accounts: ['ada'], groups: ['admins'], organizations: ['asso'], authenticated: false },
      methods: ['password'],
      mfa: true,
      roles: [{ group: 'admins', role: 'ADMIN' }],
      default_role: 'USER',
      token: TOKEN,
    }
    expect((await create({ ...said, disabled: true })).body).toMatchObject({
      ...said,
      disabled_at: expect.stringMatching(/Z$/),
      warnings: [],
    })
  })
  it('201 with a warning for the token in the address, and for a grant of what is not there yet', async () => {
    const token = { enabled: true, grants: [{ connection: 'later', allow: ['GET /'] }] }
    const { body } = await create({ allow: { authenticated: true }, token, token_in_query: true })
    expect(body.warnings).toEqual([
      'token.grants.0.connection: there is no connection later yet',
      expect.stringMatching(/^token_in_query: .*histories/),
    ])
  })
  it('201 with ids made of the name, each its own', async () => {
    const ids = [(await create({ name: 'Ma Cantine' })).body.id, (await create({ name: 'Ma Cantine' })).body.id]
    expect(ids).toEqual(['ma-cantine', expect.stringMatching(/^ma-cantine-[a-z0-9]{6}$/)])
  })
  it('201 again with the same idempotency key, the secret left out', async () => {
    const headers = { 'Idempotency-Key': 'client-once' }
    const call = { body: { ...APP, id: 'once' }, headers }
    const first = await world.must('clients.create', call)
    const again = await world.call('clients.create', call)
    expect(again.headers.get('idempotent-replayed')).toBe('true')
    expect(JSON.stringify(again.body)).not.toContain(first.client_secret)
  })
  it('409 conflict with an id that is taken', async () => {
    await create({ id: 'taken' })
    expect((await create({ id: 'taken' })).body).toMatchObject({ status: 409, code: 'conflict' })
  })
  it('422 insecure_upstream with logout at an address that its network does not reach', async () => {
    const answer = await create({ openid: { backchannel_logout_uri: 'https://10.0.0.7/' } })
    expect(answer.body).toMatchObject({ status: 422, code: 'insecure_upstream' })
    expect(answer.body.errors[0].path).toBe('openid.backchannel_logout_uri')
  })
  it('D6 403 for tokens without *: they are keys of whoever signs in, the administrator too', async () => {
    const { key } = await world.newKey({ permissions: ['clients.write', 'keys.write'], grants: [GRANT] })
    expect((await create({ token: TOKEN }, key)).body).toMatchObject({ status: 403, code: 'not_granted' })
    expect((await create({ token: { ...TOKEN, enabled: false } }, key)).status).toBe(201)
  })
  it('D6 403 for grants that the caller does not hold, and with a key that ends or comes from some addresses only', async () => {
    const { key } = await world.newKey({ permissions: ['clients.write'] })
    const answer = await create({ token: { enabled: false, grants: [GRANT] } }, key)
    expect(answer.body).toMatchObject({ status: 403, detail: expect.stringContaining('GET /a') })
    for (const fence of [{ expires_at: '2099-01-01T00:00:00Z' }, { cidrs: ['127.0.0.0/8'] }]) {
      const body = { name: 'fenced', permissions: ['clients.write'], ...fence }
      const fenced = (await world.must('keys.create', { body })).key
      expect((await create({}, fenced)).body).toMatchObject({ status: 403, code: 'not_granted' })
    }
    expect((await create({}, key)).status).toBe(201)
  })

  const bad = (fields: object) => ({ ...APP, ...fields })
  refusals(
    'clients.create',
    () => world,
    () => ({ body: APP }),
    [
      ['no name', { redirect_uris: APP.redirect_uris }, 'name'],
      ['no address', { name: 'x' }, 'redirect_uris'],
      ['an empty list of addresses', bad({ redirect_uris: [] }), 'redirect_uris'],
      ['an address twice', bad({ redirect_uris: [...APP.redirect_uris, ...APP.redirect_uris] }), 'redirect_uris'],
      ['an address in clear', bad({ redirect_uris: ['http://catalogue.example.org/'] }), 'redirect_uris.0'],
      ['a fragment', bad({ post_logout_redirect_uris: ['https://a.example.org/#x'] }), 'post_logout_redirect_uris.0'],
      ['an address of Octroi', bad({ redirect_uris: ['https://octroi.example.org/account'] }), 'redirect_uris.0'],
      ['an account that is not there', bad({ allow: { accounts: ['nobody'] } }), 'allow.accounts.0'],
      ['a group that is not there', bad({ allow: { groups: ['nobody'] } }), 'allow.groups.0'],
      ['an organization that is not there', bad({ allow: { organizations: ['nobody'] } }), 'allow.organizations.0'],
      ['a method that is not there', bad({ methods: ['nobody'] }), 'methods.0'],
      ['a role of a group that is not there', bad({ roles: [{ group: 'nobody', role: 'x' }] }), 'roles.0.group'],
      ['two roles of one group', bad({ roles: [1, 2].map(() => ({ group: 'admins', role: 'x' })) }), 'roles'],
      ['no role at all', bad({ default_role: '' }), 'default_role'],
      [
        'a token in the address without tokens',
        bad({ token: { enabled: false }, token_in_query: true }),
        'token_in_query',
      ],
      ['a token for ever', bad({ token: { ttl_s: 1e9 } }), 'token.ttl_s'],
      ['a secret of its own', bad({ client_secret: 'mine' }), 'client_secret'],
      ['a template that is none', bad({ template: 'word', url: 'https://word.example.org' }), 'template'],
      ['a template without an address', { template: 'gitea' }, 'url'],
      ['an address without a template', bad({ url: 'https://git.example.org' }), 'url'],
    ],
  )
})

describe('clients.list', () => {
  it('200 with every application in order of id, and no secret', async () => {
    const { items } = await world.must('clients.list', { query: { limit: '200' } })
    const ids = items.map(({ id }: { id: string }) => id)
    expect(ids).toEqual([...ids].sort())
    expect(JSON.stringify(items)).not.toMatch(/ocs_|secret/)
  })
  it('200 page by page to the end', () => expectPaged(world, 'clients.list'))

  refusals(
    'clients.list',
    () => world,
    () => ({}),
  )
})

describe('clients.get', () => {
  it('200 with the application', async () => {
    const { status, body } = await world.call('clients.get', { params: { id: 'catalogue' } })
    expect([status, body]).toMatchObject([200, { client_id: 'catalogue', name: 'Catalogue' }])
  })
  it('404 not_found for an id that no application has', async () => {
    const answer = await world.call('clients.get', { params: { id: 'nobody' } })
    expect(answer.body).toMatchObject({ status: 404, code: 'not_found' })
  })

  refusals(
    'clients.get',
    () => world,
    () => ({ params: { id: 'catalogue' } }),
  )
})
