import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { AuthenticationMethod } from '../../src/core/people_types.ts'
import { codeOf, HOST } from './scene.ts'
import { type Jar, PUBLIC, pathOf, type SessionScene, startSessionScene } from './session_scene.ts'

/** Step-up: a route that asks for more than a session sends people to give it. */

let scene: SessionScene
beforeAll(async () => {
  scene = await startSessionScene()
  const accept = { any: ['session'] }
  const allow = { groups: ['staff'] }
  await scene.route({ path: '/two', accept, allow, session: { mfa: true } })
  await scene.route({ path: '/fresh', accept, allow, session: { max_age_s: 600 } })
  await scene.route({ path: '/both', accept, allow, session: { mfa: true, max_age_s: 600 } })
})
afterAll(() => scene.stop())
afterEach(() => void vi.useRealTimers())

const asked = (link: string | undefined) => {
  const { searchParams } = new URL(link ?? 'https://nowhere.invalid')
  return [searchParams.get('return_to'), searchParams.get('mfa'), searchParams.get('max_age')]
}

describe('two factors', () => {
  it.each<[readonly AuthenticationMethod[], number]>([
    [['pwd'], 302],
    [['fed'], 302],
    [['swk'], 302],
    [['pwd', 'user'], 302],
    [['pwd', 'otp'], 200],
    [['pwd', 'otp', 'mfa'], 200],
    [['pwd', 'kba'], 200],
    [['fed', 'mfa'], 200],
    [['swk', 'user'], 200],
    [['hwk', 'user', 'mfa'], 200],
  ])('with %j: %i', async (amr, status) => {
    const { jar } = await scene.enter('ada', { amr })
    const answer = await scene.open(jar, { uri: '/two' })
    expect(answer.status).toBe(status)
    if (status === 302) expect(asked(answer.header('location'))).toEqual([`https://${HOST}/two`, '1', null])
    // Elsewhere the same session is enough.
    expect(codeOf(await scene.open(jar, { uri: '/page' }))).toBe('200 passed')
  })

  it('401 for a script, with why', async () => {
    const { jar } = await scene.enter('ada')
    const answer = await scene.fetch(jar, { uri: '/two' })
    expect([codeOf(answer), answer.header('www-authenticate')]).toEqual([
      '401 unauthenticated',
      'Cookie realm="octroi"',
    ])
    expect(JSON.parse(answer.body.toString()).detail).toContain('two factors')
  })

  it('who gives it is let in, by another session', async () => {
    const { jar } = await scene.enter('ada')
    const before = new Map(jar)
    const link = (await scene.open(jar, { uri: '/two' })).header('location') as string
    const raised = await scene.people.signIn('ada', { amr: ['pwd', 'otp', 'mfa'] })
    await scene.open(jar, { uri: pathOf(await scene.people.leadOn(raised, link)) })
    expect(codeOf(await scene.open(jar, { uri: '/two' }))).toBe('200 passed')
    // T34: what stands for more is not what stood for less.
    expect(jar.get('__Host-octroi_session')).not.toBe(before.get('__Host-octroi_session'))
    expect((await scene.open(before, { uri: '/page' })).status).toBe(302)
  })

  it('the sign-in learns it from the route, whatever the link says', async () => {
    const { towards, needs } = await scene.people.hostSessions.towards(`https://${HOST}/both`, undefined)
    expect([towards, needs]).toEqual([
      { kind: 'host', returnTo: `https://${HOST}/both`, binding: '' },
      { mfa: true, maxAgeS: 600 },
    ])
  })
})

describe('a proof that is not too old', () => {
  it('200 until then, 302 after, and nothing that a page elsewhere minds', async () => {
    const { jar } = await scene.enter('ada')
    expect(codeOf(await scene.open(jar, { uri: '/fresh' }))).toBe('200 passed')
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 601_000 })
    const answer = await scene.open(jar, { uri: '/fresh' })
    expect([answer.status, ...asked(answer.header('location'))]).toEqual([302, `https://${HOST}/fresh`, null, '600'])
    expect(asked((await scene.open(jar, { uri: '/both' })).header('location')).slice(1)).toEqual(['1', '600'])
    expect(codeOf(await scene.open(jar, { uri: '/page' }))).toBe('200 passed')
  })

  it('it is the proof that counts, and not the session of the host', async () => {
    const { jar } = await scene.enter('ada', { authTime: new Date(Date.now() - 700_000).toISOString() })
    expect((await scene.open(jar, { uri: '/fresh' })).status).toBe(302)
  })
})

it('where servers read another path, its route asks too', async () => {
  const { jar } = await scene.enter('ada')
  const answer = await scene.open(jar, { uri: '/TWO' })
  expect([answer.status, ...asked(answer.header('location')).slice(1)]).toEqual([302, '1', null])
  expect(answer.header('location')).toContain(PUBLIC)
  const strong: Jar = (await scene.enter('ada', { amr: ['swk', 'user'] })).jar
  expect(codeOf(await scene.open(strong, { uri: '/TWO' }))).toBe('200 passed')
})
