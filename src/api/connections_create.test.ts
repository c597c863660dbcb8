import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { refusals } from '../../test/api/refusals.ts'
import { connectionBody, startWorld, type World } from '../../test/api/world.ts'
import { addApp } from '../../test/renewals/apps.ts'
import { PAHEKO_WRITER, type Paheko, startPaheko } from '../../test/support/paheko.ts'

let world: World
let paheko: Paheko
beforeAll(async () => {
  world = await startWorld()
  paheko = await startPaheko()
})
afterAll(async () => {
  await world.stop()
  await paheko.stop()
})

const open = { allow_private: true, allow_http: true }
const pahekoBody = (more: object = {}) => ({
  connector: 'paheko',
  settings: { base_url: paheko.url },
  secrets: { username: PAHEKO_WRITER.username, password: PAHEKO_WRITER.password },
  network: open,
  ...more,
})
const create = (body: unknown) => world.call('connections.create', { body })

describe('connections.create', () => {
  it('201 with the connection and never a secret', async () => {
    const { status, body } = await create(pahekoBody({ id: 'paheko', tags: { team: 'blue' } }))
    expect(status).toBe(201)
    expect(body).toEqual({
      id: 'paheko',
      connector: 'paheko',
      scheme: 'basic',
      name: 'Paheko',
      settings: { base_url: paheko.url },
      tags: { team: 'blue' },
      network: open,
      limits: {},
      timeouts: {},
      allow_never: [],
      replay_s: 0,
      app: null,
      has_next: false,
      state: 'ready',
      state_reason: null,
      state_since: body.created_at,
      created_at: expect.stringMatching(/Z$/),
      updated_at: body.created_at,
    })
    expect(JSON.stringify(body)).not.toContain(PAHEKO_WRITER.password)
  })
  it('201 with every option kept', async () => {
    const options = {
      name: 'Books',
      limits: { concurrent: 5, concurrent_writes: 2, queue: 0, request_bytes: 10 },
      timeouts: { connect_ms: 100, first_byte_ms: 200, idle_ms: 300 },
      allow_never: ['* /api/sql*'],
      replay_s: 60,
    }
    const { id, ...body } = await world.must('connections.create', { body: pahekoBody(options) })
    expect(body).toMatchObject(options)
    expect(await world.must('connections.get', { params: { id } })).toMatchObject(options)
  })
  it('201 with an id made of the connector where none is asked for', async () => {
    expect((await world.must('connections.create', { body: pahekoBody() })).id).toMatch(/^paheko-[a-z0-9]{6}$/)
  })
  it('201 while the service is down, and no request is made', async () => {
    const before = world.upstream.requests.length
    expect((await create({ ...connectionBody('http://127.0.0.1:9'), verify: false })).status).toBe(201)
    expect(world.upstream.requests.length).toBe(before)
  })
  it('201 with verify, once the service has taken the secrets', async () => {
    const before = paheko.requests.length
    expect((await create(pahekoBody({ verify: true }))).status).toBe(201)
    expect(paheko.requests.slice(before).map(({ url }) => url)).toEqual(['/api/accounting/years'])
  })
  it('400 with verify and wrong secrets: nothing is stored, and the fault is in the secrets', async () => {
    const secrets = { username: 'recyclique', password: 'canary-wrong' }
    const answer = await create(pahekoBody({ id: 'unverified', secrets, verify: true }))
    expect(answer.body).toMatchObject({ status: 400, errors: [{ path: 'secrets' }] })
    expect((await world.call('connections.get', { params: { id: 'unverified' } })).status).toBe(404)
  })
  it('400 with verify and a service that is down: the fault is in the address', async () => {
    const answer = await create({ ...connectionBody('http://127.0.0.1:9'), verify: true })
    expect(answer.body).toMatchObject({ status: 400, errors: [{ path: 'settings.base_url' }] })
  })
  it('409 conflict for an id that is taken', async () => {
    await create(pahekoBody({ id: 'taken' }))
    expect((await create(pahekoBody({ id: 'taken' }))).body).toMatchObject({ status: 409, code: 'conflict' })
  })
  it.each([
    ['a private address', 'https://10.1.2.3', {}],
    ['a private address outside the CIDRs', 'https://10.1.2.3', { allow_private: ['192.168.0.0/16'] }],
    ['plain HTTP', 'http://127.0.0.1:1', { allow_private: true }],
    ['plain HTTP to a public address', 'http://192.88.99.1', open],
    ['the metadata service', 'http://169.254.169.254', open],
    ['the metadata service by its IPv6 form', 'http://[::ffff:169.254.169.254]', open],
    ['an unspecified address', 'http://0.0.0.0:1', open],
    ['a loopback address in octal', 'http://0177.0.0.1:1', {}],
    ['a name that gives a loopback address', 'https://localhost', {}],
  ])('422 insecure_upstream with %s', async (_, base_url, network) => {
    const answer = await create(pahekoBody({ settings: { base_url }, network }))
    expect(answer.body).toMatchObject({ status: 422, code: 'insecure_upstream' })
    expect(answer.body.errors[0].path).toBe('settings.base_url')
  })
  it('422 insecure_upstream with the gate itself (D9)', async () => {
    for (const base_url of [world.gate.url, `http://localhost:${world.gate.port}`, `http://[::1]:${world.gate.port}`]) {
      const answer = await create(pahekoBody({ settings: { base_url }, network: open }))
      expect(answer.body).toMatchObject({ code: 'insecure_upstream' })
      expect(answer.body.detail).toContain('Octroi itself')
    }
  })

  it('422 secrets_required for another address, when the secrets are those of the shared application (D8)', async () => {
    const settings = { base_url: world.upstream.url, token_url: `${world.upstream.url}/token` }
    await addApp(world.gate.settings, 'generic-oauth2-cc', { settings, network: open })
    const body = { connector: 'generic-oauth2-cc', secrets: {} }
    const elsewhere = { ...settings, token_url: 'http://127.0.0.1:9/token' }
    const moved = await create({ ...body, settings: elsewhere })
    expect(moved.body).toMatchObject({
      status: 422,
      code: 'secrets_required',
      errors: [{ path: 'settings.token_url' }],
    })
    const opened = await create({ ...body, settings, network: open })
    expect(opened.body).toMatchObject({ status: 422, code: 'secrets_required', errors: [{ path: 'network' }] })
    expect((await create({ ...body, settings })).body).toMatchObject({ app: 'generic-oauth2-cc' })
    const own = await create({
      ...body,
      settings: elsewhere,
      network: open,
      secrets: { client_id: 'x', client_secret: 'y' },
    })
    expect(own.body).toMatchObject({ app: null })
  })

  const good = connectionBody('http://127.0.0.1:9')
  const network = (value: object) => ({ ...good, network: value })
  const pem = (body: string) => `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`
  refusals(
    'connections.create',
    () => world,
    () => ({ body: good }),
    [
      ['nothing', {}, 'connector', 'secrets'],
      ['a connector that is not there', { ...good, connector: 'acme' }, 'connector'],
      ['a connector named like a part of every object', { ...good, connector: 'constructor' }, 'connector'],
      ['a scheme that the connector does not offer', { ...good, scheme: 'basic' }, 'scheme'],
      ['an id with a slash', { ...good, id: 'a/b' }, 'id'],
      [
        'an unknown setting',
        { ...good, settings: { base_url: 'http://127.0.0.1:9', nonsense: 'x' } },
        'settings.nonsense',
      ],
      ['no address', { ...good, settings: {} }, 'settings.base_url'],
      ['an address with a password', { ...good, settings: { base_url: 'https://a:b@c' } }, 'settings.base_url'],
      ['an address with a query', { ...good, settings: { base_url: 'https://c/?a=b' } }, 'settings.base_url'],
      [
        'a line break in a setting',
        { ...good, settings: { base_url: 'https://c', header: 'A\nB' } },
        'settings.header',
      ],
      ['a setting that is no text', { ...good, settings: { base_url: 7 } }, 'settings.base_url'],
      ['an unknown secret', { ...good, secrets: { api_key: 'x', other: 'y' } }, 'secrets.other'],
      ['a secret missing', { ...good, secrets: {} }, 'secrets.api_key'],
      ['a line break in a secret', { ...good, secrets: { api_key: 'x\r\ny' } }, 'secrets.api_key'],
      ['a secret that is too long', { ...good, secrets: { api_key: 'x'.repeat(16_385) } }, 'secrets.api_key'],
      ['a tag name in capitals', { ...good, tags: { Team: 'x' } }, 'tags.Team'],
      ['51 tags', { ...good, tags: Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`t${i}`, ''])) }, 'tags'],
      ['a control character in a tag', { ...good, tags: { team: 'a\u0000' } }, 'tags.team'],
      ['no CIDR', network({ allow_private: ['nowhere'] }), 'network.allow_private.0'],
      ['a path as the certificate', network({ ca: '/etc/ssl/ca.pem' }), 'network.ca'],
      ['a path as ca_file', network({ ca_file: '/etc/ssl/ca.pem' }), 'network.ca_file'],
      ['a certificate that is none', network({ ca: pem('bm90IGEgY2VydGlmaWNhdGU=') }), 'network.ca'],
      ['a limit of nothing', { ...good, limits: { concurrent: 0 } }, 'limits.concurrent'],
      ['a time-out of ten minutes', { ...good, timeouts: { connect_ms: 600_000 } }, 'timeouts.connect_ms'],
      ['a rule that the connector does not have', { ...good, allow_never: ['* /api/sql*'] }, 'allow_never.0'],
      ['a negative time', { ...good, replay_s: -1 }, 'replay_s'],
    ],
  )
  it('400 with a path as the certificate says what to send instead (D9)', async () => {
    const answer = await create(network({ ca_file: '/etc/ssl/ca.pem' }))
    expect(answer.body.detail).toContain('PEM text, not a path')
  })
  it('400 without the secret in any part of the answer', async () => {
    const answer = await create({ ...good, secrets: { api_key: 'canary-secret\n', other: 'canary-other' } })
    expect(JSON.stringify(answer.body)).not.toContain('canary')
  })
})
