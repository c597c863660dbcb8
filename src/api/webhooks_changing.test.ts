import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { refusals } from '../../test/api/refusals.ts'
import { startWorld, type World } from '../../test/api/world.ts'
import { newWebhook, SHAPE, WRITER, webhookBody } from '../../test/webhooks/asking.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())

const hook = (more: object = {}) => newWebhook(world, more)
const own = () => `whsec_${randomBytes(24).toString('base64')}`

describe('webhooks.create', () => {
  it('201 with the webhook and its secret, shown this once', async () => {
    const answer = await world.call('webhooks.create', {
      body: webhookBody(world, {
        id: 'chat',
        name: 'Chat',
        types: ['key.created', 'connection.degraded', 'key.created'],
      }),
    })
    expect(answer.status).toBe(201)
    expect(answer.body).toEqual({
      ...SHAPE,
      id: 'chat',
      name: 'Chat',
      types: ['connection.degraded', 'key.created'],
      secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
    })
    const shown = await world.must('webhooks.get', { params: { id: 'chat' } })
    expect({ ...shown, secret: answer.body.secret }).toEqual(answer.body)
  })
  it('201 with all types, the host as name, and an id made of it', async () => {
    const { body } = await world.call('webhooks.create', { body: { url: 'https://hooks.example.org/a?b=c' } })
    expect(body).toMatchObject({ name: 'hooks.example.org', id: 'hooks-example-org', types: ['*'], network: {} })
  })
  it('201 with a secret that the receiver has already: it is not said back', async () => {
    expect(await hook({ secret: own() })).toMatchObject({ secret: null })
  })
  it('201 disabled from the start', async () => {
    expect(await hook({ disabled: true })).toMatchObject({ state: 'disabled' })
  })
  it('409 conflict with an id that is taken', async () => {
    const { id } = await hook()
    const answer = await world.call('webhooks.create', { body: webhookBody(world, { id }) })
    expect(answer.body).toMatchObject({ status: 409, code: 'conflict' })
  })
  it.each([
    ['a private address', 'https://10.0.0.1/x', {}],
    ['plain http', 'http://127.0.0.1:9/x', { allow_private: true }],
    ['plain http in public', 'http://93.184.215.14/x', { allow_http: true }],
    ['the metadata service', 'http://169.254.169.254/latest', { allow_private: true, allow_http: true }],
    ['a private address in another notation', 'https://[::ffff:7f00:1]/', {}],
  ])('422 insecure_upstream with %s', async (_, url, network) => {
    const answer = await world.call('webhooks.create', { body: { url, network } })
    expect(answer.body).toMatchObject({ status: 422, code: 'insecure_upstream', errors: [{ path: 'url' }] })
  })
  it('422 insecure_upstream with an address of Octroi itself (D9)', async () => {
    const body = webhookBody(world, { url: `${world.gate.url}/api/v1/events` })
    expect((await world.call('webhooks.create', { body })).body).toMatchObject({
      status: 422,
      code: 'insecure_upstream',
    })
  })
  it('403 without events.read: a webhook is told every event (D6)', async () => {
    const { key } = await world.newKey({ permissions: ['webhooks.write', 'connections.write_network'] })
    const answer = await world.call('webhooks.create', { body: webhookBody(world), key })
    expect(answer.body).toMatchObject({
      status: 403,
      code: 'not_granted',
      detail: expect.stringContaining('events.read'),
    })
  })
  it.each([
    ['ends', { expires_at: '2099-01-01T00:00:00Z' }],
    ['works from some addresses only', { cidrs: ['127.0.0.0/8'] }],
  ])('403 with a key that %s: the webhook would not (D6)', async (_, fence) => {
    const { key } = await world.must('keys.create', { body: { name: 'x', permissions: WRITER, ...fence } })
    expect((await world.call('webhooks.create', { body: webhookBody(world), key })).body).toMatchObject({ status: 403 })
  })
  it('403 for a network without connections.write_network (D9)', async () => {
    const { key } = await world.newKey({ permissions: ['webhooks.write', 'events.read'] })
    const answer = await world.call('webhooks.create', { body: webhookBody(world), key })
    expect(answer.body).toMatchObject({ status: 403, detail: expect.stringContaining('connections.write_network') })
    expect((await world.call('webhooks.create', { body: { url: 'https://example.org/' }, key })).status).toBe(201)
  })

  refusals(
    'webhooks.create',
    () => world,
    () => ({ body: webhookBody(world) }),
    [
      ['no address', {}, 'url'],
      ['another protocol', { url: 'ftp://example.org/' }, 'url'],
      ['a file', { url: 'file:///etc/passwd' }, 'url'],
      ['a password in the address', { url: 'https://a:b@example.org/' }, 'url'],
      ['a fragment', { url: 'https://example.org/#x' }, 'url'],
      ['a line break in the address', { url: 'https://example.org/\n' }, 'url'],
      ['a backslash in the address', { url: 'https:\\\\example.org/' }, 'url'],
      ['a long address', { url: `https://example.org/${'x'.repeat(2_048)}` }, 'url'],
      ['an unknown type', { url: 'https://example.org/', types: ['key.sold'] }, 'types.0'],
      ['no type', { url: 'https://example.org/', types: [] }, 'types'],
      ['a short secret', { url: 'https://example.org/', secret: 'whsec_c2hvcnQ=' }, 'secret'],
      ['a secret of another form', { url: 'https://example.org/', secret: 'x'.repeat(40) }, 'secret'],
      ['a wrong id', { url: 'https://example.org/', id: 'A B' }, 'id'],
      ['a path as the certificate', { url: 'https://example.org/', network: { ca: '/etc/ca.pem' } }, 'network.ca'],
    ],
  )
})

