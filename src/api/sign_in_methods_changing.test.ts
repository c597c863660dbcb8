import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { refusals } from '../../test/api/refusals.ts'
import { expectNothingHolds, LDAP, OIDC } from '../../test/api/sign_in_methods.ts'
import { type OperationName, startWorld, type World } from '../../test/api/world.ts'

let world: World
const params = { id: 'corp' }
const secrets = { client_secret: 'canary-new-secret-0123456789' }
beforeAll(async () => {
  world = await startWorld()
  await world.must('groups.create', { body: { id: 'staff', name: 'Staff' } })
  for (const id of ['corp', 'unused']) await world.must('sign-in-methods.create', { body: { ...OIDC, id } })
  await world.must('sign-in-methods.create', { body: { ...LDAP, id: 'directory' } })
})
afterAll(() => world.stop())

const update = (body: object, more: object = {}) => world.call('sign-in-methods.update', { params, body, ...more })

describe('sign-in-methods.update', () => {
  it.each([
    ['name', 'Company'],
    ['position', 7],
    ['enabled', false],
    ['enabled', true],
    ['first_sign_in', 'ask'],
    ['second_factor', 'required'],
    ['groups', ['staff']],
    ['groups', []],
    ['organizations', 'required'],
  ])('200 with %s = %j, and nothing else changed', async (field, value) => {
    const before = await world.must('sign-in-methods.get', { params })
    const { status, body } = await update({ [field]: value })
    expect(status).toBe(200)
    expect(body).toEqual({ ...before, [field]: value, warnings: [], updated_at: expect.any(String) })
    const { items } = await world.must('events.list', { query: { subject: 'sign-in-method:corp', limit: '1' } })
    expect(items).toMatchObject([{ type: 'sign_in_method.updated', data: { fields: [field] } }])
  })
  it('200 with one setting more, the others as they were, and without it again', async () => {
    const { settings } = await world.must('sign-in-methods.get', { params })
    expect((await update({ settings: { trust_email: true } })).body.settings).toEqual({
      ...settings,
      trust_email: true,
    })
    expect((await update({ settings: { trust_email: null } })).body.settings).toEqual(settings)
  })
  it('200 with another preset: what the old one said goes with it, what was given stays', async () => {
    const directory = { params: { id: 'directory' } }
    await world.must('sign-in-methods.update', { ...directory, body: { settings: { name_attribute: 'sn' } } })
    const body = { settings: { preset: 'active_directory' } }
    const { settings } = await world.must('sign-in-methods.update', { ...directory, body })
    expect(settings).toMatchObject({ id_attribute: 'objectGUID', name_attribute: 'sn', base_dn: LDAP.settings.base_dn })
  })
  it('200 with a new secret, which is not said back, and one more of another name', async () => {
    expect((await update({ secrets })).body).toMatchObject({ secret_names: ['client_secret'] })
    const directory = { params: { id: 'directory' } }
    const with_ = { secrets: { bind_password: 'canary-bind-0123456789' } }
    const names = async (body: object) =>
      (await world.must('sign-in-methods.update', { ...directory, body })).secret_names
    expect(await names(with_)).toEqual(['bind_password'])
    expect(await names({ secrets: { bind_password: null } })).toEqual([])
    await expectNothingHolds(world, 'canary-')
  })
  it.each([
    ['the issuer', { settings: { issuer: 'https://93.184.215.14/realms/other' } }],
    ['the preset', { settings: { preset: 'keycloak' } }],
    ['the network', { network: { allow_private: true } }],
  ])('D8 422 secrets_required with another value of %s, and 200 together with the secret', async (_, body) => {
    const answer = await update(body)
    expect(answer.body).toMatchObject({
      status: 422,
      code: 'secrets_required',
      errors: [{ path: 'secrets.client_secret' }],
    })
    expect((await update({ ...body, secrets })).status).toBe(200)
    await world.must('sign-in-methods.delete', { params })
    await world.must('sign-in-methods.create', { body: { ...OIDC, ...params } })
  })
  it('D8 422 for a directory whose TLS is to be loosened while it holds a password', async () => {
    const body = { ...LDAP, id: 'tls', secrets: { bind_password: 'x'.repeat(12) } }
    await world.must('sign-in-methods.create', { body })
    const change = { settings: { server_name: 'other.example.org' } }
    const answer = await world.call('sign-in-methods.update', { params: { id: 'tls' }, body: change })
    expect(answer.body).toMatchObject({ code: 'secrets_required', errors: [{ path: 'secrets.bind_password' }] })
    const without = { ...change, secrets: { bind_password: null } }
    expect((await world.call('sign-in-methods.update', { params: { id: 'tls' }, body: without })).status).toBe(200)
  })
  it('422 insecure_upstream with an address that its network does not reach', async () => {
    const answer = await update({ settings: { issuer: 'https://127.0.0.1/' }, secrets })
    expect(answer.body).toMatchObject({ status: 422, code: 'insecure_upstream', errors: [{ path: 'settings.issuer' }] })
  })
  it('200 with a warning where the last one that was enabled is disabled', async () => {
    const { items } = await world.must('sign-in-methods.list')
    const ids: string[] = items.map(({ id }: { id: string }) => id)
    const set = (id: string, enabled: boolean) =>
      world.must('sign-in-methods.update', { params: { id }, body: { enabled } })
    const warnings = []
    for (const id of ids) warnings.push((await set(id, false)).warnings)
    const last = warnings.pop()
    expect(last).toEqual([expect.stringMatching(/^enabled: .*nobody can sign in/)])
    expect(warnings.flat()).toEqual([])
    for (const id of ids) await set(id, true)
  })
  it('D6 403 without *, for disabling too: it may be the one by which the others would notice', async () => {
    const { key } = await world.newKey({ permissions: ['sign-in-methods.write', 'connections.write_network'] })
    for (const body of [{ name: 'x' }, { enabled: false }, {}]) {
      expect((await update(body, { key })).body).toMatchObject({ status: 403, code: 'not_granted' })
    }
  })
  it('409 conflict for all but one at a time: nobody writes over what he did not read', async () => {
    const issuers = Array.from({ length: 12 }, (_, i) => `https://93.184.215.14/realms/${i}`)
    const answers = await Promise.all(issuers.map((issuer) => update({ settings: { issuer }, secrets })))
    const won = answers.filter(({ status }) => status === 200)
    expect(won.length).toBeGreaterThan(0)
    for (const { status, body } of answers)
      if (status !== 200) expect(body).toMatchObject({ status: 409, code: 'conflict' })
    const { settings } = await world.must('sign-in-methods.get', { params })
    expect(won.map(({ body }) => body.settings.issuer)).toContain(settings.issuer)
  })
  it('404 not_found for an id that no method has', () => expectNotFound('sign-in-methods.update', {}))

  refusals(
    'sign-in-methods.update',
    () => world,
    () => ({ params, body: { name: 'Corporate' } }),
    [
      ['an empty name', { name: ' ' }, 'name'],
      ['another kind', { kind: 'ldap' }, 'kind'],
      ['names of secrets', { secret_names: [] }, 'secret_names'],
      ['an unknown setting', { settings: { colour: 'red' } }, 'settings.colour'],
      ['a setting taken away that is needed', { settings: { client_id: null } }, 'settings.client_id'],
      ['its secret taken away', { secrets: { client_secret: null } }, 'secrets.client_secret'],
      ['an unknown secret', { secrets: { bind_password: 'x' } }, 'secrets.bind_password'],
      ['a group that is not there', { groups: ['zoo'] }, 'groups.0'],
      ['a place in between', { position: 1.5 }, 'position'],
    ],
  )
})

