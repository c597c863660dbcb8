import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectPaged } from '../../test/api/paging.ts'
import { refusals } from '../../test/api/refusals.ts'
import { expectNothingHolds, LDAP, OIDC } from '../../test/api/sign_in_methods.ts'
import { startWorld, type World } from '../../test/api/world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld({ OCTROI_PUBLIC_URL: 'https://octroi.example.org/gate' })
  await world.must('groups.create', { body: { id: 'staff', name: 'Staff' } })
})
afterAll(() => world.stop())

let made = 0
const create = (more: object = {}) =>
  world.call('sign-in-methods.create', { body: { ...OIDC, id: `m-${++made}`, ...more } })
const oidc = (settings: object) => ({ settings: { ...OIDC.settings, ...settings } })

describe('sign-in-methods.create', () => {
  it('201 with the addresses to register at the provider, and the names of its secrets', async () => {
    const body = { ...OIDC, id: 'corp', groups: ['staff'], first_sign_in: 'create', position: 3 }
    const answer = await world.call('sign-in-methods.create', { body })
    const { secrets: _, ...shown } = body
    expect([answer.status, answer.body]).toEqual([
      201,
      {
        ...shown,
        enabled: true,
        second_factor: 'enrolled',
        organizations: 'ignore',
        network: {},
        secret_names: ['client_secret'],
        redirect_uri: 'https://octroi.example.org/gate/sign-in/corp/callback',
        post_logout_redirect_uri: 'https://octroi.example.org/gate/session/signed-out',
        created_at: expect.stringMatching(/Z$/),
        updated_at: expect.stringMatching(/Z$/),
        warnings: [],
      },
    ])
    const { warnings: _none, ...kept } = answer.body
    expect(await world.must('sign-in-methods.get', { params: { id: 'corp' } })).toEqual(kept)
    const { items } = await world.must('events.list', { query: { subject: 'sign-in-method:corp' } })
    expect(items).toMatchObject([{ type: 'sign_in_method.created', data: { name: OIDC.name, kind: 'oidc' } }])
  })
  it('201 with an id made of the name', async () => {
    const { body } = await world.call('sign-in-methods.create', { body: { ...OIDC, name: 'Préfecture du Nord' } })
    expect(body.id).toBe('prefecture-du-nord')
  })
  it('201 with what the preset of a directory says, and what is given instead', async () => {
    const { body } = await create({ ...LDAP, settings: { ...LDAP.settings, id_attribute: 'nsUniqueId' } })
    expect(body.settings).toMatchObject({
      id_attribute: 'nsUniqueId',
      user_filter: expect.stringContaining('inetOrgPerson'),
    })
    expect([body.redirect_uri, body.post_logout_redirect_uri]).toEqual([null, null])
  })
  it('201 with a preset of a provider, kept by its name', async () => {
    const settings = { preset: 'proconnect', environment: 'integration', client_id: 'c' }
    expect((await create({ settings })).body).toMatchObject({ settings, secret_names: ['client_secret'] })
  })
  it('201 with a warning for a group that a mapping names and nobody has made', async () => {
    const mapped = oidc({ claims: { groups: '/groups' }, group_map: { a: 'staff', b: 'later' } })
    expect((await create(mapped)).body.warnings).toEqual(['settings.group_map.b: there is no group later yet'])
  })
  it('201 with a key instead of a secret', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const private_key = privateKey.export({ type: 'pkcs8', format: 'pem' })
    const settings = oidc({ token_endpoint_auth_method: 'private_key_jwt' })
    expect((await create({ ...settings, secrets: { private_key } })).body.secret_names).toEqual(['private_key'])
  })
  it('no answer, file or log of it holds a secret', () => expectNothingHolds(world, OIDC.secrets.client_secret))
  it('409 conflict with an id that is taken, and with a second one for passwords or passkeys', async () => {
    await create({ id: 'twice' })
    expect((await create({ id: 'twice' })).body).toMatchObject({ status: 409, code: 'conflict' })
    for (const kind of ['password', 'passkey']) {
      const answer = await world.call('sign-in-methods.create', { body: { kind, name: 'Another' } })
      expect(answer.body).toMatchObject({ status: 409, code: 'conflict', detail: expect.stringContaining(kind) })
    }
  })
  it.each([
    ['a private address', oidc({ issuer: 'https://10.0.0.1/realm' }), 'settings.issuer'],
    ['plain http', { ...oidc({ issuer: 'http://127.0.0.1:9/' }), network: { allow_private: true } }, 'settings.issuer'],
    ['the metadata of a cloud', oidc({ issuer: 'https://169.254.169.254/' }), 'settings.issuer'],
    ['a directory inside', { ...LDAP, network: {} }, 'settings.urls.0'],
  ])('422 insecure_upstream with %s that its network does not allow', async (_, body, path) => {
    expect((await create(body)).body).toMatchObject({ status: 422, code: 'insecure_upstream', errors: [{ path }] })
  })
  it('D6 403 without *, with every other permission: a sign-in method says who anybody is', async () => {
    const { key } = await world.newKey({ permissions: ['sign-in-methods.write', 'sign-in-methods.read', 'keys.write'] })
    const answer = await world.call('sign-in-methods.create', { body: OIDC, key })
    expect(answer.body).toMatchObject({ status: 403, code: 'not_granted', detail: expect.stringContaining('*') })
  })
  it.each(['step', 'link', 'reset', 'first', 'sign-out', 'manual', 'passkey.js', 'x.css'])(
    '400 with the id %s, which stands for something else',
    async (id) => {
      expect((await create({ id })).body).toMatchObject({ status: 400, errors: [{ path: 'id' }] })
      const { body } = await world.call('sign-in-methods.create', { body: { ...OIDC, name: id } })
      if (!id.includes('.')) expect(body).toMatchObject({ status: 400, errors: [{ path: 'id' }] })
    },
  )

  refusals(
    'sign-in-methods.create',
    () => world,
    () => ({ body: { ...OIDC, id: `good-${++made}` } }),
    [
      ['an unknown kind', { ...OIDC, kind: 'saml' }, 'kind'],
      ['no name', { ...OIDC, name: undefined }, 'name'],
      ['an unknown setting', { ...OIDC, ...oidc({ colour: 'red' }) }, 'settings.colour'],
      [
        'a setting of another kind',
        { ...OIDC, settings: { client_id: 7, issuer: 'https://a.b' } },
        'settings.client_id',
      ],
      ['an issuer that is none', { ...OIDC, ...oidc({ issuer: 'id.example.org' }) }, 'settings.issuer'],
      ['no secret where one is needed', { ...OIDC, secrets: {} }, 'secrets.client_secret'],
      [
        'a key that is none',
        { ...OIDC, ...oidc({ token_endpoint_auth_method: 'private_key_jwt' }), secrets: { private_key: 'x' } },
        'secrets.private_key',
      ],
      ['an unknown secret', { ...OIDC, secrets: { client_secret: 'x', password: 'y' } }, 'secrets.password'],
      ['an empty secret', { ...OIDC, secrets: { client_secret: '' } }, 'secrets.client_secret'],
      ['a group that is not there', { ...OIDC, groups: ['zoo'] }, 'groups.0'],
      ['an unknown answer to strangers', { ...OIDC, first_sign_in: 'always' }, 'first_sign_in'],
      [
        'a directory in clear',
        { ...LDAP, settings: { ...LDAP.settings, urls: ['ldap://ldap.example.org'], start_tls: false } },
        'settings.urls.0',
      ],
      [
        'accounts that are made by passwords',
        { kind: 'password', name: 'x', first_sign_in: 'create' },
        'first_sign_in',
      ],
      ['the path of a certificate', { ...OIDC, network: { ca: '/etc/ca.pem' } }, 'network.ca'],
    ],
  )
})

