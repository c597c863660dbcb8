import { afterEach, describe, expect, it } from 'vitest'
import { basic, call, testClock } from './calling.ts'
import {
  startTripletex,
  TRIPLETEX_ACCOUNTANT,
  TRIPLETEX_CONSUMER,
  TRIPLETEX_EMPLOYEE,
  type Tripletex,
  type TripletexOptions,
} from './tripletex.ts'

let tripletex: Tripletex
const clock = testClock()

async function start(options: TripletexOptions = {}): Promise<void> {
  clock.set('2026-11-21T12:00:00Z')
  tripletex = await startTripletex({ now: clock.now, ...options })
}
afterEach(() => tripletex.stop())

const GOOD = {
  consumerToken: TRIPLETEX_CONSUMER,
  employeeToken: TRIPLETEX_EMPLOYEE.token,
  expirationDate: '2026-11-23',
}
const create = (fields: object = {}) =>
  call(`POST ${tripletex.url}/v2/token/session/:create`, { json: { ...GOOD, ...fields } })
const session = async (fields: object = {}): Promise<string> => (await create(fields)).body.value.token
const get = (path: string, company: string | number, token: string) =>
  call(`GET ${tripletex.url}/v2/${path}`, { headers: { Authorization: basic(company, token) } })

describe('creation', () => {
  it('201 with a token that looks like a JWT and is none; 200 for the query form', async () => {
    await start()
    const answer = await create()
    expect([answer.status, answer.body.value.expirationDate]).toEqual([201, '2026-11-23'])
    expect(answer.headers.get('x-tlx-request-id')).toBeTruthy()
    const { token } = answer.body.value
    expect([token.slice(0, 3), token.includes('.')]).toEqual(['eyJ', false])
    expect(JSON.parse(Buffer.from(token, 'base64').toString())).toMatchObject({ token: /^test-/ })
    const query = new URLSearchParams(GOOD)
    expect((await call(`PUT ${tripletex.url}/v2/token/session/:create?${query}`)).status).toBe(200)
    expect([tripletex.tokenRequests(), tripletex.sessionsMinted()]).toEqual([2, 2])
  })

  it.each([
    ['consumerToken', { consumerToken: 'test-unknown' }],
    ['employeeToken', { employeeToken: 'test-unknown' }],
    ['expirationDate', { expirationDate: undefined }],
    ['expirationDate', { expirationDate: '2026-02-30' }],
  ])('422 / 18000 with field arg:%s for %j', async (field, wrong) => {
    await start()
    const answer = await create(wrong)
    expect([answer.status, answer.body.code]).toEqual([422, 18000])
    expect(answer.body.validationMessages[0].field).toBe(`arg:${field}`)
    expect(answer.body.requestId).toBe(answer.headers.get('x-tlx-request-id'))
  })

  it('409 / 8000 for a second one for the same employee meanwhile, when switched on', async () => {
    await start()
    tripletex.refuseConcurrentCreation(true)
    tripletex.slowTokens(100)
    const both = await Promise.all([create(), create()])
    expect(both.map(({ status }) => status).sort()).toEqual([201, 409])
    expect(both.find(({ status }) => status === 409)?.body.code).toBe(8000)
    expect([(await create()).status, tripletex.peakTokenRequests()]).toEqual([201, 2])
  })

  it('404 for a refresh token unless it is offered; 422 for more than 28800 seconds', async () => {
    await start()
    const post = (ttlSeconds: number) =>
      call(`POST ${tripletex.url}/v2/token/session/:createFromRefreshToken`, {
        json: { refreshToken: 'r', ttlSeconds },
      })
    expect((await post(60)).status).toBe(404)
    await tripletex.stop()
    await start({ refreshTokens: { r: TRIPLETEX_EMPLOYEE } })
    expect((await post(28_801)).status).toBe(422)
    const { token } = (await post(60)).body.value
    expect((await get('customer', 0, token)).status).toBe(200)
    clock.advance(60)
    expect((await get('customer', 0, token)).status).toBe(401)
  })
})

describe('use', () => {
  it('401 from midnight in Norway at the start of the date', async () => {
    await start()
    const token = await session()
    clock.set('2026-11-22T22:59:59Z')
    expect((await get('customer', 0, token)).status).toBe(200)
    clock.set('2026-11-22T23:00:00Z')
    const answer = await get('customer', 0, token)
    expect([answer.status, answer.body.code]).toEqual([401, 3000])
  })

  it('401 at once for a session of the current date, which was minted all the same', async () => {
    await start()
    const answer = await create({ expirationDate: '2026-11-21' })
    expect(answer.status).toBe(201)
    expect((await get('customer', 0, answer.body.value.token)).status).toBe(401)
  })

  it('403 / 9000 for an accountant with company 0, but for the two calls that choose a company', async () => {
    await start()
    const token = await session({ employeeToken: TRIPLETEX_ACCOUNTANT.token })
    const refused = await get('customer', 0, token)
    expect([refused.status, refused.body.code]).toEqual([403, 9000])
    expect((await get('token/session/%3EwhoAmI', 0, token)).body.value.employeeId).toBe(77)
    const { values } = (await get('company/%3EwithLoginAccess', '', token)).body
    expect(values).toEqual([{ id: 600 }, { id: 601 }, { id: 602 }])
    expect([(await get('customer', 601, token)).status, (await get('customer', 501, token)).status]).toEqual([200, 403])
  })

  it('401 with Bearer, 401 after DELETE (204), 401 after the employee token is revoked', async () => {
    await start()
    const [first, second] = [await session(), await session()]
    const bearer = { headers: { Authorization: `Bearer ${first}` } }
    expect((await call(`GET ${tripletex.url}/v2/customer`, bearer)).status).toBe(401)
    const gone = await call(`DELETE ${tripletex.url}/v2/token/session/${encodeURIComponent(first)}`, {
      headers: { Authorization: basic(0, second) },
    })
    expect([gone.status, (await get('customer', 0, first)).status]).toEqual([204, 401])
    expect([(await get('customer', 0, second)).status, tripletex.sessionsAlive()]).toEqual([200, 1])
    tripletex.revokeEmployee(TRIPLETEX_EMPLOYEE.token)
    expect([(await get('customer', 0, second)).status, (await create()).status]).toEqual([401, 422])
  })

  it('429 over the limit, with the seconds that are left', async () => {
    await start()
    tripletex.limitRequests(1, 30)
    const token = await session()
    expect((await get('customer', 0, token)).headers.get('x-rate-limit-remaining')).toBe('0')
    clock.advance(10)
    const over = await get('customer', 0, token)
    expect([over.status, over.headers.get('x-rate-limit-reset')]).toEqual([429, '20'])
    clock.advance(20)
    expect((await get('customer', 0, token)).status).toBe(200)
  })
})

describe('faults', () => {
  it('a status, a dropped socket, and an answer lost after the session was minted', async () => {
    await start()
    tripletex.failTokens(1, 503)
    tripletex.failTokens(1, 'drop')
    tripletex.failTokens(1, 'lose')
    expect((await create()).status).toBe(503)
    await expect(create()).rejects.toThrow()
    expect(tripletex.sessionsMinted()).toBe(0)
    await expect(create()).rejects.toThrow()
    expect([tripletex.sessionsMinted(), tripletex.tokenRequests(), (await create()).status]).toEqual([1, 3, 201])
  })
})
