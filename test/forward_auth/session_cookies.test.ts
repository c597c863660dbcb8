import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { codeOf, HOST, identityOf } from './scene.ts'
import { NAVIGATION, type SessionScene, startSessionScene } from './session_scene.ts'

/** What is made of cookies, whoever sends them. */

let scene: SessionScene
let token: string
beforeAll(async () => {
  scene = await startSessionScene()
  token = (await scene.enter('ada')).jar.get('__Host-octroi_session') as string
})
afterAll(() => scene.stop())

const NAME = '__Host-octroi_session'

describe('T8: a session cookie', () => {
  it.each<[string, () => readonly string[]]>([
    ['alone', () => [`${NAME}=${token}`]],
    ['among others', () => [`a=1; ${NAME}=${token}; b=2`]],
    ['without spaces', () => [`a=1;${NAME}=${token};b=2`]],
    ['in a line of its own', () => ['a=1', `${NAME}=${token}`, 'b=2']],
    ['beside the one of plain HTTP', () => [`octroi_session=${'x'.repeat(43)}; ${NAME}=${token}`]],
  ])('counts %s', async (_, lines) => {
    const answer = await scene.ask({ headers: lines().flatMap((line) => ['Cookie', line]) })
    expect([codeOf(answer), identityOf(answer).subject]).toEqual(['200 passed', 'ada'])
  })

  it.each<[string, () => readonly string[]]>([
    ['twice', () => [`${NAME}=${token}; ${NAME}=${token}`]],
    ['twice in two lines', () => [`${NAME}=${token}`, `${NAME}=${'x'.repeat(43)}`]],
    ['too short', () => [`${NAME}=${token.slice(1)}`]],
    ['too long', () => [`${NAME}=${token}a`]],
    ['huge', () => [`${NAME}=${'a'.repeat(20_000)}`]],
    ['empty', () => [`${NAME}=`]],
    ['without a value', () => [NAME]],
    ['in quotes', () => [`${NAME}="${token}"`]],
    ['percent-encoded', () => [`${NAME}=%61${token.slice(1)}`]],
    ['with something behind it', () => [`${NAME}=${token}\u00a0`]],
    ['of another case', () => [`${NAME.toUpperCase()}=${token}`]],
    ['under the name of plain HTTP', () => [`octroi_session=${token}`]],
    ['of nobody', () => [`${NAME}=${'a'.repeat(43)}`]],
  ])('is none %s: 302 for a page, 401 for the rest, and nobody’s identity', async (_, lines) => {
    const headers = lines().flatMap((line) => ['Cookie', line])
    const page = await scene.ask({ headers: [...headers, ...NAVIGATION] })
    const rest = await scene.ask({ headers })
    expect([page.status, codeOf(rest)]).toEqual([302, '401 unauthenticated'])
    for (const answer of [page, rest])
      expect([answer.header('octroi-subject'), answer.header('octroi-assertion')]).toEqual(['', ''])
  })

  it('is none where an underscore stands for the name of the header', async () => {
    const answer = await scene.ask({ headers: ['Coo_kie', `${NAME}=${token}`] })
    expect(answer.status).toBe(401)
  })
})

describe('D1: a session is for pages of people', () => {
  it.each([`${NAME}=`, 'octroi_session='])('401 at /proxy and at /api/v1 with %s', async (name) => {
    const own = await scene.people.signIn('ada')
    for (const value of [token, own.token]) {
      const headers = { cookie: `${name}${value}` }
      expect((await fetch(`${scene.gate.url}/proxy/anything/x`, { headers })).status).toBe(401)
      expect((await scene.gate.api('GET', '/keys/self', undefined, { key: null, headers })).status).toBe(401)
      expect((await fetch(`${scene.gate.url}/metrics`, { headers })).status).toBe(401)
    }
  })

  it('400 for a route that takes a session at any host: its name would be the caller’s', async () => {
    const route = { host: '*', path: '/**', accept: { any: ['session'] } }
    const answer = await scene.gate.api('POST', '/routes', route)
    expect(answer.body).toMatchObject({ status: 400, errors: [{ path: 'accept' }] })
    const { id } = (await scene.gate.api('POST', '/routes', { ...route, accept: { any: ['api_key'] } })).body
    expect((await scene.gate.api('PATCH', `/routes/${id}`, { accept: { any: ['session'] } })).status).toBe(400)
    await scene.gate.api('DELETE', `/routes/${id}`)
  })
})

describe('for proxies that cannot take single cookies out', () => {
  it.each<[string | undefined, string | undefined]>([
    [undefined, undefined],
    ['a=1; b=2', 'a=1; b=2'],
    ['a=1; octroi_session=x; __Host-octroi_visit=y; b=2', 'a=1; b=2'],
    ['OCTROI_x=1;__host-Octroi_y=2;__Secure-octroi_z', ''],
    ['a=octroi_session=1', 'a=octroi_session=1'],
  ])('D2: with %j the answer says that the application may see %j', async (sent, seen) => {
    const headers = ['Cookie', `${sent === undefined ? '' : `${sent}; `}${NAME}=${token}`]
    const answer = await scene.ask({ query: '?for=traefik', headers })
    expect([codeOf(answer), answer.header('cookie')]).toEqual(['200 passed', seen ?? ''])
    expect((await scene.ask({ headers })).header('cookie')).toBeUndefined()
  })

  it('nothing is said where no cookie came', async () => {
    const { key } = await scene.key({ account: 'ada' })
    const answer = await scene.ask({ query: '?for=traefik', host: HOST, headers: ['API-KEY', key] })
    expect([codeOf(answer), answer.header('cookie')]).toEqual(['200 passed', undefined])
  })
})
