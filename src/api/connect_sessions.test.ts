import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { refusals } from '../../test/api/refusals.ts'
import { startWorld, type World } from '../../test/api/world.ts'
import { suspend } from '../../test/connect/suspend.ts'
import { Browser, connectAsPerson, onwardOf, sendForm } from '../../test/requirements/person.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())

const BACK = 'http://127.0.0.1:9/back'
const NEAR = { allow_private: true, allow_http: true }

/** A session for a service with one secret; `extra` over the body. */
const sessionBody = (extra: object = {}) => ({
  connector: 'generic-api-key',
  settings: { base_url: world.upstream.url, test_path: '/status/200' },
  network: NEAR,
  ...extra,
})
const open = (extra: object = {}, key?: string) =>
  world.must('connect-sessions.create', { body: sessionBody(extra), key })

const LIMITED = (limit: object) => [
  'connect-sessions.write',
  { permission: 'connections.write', ...limit },
  { permission: 'connections.write_network', ...limit },
]

/** The link as tests reach it: the public address of the world's gate has no port. */
const reached = (url: string) => `${world.gate.url}${new URL(url).pathname}`

/** A person fills the form in. Where the page leads on to, if it does. */
async function filledIn(url: string, api_key = 'canary-typed'): Promise<string | undefined> {
  const browser = new Browser()
  const page = await sendForm(browser, reached(url), await browser.visit(reached(url)), { 'secrets.api_key': api_key })
  return onwardOf(page)
}

