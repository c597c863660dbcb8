import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { HashThread } from '../../src/inbound/hashes/hash_thread.ts'
import { ask, askRaw, keyWithId, type Scene, startScene } from '../gateway/scene.ts'
import { BEHIND_PROXY, fromElsewhere, makeService } from '../support/jwt_issuer.ts'

const RIGHT = 'correct horse battery'

let scene: Scene
/** How many passwords the gate has hashed. */
let hashes = 0
const { matches } = HashThread.prototype
beforeAll(async () => {
  vi.spyOn(HashThread.prototype, 'matches').mockImplementation(function (this: HashThread, ...args) {
    hashes++
    return matches.apply(this, args)
  })
  scene = await startScene({}, { env: BEHIND_PROXY })
  await makeService(scene.gate, 'till', { password: RIGHT })
  await makeService(scene.gate, 'off', { password: RIGHT })
  await scene.gate.api('POST', '/accounts/off/disable')
  await makeService(scene.gate, 'bare')
  await scene.gate.api('POST', '/accounts', { id: 'ada', kind: 'person', name: 'Ada', email: 'ada@example.org' })
})
afterAll(async () => {
  vi.restoreAllMocks()
  await scene.stop()
})
beforeEach(() => {
  hashes = 0
})

type From = { from?: string | undefined; headers?: Record<string, string> }

const basic = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
async function call(authorization: string, { from = fromElsewhere(), headers = {} }: From = {}) {
  const answer = await ask({ gate: scene.gate, key: '' }, '/x', {
    headers: { authorization, 'x-forwarded-for': from, ...headers },
  })
  return { ...answer, got: [answer.status, answer.code] }
}
const guess = (user: string, password: string, more?: From) => call(basic(user, password), more)

/** All of an answer that its request alone does not explain. */
function shown({ status, headers, text }: Awaited<ReturnType<typeof call>>): unknown {
  const own = [...headers].filter(([name]) => !['date', 'octroi-request-id'].includes(name))
  return [status, own, text.replace(/"request_id":"\w+"/, '')]
}

describe('T40: an answer says nothing of who is there', () => {
  const nobodies: [string, string, string][] = [
    ['an unknown account', 'nobody', 'wrong password'],
    ['a wrong password', 'till', 'wrong password'],
    ['a disabled account, right', 'off', RIGHT],
    ['a disabled account, wrong', 'off', 'wrong password'],
    ['a service without a password', 'bare', 'wrong password'],
    ['a person', 'ada', 'wrong password'],
    ['a person by address', 'ada@example.org', 'wrong password'],
    ['an account in capitals', 'TILL', RIGHT],
    ['an account with spaces', ' till ', RIGHT],
    ['what can be no account', '../till', RIGHT],
    ['no user name', '', RIGHT],
  ]

  it('the same status, headers and body for all of them, and for a wrong key', async () => {
    const answers = [shown(await call('Bearer oct_key_nobodys'))]
    for (const [, user, password] of nobodies) answers.push(shown(await guess(user, password)))
    expect((answers[0] as unknown[])[0]).toBe(401)
    for (const answer of answers) expect(answer).toEqual(answers[0])
  })

  it.each(nobodies)('the same work: one hash for %s, each time', async (_, user, password) => {
    for (let i = 1; i <= 5; i++) {
      expect((await guess(user, password)).got).toEqual([401, 'unauthenticated'])
      expect(hashes).toBe(i)
    }
  })

  it('64 of each: one hash each, and never another answer', async () => {
    const kinds: [string, (i: number) => string][] = [
      ['stranger', (i) => `wrong ${i}`],
      ['till', (i) => `wrong ${i}`],
      ['off', () => RIGHT],
      ['bare', (i) => `wrong ${i}`],
    ]
    const seen = new Set<string>()
    for (const [user, password] of kinds) {
      hashes = 0
      for (let i = 0; i < 64; i++) seen.add(JSON.stringify(shown(await guess(user, password(i)))))
      expect([user, hashes]).toEqual([user, 64])
    }
    expect(seen.size).toBe(1)
    // 256 hashes by the thread that gives way to whatever else the machine has to do.
  }, 240_000)

  it('once disabled, a password that was right a moment ago costs what a wrong one costs', async () => {
    await makeService(scene.gate, 'brief', { password: RIGHT })
    expect((await guess('brief', RIGHT)).status).toBe(200)
    await scene.gate.api('POST', '/accounts/brief/disable')
    hashes = 0
    expect((await guess('brief', RIGHT)).got).toEqual([401, 'unauthenticated'])
    expect(hashes).toBe(1)
  })
})

