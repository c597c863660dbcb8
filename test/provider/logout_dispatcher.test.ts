import { decodeProtectedHeader } from 'jose'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LEASE_MS } from '../../src/provider/logout/dispatcher.ts'
import { TOLD_FOR_MS } from '../../src/provider/logout/logout_schedule.ts'
import { LOGOUT_EVENT } from '../../src/provider/logout/logout_token.ts'
import { ENGINES, Places } from '../store/places.ts'
import { stopSharedPostgres } from '../support/postgres.ts'
import { LogoutPlace } from './logout_place.ts'

/** Applications are told that a session has ended (OpenID Connect Back-Channel Logout 1.0): what, when, how often, by whom. */

const places = new Places()
let place: LogoutPlace
const prepare = async (engine: (typeof ENGINES)[number]) => {
  place = await LogoutPlace.on(places, engine)
}
afterEach(async () => {
  await place.close()
  await places.cleanUp()
}, 60_000)
afterAll(() => stopSharedPostgres(), 60_000)

const answer = (path: string, status: number) =>
  place.application.on(path, ({ response }) => response.writeHead(status, { location: '/elsewhere' }).end('canary'))
const events = async () =>
  (await place.open.store.events.list({ limit: 9 })).filter(({ type }) => type === 'client.logout_failed')
const calls = () => place.application.requests.map(({ url }) => url)