describe('connect-sessions.create', () => {
  it('201 with a link for half an hour, the id that the connection will have, and no redirect address', async () => {
    const made = await open({ connection_id: 'first' })
    expect(made).toEqual({
      id: expect.stringMatching(/^[a-z0-9]{16}$/),
      connector: 'generic-api-key',
      connection_id: 'first',
      state: 'pending',
      expires_at: expect.any(String),
      url: expect.stringMatching(/\/connect\/[\w-]{43}$/),
      redirect_uri: null,
    })
    const minutes = (Date.parse(made.expires_at) - Date.now()) / 60_000
    expect(minutes).toBeGreaterThan(29)
    expect(minutes).toBeLessThanOrEqual(30)
  })

  it('201 with a redirect address of its own for a connection that brings its own application (D4)', async () => {
    const at = (id: string) => ({ connector: 'generic-oauth2', connection_id: id, settings: {}, network: {} })
    const [one, other] = [await open(at('one')), await open(at('other'))]
    expect(one.redirect_uri).toMatch(/\/connect\/callback\/generic-oauth2\/one$/)
    expect(other.redirect_uri).toMatch(/\/connect\/callback\/generic-oauth2\/other$/)
  })

  it('201 with an id for each of many who come back to an application at once', async () => {
    const ids = [await open({ return_url: BACK }), await open({ return_url: BACK })].map((made) => made.connection_id)
    expect(new Set(ids).size).toBe(2)
  })

  it('201 again with the same Idempotency-Key, and the link not shown again (D13)', async () => {
    const call = { body: sessionBody(), headers: { 'Idempotency-Key': 'one-link' } }
    const first = await world.must('connect-sessions.create', call)
    const again = await world.call('connect-sessions.create', call)
    expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([201, 'true'])
    const { url: _, ...rest } = first
    expect(again.body).toEqual(rest)
  })

  it('409 conflict for a connection that a restore suspended: its account is another installation’s', async () => {
    const id = await world.newConnection()
    await suspend(world.gate, id)
    const body = { connector: 'generic-api-key', connection_id: id }
    expect((await world.call('connect-sessions.create', { body })).body).toMatchObject({
      status: 409,
      code: 'conflict',
    })
  })

  it('422 insecure_upstream where the settings lead to an address that is not opened', async () => {
    const answer = await world.call('connect-sessions.create', { body: sessionBody({ network: {} }) })
    expect(answer.body).toMatchObject({
      status: 422,
      code: 'insecure_upstream',
      errors: [expect.objectContaining({ path: 'settings.base_url' })],
    })
  })

  it('422 secrets_required where a shared application would be sent elsewhere (D8)', async () => {
    const settings = {
      authorization_url: 'https://a.example/a',
      token_url: 'https://a.example/t',
      base_url: 'https://a.example',
    }
    const secrets = { client_id: 'a', client_secret: 'b' }
    await world.must('connector-apps.set', { params: { id: 'generic-oauth2' }, body: { settings, secrets } })
    const ask = (more: object) =>
      world.call('connect-sessions.create', { body: { connector: 'generic-oauth2', return_url: BACK, ...more } })
    const stolen = await ask({ settings: { ...settings, token_url: 'https://thief.example/t' } })
    expect(stolen.body).toMatchObject({ status: 422, code: 'secrets_required' })
    expect((await ask({ network: { allow_http: true } })).body.code).toBe('secrets_required')
    await world.must('connector-apps.delete', { params: { id: 'generic-oauth2' } })
  })

  describe('D6, D7: a key whose rights are limited', () => {
    const limit = { tags: { customer: '42' } }
    const refused = async (key: string, extra: object) =>
      (await world.call('connect-sessions.create', { body: sessionBody({ return_url: BACK, ...extra }), key })).body
    it('403 for tags beyond its own, for a connection of others, for an opened network that it may not open', async () => {
      const { key } = await world.newKey({ permissions: LIMITED(limit) })
      const foreign = await world.newConnection({ tags: { customer: '43' } })
      const again = { connection_id: foreign, settings: {}, network: {} }
      expect(await refused(key, { tags: { customer: '43' } })).toMatchObject({ code: 'not_granted' })
      expect(await refused(key, {})).toMatchObject({ code: 'not_granted' })
      expect(await refused(key, again)).toMatchObject({ code: 'not_granted' })
      // Nor what it is: whichever connector is named, the answer is the same.
      const [asBrevo, asOwn] = [await refused(key, { ...again, connector: 'brevo' }), await refused(key, again)]
      expect(asBrevo.detail).toBe(asOwn.detail)
      const { key: closed } = await world.newKey({ permissions: LIMITED(limit).slice(0, 2) })
      expect(await refused(closed, limit)).toMatchObject({ code: 'not_granted' })
      expect((await open({ ...limit, return_url: BACK }, key)).state).toBe('pending')
    })
    it('400 without return_url, which only a key with all connections may leave out (D3)', async () => {
      const { key } = await world.newKey({ permissions: LIMITED(limit) })
      const answer = await world.call('connect-sessions.create', { body: sessionBody(limit), key })
      expect(answer.body.errors).toEqual([expect.objectContaining({ path: 'return_url' })])
    })
  })

  it('400 where the person would choose the address in an opened network (D9); one that may be left out is not asked for', async () => {
    const body = { connector: 'generic-oauth2', network: NEAR, settings: {} }
    const answer = await world.call('connect-sessions.create', { body })
    expect(answer.body.errors.map(({ path }: { path: string }) => path)).toEqual([
      'settings.base_url',
      'settings.authorization_url',
      'settings.token_url',
    ])
    const at = { base_url: world.upstream.url, authorization_url: world.upstream.url, token_url: world.upstream.url }
    const { url } = await open({ ...body, settings: at })
    const page = await new Browser().visit(reached(url))
    expect(page).not.toMatch(/name="settings\.(revocation_url|token_url|base_url)"/)
    expect(page).toContain('name="settings.scope"')
  })

  const NOT_BACK = [
    'nowhere',
    'ftp://app.example/',
    'http://app.example/',
    'https://me:pw@app.example/',
    `${BACK}#x`,
    'javascript:alert(1)',
  ]
  it.each(NOT_BACK)('400 with return_url %s', async (return_url) => {
    const { body } = await world.call('connect-sessions.create', { body: sessionBody({ return_url }) })
    expect(body).toMatchObject({ status: 400, errors: [expect.objectContaining({ path: 'return_url' })] })
  })

  it('400 with settings, tags, a name or a scheme for a connection that exists', async () => {
    const id = await world.newConnection()
    for (const [name, value] of Object.entries({
      settings: { base_url: 'https://x.example' },
      tags: { a: 'b' },
      name: 'N',
      scheme: 'api_key',
    })) {
      const body = { connector: 'generic-api-key', connection_id: id, [name]: value }
      const answer = await world.call('connect-sessions.create', { body })
      expect(answer.body).toMatchObject({ status: 400, errors: [expect.objectContaining({ path: name })] })
    }
    const other = await world.call('connect-sessions.create', { body: { connector: 'brevo', connection_id: id } })
    expect(other.body).toMatchObject({ status: 400, errors: [expect.objectContaining({ path: 'connector' })] })
  })

  refusals(
    'connect-sessions.create',
    () => world,
    () => ({ body: sessionBody() }),
    [
      ['an unknown connector', { connector: 'nosuch' }, 'connector'],
      ['another scheme', { connector: 'generic-api-key', scheme: 'oauth2' }, 'scheme'],
      ['an unknown setting', { connector: 'generic-api-key', settings: { nosuch: 'x' } }, 'settings.nosuch'],
      ['no connector', {}, 'connector'],
    ],
  )
})

describe('connect-sessions.get', () => {
  it('200 with how far it has come, for the key that made it', async () => {
    const { id, url } = await open({ connection_id: 'watched', return_url: BACK })
    const state = async () => (await world.must('connect-sessions.get', { params: { id } })).state
    expect(await state()).toBe('pending')
    const back = new URL((await filledIn(url)) as string)
    expect(await state()).toBe('finished')
    const body = { code: back.searchParams.get('code') }
    await world.must('connect-sessions.redeem', { params: { id }, body })
    expect(await state()).toBe('done')
  })
  it('404 not_found for an unknown id and for the session of another key', async () => {
    const { id } = await open()
    const { key } = await world.newKey({ permissions: ['connect-sessions.write'] })
    for (const call of [{ params: { id: 'z' } }, { params: { id }, key }])
      expect((await world.call('connect-sessions.get', call)).body).toMatchObject({ status: 404, code: 'not_found' })
  })
  refusals(
    'connect-sessions.get',
    () => world,
    async () => ({ params: { id: (await open()).id } }),
  )
})