describe('a service with its own password', () => {
  it('200, hashed once however often it calls, also when other things change', async () => {
    const from = fromElsewhere()
    for (let i = 0; i < 10; i++) expect((await guess('till', RIGHT, { from })).status).toBe(200)
    await keyWithId(scene.gate, [])
    expect((await guess('till', RIGHT, { from })).status).toBe(200)
    expect(hashes).toBeLessThanOrEqual(1)
  })

  it('hashed once for many calls at the same time', async () => {
    await makeService(scene.gate, 'many', { password: RIGHT })
    hashes = 0
    const from = fromElsewhere()
    const answers = await Promise.all(Array.from({ length: 40 }, () => guess('many', RIGHT, { from })))
    expect(answers.map(({ status }) => status)).toEqual(new Array(40).fill(200))
    expect(hashes).toBe(1)
  })

  it('401 from the next request once the password is another, or gone', async () => {
    await makeService(scene.gate, 'moving', { password: RIGHT })
    expect((await guess('moving', RIGHT)).status).toBe(200)
    await scene.gate.api('POST', '/accounts/moving/password', { password: 'another password' })
    expect((await guess('moving', RIGHT)).status).toBe(401)
    expect((await guess('moving', 'another password')).status).toBe(200)
    await scene.gate.api('DELETE', '/accounts/moving/password')
    expect((await guess('moving', 'another password')).status).toBe(401)
  })

  it('a key is taken as the password of whatever user, and costs no hash', async () => {
    expect((await guess('whoever', scene.key)).status).toBe(200)
    expect((await guess('', scene.key)).status).toBe(200)
    expect(hashes).toBe(0)
  })
})

describe('T41: one bucket', () => {
  const BLOCK = '2001:db8:41:1'

  it('T41: ten guesses at one identity from one /64, whatever the spelling; refused unheard then', async () => {
    await makeService(scene.gate, 'victim', { password: RIGHT })
    const spellings = ['victim', ' victim', 'VICTIM', 'ｖｉｃｔｉｍ', 'vic\u200btim', 'Victim ']
    hashes = 0
    for (let i = 0; i < 10; i++) {
      const answer = await guess(spellings[i % spellings.length] as string, `guess ${i}`, {
        from: `${BLOCK}::${i + 1}`,
      })
      expect(answer.got).toEqual([401, 'unauthenticated'])
    }
    for (const spelling of spellings) {
      const answer = await guess(spelling, RIGHT, { from: `${BLOCK}:ffff::1` })
      expect(answer.got).toEqual([429, 'rate_limited'])
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(600)
    }
    expect(hashes).toBe(10)
    expect((await guess('victim', RIGHT, { from: '2001:db8:41:2::1' })).status).toBe(200)
  })

  it('T41: an identity that does not exist is limited as one that does', async () => {
    const from = '2001:db8:42:1::1'
    for (let i = 0; i < 10; i++) expect((await guess('nobody-here', `guess ${i}`, { from })).status).toBe(401)
    expect((await guess('nobody-here', 'x', { from })).got).toEqual([429, 'rate_limited'])
  })

  it('T41: all doors have the same bucket', async () => {
    await makeService(scene.gate, 'doors', { password: RIGHT })
    const from = '2001:db8:43:1::1'
    for (let i = 0; i < 5; i++) {
      expect((await guess('doors', `guess ${i}`, { from })).status).toBe(401)
      const headers = { authorization: basic('doors', `other ${i}`), 'x-forwarded-for': from }
      expect((await scene.gate.api('GET', '/keys/self', undefined, { key: null, headers })).status).toBe(401)
    }
    expect((await guess('doors', RIGHT, { from })).status).toBe(429)
    const metrics = await fetch(`${scene.gate.url}/metrics`, {
      headers: { authorization: basic('doors', RIGHT), 'x-forwarded-for': from },
    })
    expect(metrics.status).toBe(429)
  })

  it('nobody locks a program out: what was right goes on, from where it was right', async () => {
    await makeService(scene.gate, 'working', { password: RIGHT })
    const from = '2001:db8:44:1::1'
    expect((await guess('working', RIGHT, { from })).status).toBe(200)
    for (let i = 0; i < 10; i++) await guess('working', `guess ${i}`, { from })
    expect((await guess('working', 'guess', { from })).status).toBe(429)
    for (let i = 0; i < 5; i++) expect((await guess('working', RIGHT, { from })).status).toBe(200)
    expect((await guess('working', RIGHT, { from: '2001:db8:44:1::2' })).status).toBe(200)
  })

  it('T41: success resets only its own', async () => {
    await makeService(scene.gate, 'own', { password: RIGHT })
    const from = '2001:db8:45:1::1'
    for (let i = 0; i < 10; i++) await guess('till', `guess ${i}`, { from })
    expect((await guess('own', RIGHT, { from })).status).toBe(200)
    expect((await guess('till', 'guess', { from })).status).toBe(429)
  })
})