describe('one process', () => {
  beforeEach(() => prepare('sqlite'), 60_000)

  it('200: is told once, of whom and which session, in a token of two minutes that is no ID token', async () => {
    await place.visit('s1', ['shop', 'blog'])
    await place.end('s1')
    const dispatcher = place.dispatcher()
    await place.round(dispatcher)
    await place.round(dispatcher)
    const [token, ...more] = await place.told('shop')
    const iat = place.now / 1000
    expect(more).toEqual([])
    expect(token).toEqual({
      ...{ iss: 'https://gate.example.org/oidc', aud: 'shop', sub: 'ada', sid: 'sid of s1 at shop' },
      ...{ iat, exp: iat + 120, jti: expect.stringMatching(/^[a-z0-9]{22}$/), events: { [LOGOUT_EVENT]: {} } },
    })
    expect(token).not.toHaveProperty('nonce')
    const [other] = await place.told('blog')
    expect([other?.sid, other?.jti === token?.jti]).toEqual(['sid of s1 at blog', false])
    expect([await place.left(), place.outcomes]).toEqual([[], ['delivered', 'delivered']])
    const [sent] = place.application.requests
    expect([sent?.method, sent?.header('content-type')]).toEqual(['POST', 'application/x-www-form-urlencoded'])
  })
  it('200 with a token that is signed as the ID tokens of the application are', async () => {
    await place.addClient('old', { id_token_alg: 'RS256' })
    await place.visit('s1', ['shop', 'old'])
    await place.end('s1')
    await place.round(place.dispatcher())
    const [old] = place.application.requests.filter(({ url }) => url === '/old?told=1')
    const token = new URLSearchParams(old?.body.toString()).get('logout_token') ?? ''
    expect(decodeProtectedHeader(token)).toMatchObject({ alg: 'RS256', typ: 'logout+jwt' })
    expect([(await place.told('old')).length, (await place.told('shop')).length]).toEqual([1, 1])
  })
  it.each([200, 204])('%i: that is all', async (status) => {
    answer('/shop', status)
    await place.visit('s1', ['shop'])
    await place.end('s1')
    await place.round(place.dispatcher())
    expect([calls().length, await place.left()]).toEqual([1, []])
  })
  it('500: again after 5 s, 10 s, ..., with a token of its own, until it takes it', async () => {
    answer('/shop', 500)
    await place.visit('s1', ['shop'])
    await place.end('s1')
    const dispatcher = place.dispatcher()
    for (const [i, inS] of [5, 10, 20].entries()) {
      await place.round(dispatcher)
      expect(await place.left()).toEqual([{ client: 'shop', attempts: i + 1, inS }])
      place.now += inS * 1_000 - 1
      await place.round(dispatcher)
      expect(calls()).toHaveLength(i + 1)
      place.now += 1
    }
    answer('/shop', 200)
    await place.round(dispatcher)
    expect([calls().length, await place.left(), await events()]).toEqual([4, [], []])
    expect(place.outcomes).toEqual(['waiting', 'waiting', 'waiting', 'delivered'])
  })
  it.each([
    ['a redirect, which is not followed', 302],
    ['not there', 404],
    ['too much at once', 429],
  ])('%s: again later', async (_, status) => {
    answer('/shop', status)
    await place.visit('s1', ['shop'])
    await place.end('s1')
    await place.round(place.dispatcher())
    expect([calls(), await place.left()]).toEqual([['/shop?told=1'], [{ client: 'shop', attempts: 1, inS: 5 }]])
  })
  it('400: it cannot, and is not asked again; an event says so', async () => {
    answer('/shop', 400)
    await place.visit('s1', ['shop'])
    await place.end('s1')
    await place.round(place.dispatcher())
    const data = { sid: 'sid of s1 at shop', attempts: 1, status: 400, detail: 'The application answered 400.' }
    expect(await place.left()).toEqual([])
    expect(await events()).toMatchObject([{ subject: 'client:shop', data }])
    expect(place.outcomes).toEqual(['failed'])
  })
  it('nothing listens: given up a day after the session ended, with an event', async () => {
    await place.application.down()
    await place.visit('s1', ['shop'])
    await place.end('s1')
    const ended = place.now
    const dispatcher = place.dispatcher()
    let tries = 0
    for (let left = [{ inS: 0 }]; left.length > 0; left = await place.left(), tries++) {
      place.now += (left[0]?.inS ?? 0) * 1_000
      await place.round(dispatcher)
    }
    expect(place.now - ended).toBeGreaterThanOrEqual(TOLD_FOR_MS)
    expect(place.now - ended).toBeLessThan(TOLD_FOR_MS + 3_600_000)
    expect(tries).toBe(34)
    const detail = 'The application refuses connections: nothing listens at its address.'
    expect(await events()).toMatchObject([{ data: { attempts: 34, status: null, detail } }])
    expect(place.logged.join()).toContain('an application was not told')
  })
  it('one that does not answer is left alone for a while, the others are told meanwhile', async () => {
    answer('/shop', 503)
    for (let i = 0; i < 20; i++) await place.visit(`s${i}`, ['shop'])
    for (let i = 0; i < 20; i++) await place.end(`s${i}`)
    const dispatcher = place.dispatcher()
    await place.round(dispatcher)
    expect(calls()).toHaveLength(8)
    await place.visit('last', ['blog'])
    await place.end('last')
    for (let i = 0; i < 3; i++) await place.round(dispatcher)
    expect([calls().length, (await place.told('blog')).length]).toEqual([9, 1])
    const left = await place.left()
    expect(left.map(({ attempts }) => attempts).toSorted()).toEqual([...Array(12).fill(0), ...Array(8).fill(1)])
    expect(new Set(left.map(({ inS }) => inS))).toEqual(new Set([5]))
  })
  it.each<[string, () => Promise<unknown>]>([
    ['is deleted', () => place.open.store.clients.delete('shop', '2026-01-01T00:00:00.000Z')],
    ['no longer wants to be told', () => change({ backchannel_logout_uri: null })],
  ])('an application that %s: nobody is told', async (_, change) => {
    await place.visit('s1', ['shop'])
    await place.end('s1')
    await change()
    await place.round(place.dispatcher())
    expect([calls(), await place.left(), await events()]).toEqual([[], [], []])
  })
  it('an application that is switched off is told: it has people signed in', async () => {
    const shop = await place.open.store.clients.get('shop')
    await place.open.store.clients.update({
      ...(shop as NonNullable<typeof shop>),
      disabled_at: '2026-01-01T00:00:00Z',
    })
    await place.visit('s1', ['shop'])
    await place.end('s1')
    await place.round(place.dispatcher())
    expect(await place.told('shop')).toHaveLength(1)
  })
  it('the end of the process cuts off what hangs, and it is due at once for the next', async () => {
    place.application.on('/shop', () => undefined)
    await place.visit('s1', ['shop'])
    await place.end('s1')
    const dispatcher = place.dispatcher()
    await dispatcher.look()
    while (calls().length === 0) await new Promise((resolve) => setImmediate(resolve))
    await dispatcher.stop()
    expect(await place.left()).toEqual([{ client: 'shop', attempts: 0, inS: 0 }])
    await place.round(dispatcher)
    expect(calls()).toHaveLength(1)
    answer('/shop', 200)
    await place.round(place.dispatcher())
    expect([calls().length, await place.left()]).toEqual([2, []])
  })

  const change = async (more: object) => {
    const shop = await place.open.store.clients.get('shop')
    if (shop?.openid == null) throw new Error('no client')
    await place.open.store.clients.update({ ...shop, openid: { ...shop.openid, ...more } })
  }
})