describe('connect-sessions.redeem', () => {
  let params: { id: string }
  let code: string
  let key: string
  beforeEach(async () => {
    ;({ key } = await world.newKey({ permissions: LIMITED({ tags: { customer: '42' } }) }))
    const made = await open({ tags: { customer: '42' }, return_url: `${BACK}?of=theirs` }, key)
    params = { id: made.id }
    const back = new URL((await filledIn(made.url)) as string)
    expect([back.searchParams.get('of'), back.searchParams.get('session')]).toEqual(['theirs', made.id])
    code = back.searchParams.get('code') as string
  })
  const redeem = (more: object = {}) => world.call('connect-sessions.redeem', { params, body: { code }, key, ...more })

  it('200 with the connection, which works', async () => {
    const { status, body } = await redeem()
    expect([status, body]).toEqual([200, expect.objectContaining({ state: 'ready', tags: { customer: '42' } })])
    const { secrets } = await world.must('connections.credentials', { params: { id: body.id } })
    expect(secrets.api_key).toBe('canary-typed')
    const { items } = await world.must('audit.list', { query: { connection: body.id } })
    const line = items.find(({ action }: { action: string }) => action === 'connect-sessions.redeem')
    expect(line).toMatchObject({ phase: 'finished', status: 200, target: `connection:${body.id}` })
  })
  it('404 not_found for another key, the administrator’s too', async () => {
    expect((await redeem({ key: world.gate.adminKey })).body).toMatchObject({ status: 404, code: 'not_found' })
    expect((await redeem({ params: { id: 'z' } })).body).toMatchObject({ status: 404, code: 'not_found' })
    expect((await redeem()).status).toBe(200)
  })
  it('400 with a wrong code, which spends nothing', async () => {
    expect((await redeem({ body: { code: 'wrong' } })).body.errors).toEqual([{ path: 'code', message: 'is wrong' }])
    expect((await redeem()).status).toBe(200)
  })
  it('409 conflict the second time, for one of two at once, and before the person has finished', async () => {
    const both = await Promise.all([redeem(), redeem()])
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409])
    expect((await redeem()).body).toMatchObject({ status: 409, code: 'conflict' })
    const early = await open({ return_url: BACK })
    const answer = await world.call('connect-sessions.redeem', { params: { id: early.id }, body: { code: 'x' } })
    expect(answer.body).toMatchObject({ status: 409, code: 'conflict' })
  })
  it('409 conflict where the id was taken meanwhile; it can be redeemed when that is gone', async () => {
    const made = await open({ connection_id: 'contested', return_url: BACK })
    const back = new URL((await filledIn(made.url)) as string)
    await world.newConnection({ id: 'contested' })
    const call = { params: { id: made.id }, body: { code: back.searchParams.get('code') } }
    expect((await world.call('connect-sessions.redeem', call)).body).toMatchObject({ status: 409, code: 'conflict' })
    await world.must('connections.delete', { params: { id: 'contested' } })
    expect((await world.must('connect-sessions.redeem', call)).id).toBe('contested')
  })
  it('403 where the key lost its right meanwhile (D6)', async () => {
    const { id } = await world.must('keys.self', { key })
    const permissions = LIMITED({ tags: { customer: '43' } })
    await world.must('keys.update', { params: { id }, body: { permissions } })
    expect((await redeem()).body).toMatchObject({ status: 403, code: 'not_granted' })
  })
  // 409 identity_changed: test/connect/sign_in.test.ts, with a service that says who signed in.
  // 503 busy: test/renewals/changes.test.ts, whose rule this is.
  refusals(
    'connect-sessions.redeem',
    () => world,
    () => ({ params: { id: 'a' }, body: { code: 'x' } }),
    [['no code', {}, 'code']],
  )
})

it('what a page makes without return_url is there at once, and in the trail with the key that made the link', async () => {
  const { url, id } = await open({ connection_id: 'by-page' })
  await connectAsPerson(reached(url), { 'secrets.api_key': 'typed' })
  expect((await world.must('connect-sessions.get', { params: { id } })).state).toBe('done')
  const { id: keyId } = await world.must('keys.self')
  const { items } = await world.must('audit.list', { query: { connection: 'by-page' } })
  expect(items.find((line: { action: string }) => line.action === 'connect-sessions.finish')).toMatchObject({
    key: keyId,
    address: '127.0.0.1',
    status: 200,
  })
})