describe('sign-in-methods.test', () => {
  it('200 with what the provider publishes being well', async () => {
    const provider = createServer((request, response) => {
      const issuer = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`
      const of = (path: string) => `${issuer}/${path}`
      const description = {
        issuer,
        authorization_endpoint: of('authorize'),
        token_endpoint: of('token'),
        userinfo_endpoint: of('userinfo'),
        jwks_uri: of('jwks'),
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['RS256'],
      }
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(request.url === '/jwks' ? { keys: [] } : description))
    })
    await new Promise<void>((done) => provider.listen(0, '127.0.0.1', done))
    const issuer = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`
    const network = { allow_private: true, allow_http: true }
    const body = { ...OIDC, id: 'live', settings: { ...OIDC.settings, issuer }, network }
    await world.must('sign-in-methods.create', { body })
    const test = () => world.must('sign-in-methods.test', { params: { id: 'live' } })
    expect(await test()).toMatchObject({ ok: true, problems: [], ms: expect.any(Number) })
    await world.must('sign-in-methods.update', {
      params: { id: 'live' },
      body: { settings: { id_token_signed_response_alg: 'ES256' } },
    })
    expect(await test()).toMatchObject({ ok: false, problems: [expect.stringContaining('ES256')] })
    provider.closeAllConnections()
    await new Promise((done) => provider.close(done))
  })
  it('200 with what is wrong where nothing answers', async () => {
    const settings = { ...LDAP.settings, urls: ['ldaps://127.0.0.1:9'] }
    await world.must('sign-in-methods.create', {
      body: { ...LDAP, id: 'deaf', settings, network: { allow_private: true } },
    })
    const { status, body } = await world.call('sign-in-methods.test', { params: { id: 'deaf' } })
    expect([status, body]).toMatchObject([
      200,
      { ok: false, problems: [expect.stringContaining('ldaps://127.0.0.1:9')] },
    ])
  })
  it('200 for passwords, which need nobody else', async () => {
    expect(await world.must('sign-in-methods.test', { params: { id: 'password' } })).toMatchObject({ ok: true })
  })
  it('404 not_found for an id that no method has', () => expectNotFound('sign-in-methods.test'))

  refusals(
    'sign-in-methods.test',
    () => world,
    () => ({ params: { id: 'password' } }),
  )
})

describe('sign-in-methods.delete', () => {
  it('200 with nothing to warn of while another one is there, and it is gone', async () => {
    const { status, body } = await world.call('sign-in-methods.delete', { params: { id: 'unused' } })
    expect([status, body]).toEqual([200, { warnings: [] }])
    await expectNotFound('sign-in-methods.get', undefined, 'unused')
  })
  it('409 conflict while an application takes it alone: with none it would take all', async () => {
    const body = { id: 'shop', name: 'Shop', redirect_uris: ['https://shop.example.org/cb'], methods: ['corp'] }
    await world.must('clients.create', { body })
    const answer = await world.call('sign-in-methods.delete', { params })
    expect(answer.body).toMatchObject({ status: 409, code: 'conflict', detail: expect.stringContaining('shop') })
    await world.must('clients.delete', { params: { id: 'shop' } })
  })
  it('D6 403 without *', async () => {
    const { key } = await world.newKey({ permissions: ['sign-in-methods.write'] })
    expect((await world.call('sign-in-methods.delete', { params, key })).body).toMatchObject({ status: 403 })
  })
  it('404 not_found for an id that no method has', () => expectNotFound('sign-in-methods.delete'))

  refusals(
    'sign-in-methods.delete',
    () => world,
    () => ({ params }),
  )
})

async function expectNotFound(name: OperationName, body?: unknown, id = 'nobody'): Promise<void> {
  const answer = await world.call(name, { params: { id }, body })
  expect(answer.body).toMatchObject({ status: 404, code: 'not_found' })
}

describe('the passkey method', () => {
  it('200 with a warning where browsers have no passkeys, and without one where they do', async () => {
    const set = async (at: World) =>
      (await at.must('sign-in-methods.update', { params: { id: 'passkey' }, body: { name: 'Passkey' } })).warnings
    expect(await set(world)).toEqual([expect.stringMatching(/^kind: .*https/)])
    const named = await startWorld({ OCTROI_PUBLIC_URL: 'https://octroi.example.org' })
    expect(await set(named)).toEqual([])
    await named.stop()
  })
})
