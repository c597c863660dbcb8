import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { type GatePeople, peopleOf } from '../support/people.ts'
import { octroi } from './octroi.ts'

/** A proxy in a few lines, that can be as wrong as real configurations are. */
interface Habits {
  /** Over the headers by which it asks. `undefined`: left out. */
  readonly asks?: Readonly<Record<string, string | undefined>>
  readonly at?: string
  /** It never asks. */
  readonly asleep?: boolean
  /** It lets everybody in, whatever the gate says. */
  readonly deaf?: boolean
  readonly passesKeyOn?: boolean
  readonly passesCookiesOn?: boolean
  /** It makes an error of a redirect. */
  readonly staysHere?: boolean
}

let gate: TestGate
let key: string
const servers: Server[] = []
beforeAll(async () => {
  gate = await startTestGate({
    OCTROI_TRUSTED_PROXIES: '127.0.0.1',
    OCTROI_CLIENT_CERTIFICATE_HEADER: 'X-Client-Subject',
  })
  key = (await gate.api('POST', '/keys', { name: 'till', grants: [] })).body.key
  const allow = { authenticated: true }
  await gate.api('POST', '/routes', {
    id: 'orders',
    host: '127.0.0.1',
    path: '/orders/**',
    accept: { any: ['api_key'] },
    allow,
  })
})
afterAll(async () => {
  for (const server of servers) server.close().closeAllConnections()
  await gate.stop()
})