describe('a storm of wrong keys', () => {
  const from = '2001:db8:46:1::1'

  it('401 for the first 600, then 429; the right key passes all the while, from the same address', async () => {
    const { key } = await keyWithId(scene.gate, [{ connection: 'svc', allow: ['GET /**'] }])
    const statuses: number[] = []
    const good: number[] = []
    const guesser = async (worker: number) => {
      for (let i = 0; i < 31; i++) statuses.push((await call(`Bearer wrong-${worker}-${i}`, { from })).status)
    }
    const worker = async () => {
      for (let i = 0; i < 20; i++) good.push((await call(`Bearer ${key}`, { from })).status)
    }
    await Promise.all([...Array.from({ length: 20 }, (_, i) => guesser(i)), worker(), worker()])
    expect(good).toEqual(new Array(40).fill(200))
    expect(statuses.filter((status) => status === 401).length).toBe(600)
    expect(statuses.filter((status) => status === 429).length).toBe(20)
  })

  it('a disabled key is answered as a wrong one, an expired or revoked one is told its holder', async () => {
    const { id, key } = await keyWithId(scene.gate, [])
    await scene.gate.api('PATCH', `/keys/${id}`, { disabled: true })
    expect((await call(`Bearer ${key}`, { from })).got).toEqual([429, 'rate_limited'])
    expect((await call(`Bearer ${key}`)).got).toEqual([401, 'unauthenticated'])
    await scene.gate.api('DELETE', `/keys/${id}`)
    expect((await call(`Bearer ${key}`, { from })).got).toEqual([401, 'key_revoked'])
  })

  it('another block is not slowed', async () => {
    expect((await call('Bearer wrong', { from: '2001:db8:46:2::1' })).got).toEqual([401, 'unauthenticated'])
  })
})

describe('A-09: what is no text', () => {
  it.each([
    'Authorization: Bearer cl\xe9',
    'API-KEY: \xff\xfe',
    'X-API-Key: cl\xc3\xa9',
    `Authorization: Basic ${btoa('\xff:\xfe')}`,
  ])('401, never 500, for %j', async (line) => {
    const from = `X-Forwarded-For: ${fromElsewhere()}`
    const { status, body } = await askRaw({ gate: scene.gate, key: '' }, 'GET /proxy/svc/x', from, line)
    expect([status, JSON.parse(body.toString()).code]).toEqual([401, 'unauthenticated'])
  })
})