describe('sign-in-methods.list', () => {
  it('200 with every method in order of id, those of the beginning too', async () => {
    const { items } = await world.must('sign-in-methods.list', { query: { limit: '200' } })
    const ids = items.map(({ id }: { id: string }) => id)
    expect(ids).toEqual([...ids].sort())
    expect(ids).toEqual(expect.arrayContaining(['passkey', 'password']))
  })
  it('200 page by page to the end', () => expectPaged(world, 'sign-in-methods.list'))

  refusals(
    'sign-in-methods.list',
    () => world,
    () => ({}),
  )
})

describe('sign-in-methods.get', () => {
  it('200 with the method for passwords, which is there from the beginning and lets nobody in who has no account', async () => {
    const { status, body } = await world.call('sign-in-methods.get', { params: { id: 'password' } })
    expect([status, body]).toMatchObject([
      200,
      { kind: 'password', enabled: true, first_sign_in: 'refuse', settings: {} },
    ])
  })
  it('404 not_found for an id that no method has', async () => {
    const answer = await world.call('sign-in-methods.get', { params: { id: 'nobody' } })
    expect(answer.body).toMatchObject({ status: 404, code: 'not_found' })
  })

  refusals(
    'sign-in-methods.get',
    () => world,
    () => ({ params: { id: 'password' } }),
  )
})