async function proxy(habits: Habits = {}, to = gate) {
  const {
    asks = {},
    at = '/forward-auth',
    asleep,
    deaf,
    passesKeyOn = true,
    passesCookiesOn = true,
    staysHere,
  } = habits
  const server = createServer(async (asked, response) => {
    if (asleep) return response.end('hello')
    const headers = Object.entries({
      'x-forwarded-method': asked.method,
      'x-forwarded-host': '127.0.0.1',
      'x-forwarded-uri': asked.url,
      'x-forwarded-proto': 'http',
      'x-forwarded-for': '127.0.0.1',
      'octroi-trace': asked.headers['octroi-trace'] as string,
      'api-key': passesKeyOn ? (asked.headers['api-key'] as string | undefined) : undefined,
      cookie: passesCookiesOn ? asked.headers.cookie : undefined,
      accept: asked.headers.accept,
      ...asks,
    }).filter((header): header is [string, string] => header[1] !== undefined)
    const status = await askGate(`${to.url}${at}`, Object.fromEntries(headers))
    response.writeHead(deaf ? 200 : status === 400 || (staysHere && status === 302) ? 500 : status).end()
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** `fetch` would say of itself that it is a script. */
async function askGate(url: string, headers: Record<string, string>): Promise<number> {
  const sent = request(url, { headers, agent: false })
  const [answer] = (await once(sent.end(), 'response')) as [IncomingMessage]
  answer.destroy()
  return answer.statusCode as number
}

async function doctor(url: string, args: readonly string[] = [], of = gate) {
  const ran = await octroi(['doctor', 'forward-auth', url, ...args], {
    env: { OCTROI_URL: of.url, OCTROI_KEY: of.adminKey, TILL_KEY: key },
  })
  expect(ran.stdout + ran.stderr).not.toContain(key)
  return ran
}

describe('octroi doctor forward-auth', () => {
  it('0 and every step, for a caller who passes', async () => {
    const ran = await doctor(`${await proxy()}/orders/7`, ['--caller-key-env', 'TILL_KEY'])
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    expect(ran.stdout).toMatch(/^ok +The check came from 127\.0\.0\.1, a trusted proxy/m)
    expect(ran.stdout).toContain('GET http://127.0.0.1/orders/7')
    expect(ran.stdout).toContain('Credentials arrived in: API-KEY.')
    expect(ran.stdout).toContain('orders (* 127.0.0.1/orders/**) decides')
    expect(ran.stdout).toMatch(/The gate lets administrator, by the key \w+, pass \(200\)/)
  })
  it('0 for a refusal that is a decision: without a key, and without a route', async () => {
    const url = await proxy()
    expect((await doctor(`${url}/orders/7`)).stdout).toContain('The gate answers 401 unauthenticated')
    const none = await doctor(`${url}/elsewhere`)
    expect([none.code, none.stdout]).toEqual([0, expect.stringContaining('No route is for this request')])
    expect(none.stdout).toContain('is for another path')
  })
  it('0 with --json: one document with what was seen', async () => {
    const { json } = await doctor(`${await proxy()}/orders/7`, ['--json', '--method', 'post'])
    expect(json).toMatchObject({ ok: true, method: 'POST', answered: { status: 401 } })
    expect(json.seen).toEqual([expect.objectContaining({ route: 'orders', code: 'unauthenticated', method: 'POST' })])
  })
  it('says that a certificate arrived, never whose, and nothing where the header says none', async () => {
    const told = async (subject: string) =>
      (await doctor(`${await proxy({ asks: { 'x-client-subject': subject } })}/orders/7`)).stdout
    const stdout = await told('CN=nobody-knows-this')
    expect(stdout).toContain('Credentials arrived in: x-client-subject (client certificate).')
    expect(stdout).not.toContain('nobody-knows-this')
    expect(await told('NONE')).toContain('No credential arrived; none was sent.')
  })
  it.each<[string, Habits, string]>([
    ['does not ask', { asleep: true }, 'no check with this trace arrived'],
    ['loses the trace', { asks: { 'octroi-trace': undefined } }, 'Octroi-Trace'],
    ['does not pass the key on', { passesKeyOn: false }, 'did not arrive'],
    ['says another method', { asks: { 'x-forwarded-method': 'HEAD' } }, 'the proxy says HEAD'],
    ['contradicts itself', { asks: { 'x-original-url': 'http://127.0.0.1/x' } }, 'contradict each other'],
    ['says http of a caller far away', { asks: { 'x-forwarded-for': '198.51.100.7' } }, '400 insecure_transport'],
    ['forgets the host', { asks: { 'x-forwarded-host': undefined } }, 'X-Forwarded-Host'],
    [
      'lets everybody in',
      { deaf: true, passesKeyOn: true, asks: { 'api-key': 'nobody-has-this-key' } },
      'The gate refused, and yet',
    ],
  ])('1 with what to do, for a proxy that %s', async (_, habits, said) => {
    const ran = await doctor(`${await proxy(habits)}/orders/7`, ['--caller-key-env', 'TILL_KEY'])
    expect([ran.code, ran.stdout]).toEqual([1, expect.stringContaining(said)])
    expect(ran.stdout).toContain('PROBLEM')
  })
  describe('sessions', () => {
    const asks = { 'x-forwarded-host': 'app.localhost' }
    let people: GatePeople
    let session: string
    beforeAll(async () => {
      people = await peopleOf(gate)
      await gate.api('POST', '/accounts', { kind: 'person', id: 'ada', name: 'Ada' })
      const route = { accept: { any: ['session'] }, allow: { authenticated: true } }
      await gate.api('POST', '/routes', { id: 'people', host: 'app.localhost', path: '/people', ...route })
      const { session: own } = await people.signIn('ada')
      const started = await people.sessions.startForHost(own.id, 'app.localhost', { address: '', userAgent: undefined })
      session = started?.token ?? ''
    })
    afterAll(() => people.close())
    const ask = (url: string, value: string, ...more: string[]) =>
      octroi(['doctor', 'forward-auth', url, ...more, ...(value === '' ? [] : ['--caller-session-env', 'SESSION'])], {
        env: { OCTROI_URL: gate.url, OCTROI_KEY: gate.adminKey, SESSION: value },
      })

    it.each<[string, () => string, string]>([
      ['a good one', () => session, 'a session of a person came, and is good'],
      ['none', () => '', 'no session cookie of this host came'],
      ['one of nobody', () => 'x'.repeat(43), 'is not known'],
      ['one that is none', () => 'short', 'no session of ours'],
    ])('0 and what became of %s', async (_, value, said) => {
      const ran = await ask(`${await proxy({ asks })}/people`, value())
      expect([ran.code, ran.stdout]).toEqual([0, expect.stringContaining(said)])
      if (value() !== '') expect(ran.stdout + ran.stderr).not.toContain(value())
    })
    it('of another host, and of one that has ended', async () => {
      const { session: own } = await people.signIn('ada')
      const other = await people.sessions.startForHost(own.id, 'b.localhost', { address: '', userAgent: undefined })
      const url = `${await proxy({ asks })}/people`
      expect((await ask(url, other?.token ?? '')).stdout).toContain('good at another host only')
      await people.sessions.end(own.id)
      expect((await ask(url, other?.token ?? '')).stdout).toContain('is not known')
    })
    it('0 for a page that leads to the sign-in; 1 where the proxy does not lead there', async () => {
      const ran = await ask(`${await proxy({ asks })}/people`, '', '--page')
      expect([ran.code, ran.stdout]).toEqual([0, expect.stringContaining('The proxy answered 302.')])
      const stays = await ask(`${await proxy({ asks, staysHere: true })}/people`, '', '--page')
      expect([stays.code, stays.stdout]).toEqual([1, expect.stringContaining('sends the browser to sign in')])
    })
    it('1 for a proxy that does not pass cookies on', async () => {
      const ran = await ask(`${await proxy({ asks, passesCookiesOn: false })}/people`, session)
      expect([ran.code, ran.stdout]).toEqual([1, expect.stringContaining('did not arrive')])
    })
    it('a warning where none is looked for; 64 for what is no value of a cookie', async () => {
      const ran = await ask(`${await proxy()}/orders/7`, session)
      expect(ran.stdout).toContain('none was looked for')
      expect(await ask(await proxy(), 'a=b; c')).toMatchObject({ code: 64 })
    })
  })

  it('warns of another host, of a missing address, and of 500 for a refusal that nginx does not know', async () => {
    const other = await proxy({ asks: { 'x-forwarded-host': 'other.example', 'x-forwarded-for': undefined } })
    const { stdout } = await doctor(`${other}/orders/7`)
    expect(stdout).toContain('the proxy says other.example')
    expect(stdout).toContain('does not say who calls')
    const unsafe = await doctor(`${await proxy({ asks: { 'x-forwarded-uri': '/a/../b' } })}/x`)
    expect([unsafe.code, unsafe.stdout]).toEqual([1, expect.stringContaining('?for=nginx')])
    expect(unsafe.stdout).not.toContain('No route')
  })
  it('1 for a proxy that is not trusted, with its address', async () => {
    const wary = await startTestGate()
    const ran = await doctor(`${await proxy({}, wary)}/orders/7`, [], wary)
    expect([ran.code, ran.stdout]).toEqual([1, expect.stringContaining('OCTROI_TRUSTED_PROXIES (127.0.0.1)')])
    await wary.stop()
  })
  it('1 where nothing answers; 64 for what is no URL, and for a URL with a password', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => server.close(resolve))
    expect(await doctor(`http://127.0.0.1:${port}/x`)).toMatchObject({ code: 1 })
    for (const url of ['nonsense', 'ftp://a.example/', 'http://user:secret@a.example/']) {
      const ran = await doctor(url)
      expect([ran.code, ran.stderr]).toEqual([64, expect.not.stringContaining('secret')])
    }
  })
})