describe('webhooks.update', () => {
  it('200 with what is given changed, and no secret', async () => {
    const before = await hook({ types: ['key.created'] })
    const answer = await world.call('webhooks.update', { params: { id: before.id }, body: { name: 'Other' } })
    expect(answer.status).toBe(200)
    expect(answer.body).toEqual({ ...before, name: 'Other', secret: null, updated_at: answer.body.updated_at })
  })
  it('422 secrets_required with another address or network: the old receiver knows the secret (D8)', async () => {
    const { id } = await hook()
    for (const body of [{ url: `${world.upstream.url}/other` }, { network: { allow_private: true } }]) {
      const answer = await world.call('webhooks.update', { params: { id }, body })
      expect(answer.body).toMatchObject({ status: 422, code: 'secrets_required', errors: [{ path: 'secret' }] })
    }
    expect((await world.must('webhooks.get', { params: { id } })).url).toBe(`${world.upstream.url}/hook`)
  })
  it('200 with another address, and a new secret, the old one, or one that is given', async () => {
    const { id } = await hook()
    const move = async (secret: string) =>
      world.must('webhooks.update', {
        params: { id },
        body: { url: `${world.upstream.url}/${secret.slice(0, 3)}`, secret },
      })
    expect((await move('new')).secret).toMatch(/^whsec_/)
    expect(await move('keep')).toMatchObject({ secret: null, url: `${world.upstream.url}/kee` })
    expect(await move(own())).toMatchObject({ secret: null, url: `${world.upstream.url}/whs` })
    expect((await world.must('webhooks.test', { params: { id } })).ok).toBe(true)
  })
  it('422 insecure_upstream with an address that the network does not reach', async () => {
    const { id } = await hook()
    const body = { network: {}, secret: 'keep' }
    const answer = await world.call('webhooks.update', { params: { id }, body })
    expect(answer.body).toMatchObject({ status: 422, code: 'insecure_upstream' })
  })
  it('403 for another address inside an opened network without connections.write_network (D9)', async () => {
    const { id } = await hook()
    const { key } = await world.newKey({ permissions: ['webhooks.write', 'events.read'] })
    const body = { url: `${world.upstream.url}/x`, secret: 'new' }
    expect((await world.call('webhooks.update', { params: { id }, body, key })).body).toMatchObject({ status: 403 })
    expect((await world.call('webhooks.update', { params: { id }, body: { name: 'x' }, key })).status).toBe(200)
  })
  it('403 without events.read (D6)', async () => {
    const { id } = await hook()
    const { key } = await world.newKey({ permissions: ['webhooks.write', 'connections.write_network'] })
    const answer = await world.call('webhooks.update', { params: { id }, body: { name: 'x' }, key })
    expect(answer.body.detail).toContain('events.read')
  })
  it('200 disabled and enabled: what was waiting is given up', async () => {
    const { id } = await hook({ types: ['account.created'] })
    const change = (disabled: boolean) => world.must('webhooks.update', { params: { id }, body: { disabled } })
    expect(await change(true)).toMatchObject({ state: 'disabled' })
    await world.must('accounts.create', { body: { kind: 'service', name: 'Unheard' } })
    expect(await change(false)).toMatchObject({ state: 'active' })
    expect((await world.must('webhooks.deliveries', { params: { id } })).items).toEqual([])
  })
  it('404 not_found', async () => {
    const answer = await world.call('webhooks.update', { params: { id: 'none' }, body: {} })
    expect(answer.body).toMatchObject({ status: 404, code: 'not_found' })
  })
  it('409 conflict for one of two that change it at the same time, and neither is half done', async () => {
    const { id } = await hook()
    const rename = (name: string) =>
      world.call('webhooks.update', {
        params: { id },
        body: { name, url: `${world.upstream.url}/${name}`, secret: 'new' },
      })
    const answers = await Promise.all(['a', 'b', 'c', 'd'].map(rename))
    const won = answers.filter(({ status }) => status === 200)
    expect(won.length).toBeGreaterThan(0)
    for (const { status, body } of answers)
      if (status !== 200) expect(body).toMatchObject({ status: 409, code: 'conflict' })
    const { name, url } = await world.must('webhooks.get', { params: { id } })
    expect(url).toBe(`${world.upstream.url}/${name}`)
    expect(won.map(({ body }) => body.name)).toContain(name)
  })

  refusals(
    'webhooks.update',
    () => world,
    async () => ({ params: { id: (await hook()).id }, body: { name: 'x' } }),
    [
      ['an address that is none', { url: 'example.org' }, 'url'],
      ['a secret of another form', { secret: 'other' }, 'secret'],
      ['an empty name', { name: ' ' }, 'name'],
      ['an unknown type', { types: ['x'] }, 'types.0'],
      ['a state', { state: 'active' }, 'state'],
    ],
  )
})