describe('T32 the address of an application', () => {
  beforeEach(() => prepare('sqlite'), 60_000)

  it.each([
    ['loopback without leave', (url: string) => url, { allow_http: true }],
    ['the metadata address', () => 'http://169.254.169.254/latest', { allow_http: true, allow_private: true }],
    ['loopback in other digits', (url: string) => url.replace('127.0.0.1', '2130706433'), { allow_http: true }],
    ['loopback, mapped', (url: string) => url.replace('127.0.0.1', '[::ffff:7f00:1]'), { allow_http: true }],
  ])('%s: nothing is sent', async (_, at, network) => {
    await place.addClient('inside', { backchannel_logout_uri: at(`${place.application.url}/inside`), network })
    await place.visit('s1', ['inside'])
    await place.end('s1')
    await place.round(place.dispatcher())
    expect([calls(), await place.left()]).toEqual([[], [{ client: 'inside', attempts: 1, inS: 5 }]])
    place.now += TOLD_FOR_MS
    await place.round(place.dispatcher())
    expect((await events())[0]?.data.detail).toMatch(/may not be told at \(network.allow_private\)/)
  })
  it('our own listener is nobody’s application', async () => {
    await place.visit('s1', ['shop'])
    await place.end('s1')
    await place.round(place.dispatcher(place.open, [{ address: '127.0.0.1', port: place.application.port }]))
    expect(calls()).toEqual([])
  })
})

describe.each(ENGINES)('several processes on %s', (engine) => {
  beforeEach(() => prepare(engine), 60_000)

  it('tell each application once', async () => {
    for (let i = 0; i < 10; i++) await place.visit(`s${i}`, ['shop', 'blog'], i % 2 === 0 ? 'ada' : 'ben')
    for (let i = 0; i < 10; i++) await place.end(`s${i}`)
    const others = [await places.openAgain(place.open), await places.openAgain(place.open)]
    const processes = [place.open, ...others].map((open) => place.dispatcher(open))
    for (let i = 0; i < 3; i++) await Promise.all(processes.map((one) => place.round(one)))
    const told = [...(await place.told('shop')), ...(await place.told('blog'))]
    expect([told.length, new Set(told.map(({ sid }) => sid)).size, await place.left()]).toEqual([20, 20, []])
    expect(new Set(told.map(({ sub }) => sub))).toEqual(new Set(['ada', 'ben']))
  })
  it('what one had begun when it died is done by another, a minute later', async () => {
    await place.visit('s1', ['shop'])
    await place.end('s1')
    const at = (ms: number) => new Date(place.now + ms).toISOString()
    expect(await place.open.store.logoutNotices.claim(at(0), at(LEASE_MS), 1)).toHaveLength(1)
    const other = place.dispatcher(await places.openAgain(place.open))
    await place.round(other)
    expect(calls()).toEqual([])
    place.now += LEASE_MS
    await place.round(other)
    expect(await place.told('shop')).toHaveLength(1)
  })
})
