import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { refusals } from '../../test/api/refusals.ts'
import { startWorld, type World } from '../../test/api/world.ts'

let world: World
let keyId: string
beforeAll(async () => {
  world = await startWorld({ OCTROI_PUBLIC_URL: 'https://octroi.example.org:8443' })
  await world.must('groups.create', { body: { id: 'shops', name: 'Shops' } })
  await world.must('accounts.create', { body: { id: 'till', kind: 'service', name: 'Till' } })
  keyId = (await world.newKey()).id
})
afterAll(() => world.stop())

const good = { host: 'shop.example.org', path: '/good', accept: { any: ['api_key'] } }
let made = 0
/** On a path of its own. */
const body = (more: object = {}) => ({ ...good, path: `/made/${++made}`, ...more })

describe('routes.create', () => {
  it('201 with the route, its id and name made of where it is', async () => {
    const { status, body: route } = await world.call('routes.create', { body: { ...good, path: '/orders/**' } })
    expect(status).toBe(201)
    expect(route).toEqual({
      id: 'shop-example-org-orders',
      name: 'shop.example.org/orders/**',
      description: '',
      host: 'shop.example.org',
      path: '/orders/**',
      methods: ['*'],
      accept: { any: ['api_key'] },
      allow: { keys: [], accounts: [], groups: [], authenticated: false },
      cors: { origins: [] },
      session: { mfa: false, max_age_s: null },
      created_at: route.updated_at,
      updated_at: expect.stringMatching(/Z$/),
      warnings: [expect.stringMatching(/^allow: names nobody/)],
    })
    const { warnings: _, ...stored } = route
    expect(await world.must('routes.get', { params: { id: route.id } })).toEqual(stored)
    const { items } = await world.must('events.list', { query: { subject: `route:${route.id}` } })
    const data = { name: 'shop.example.org/orders/**', host: 'shop.example.org', path: '/orders/**' }
    expect(items).toMatchObject([{ type: 'route.created', data }])
  })
  it('201 with every field, in one form', async () => {
    const given = {
      id: 'all',
      name: 'All',
      description: 'Everything',
      host: '*.Shop.Example.ORG.',
      path: '/api/{n}/*',
      methods: ['POST', 'GET', 'POST'],
      accept: { all: ['api_key', 'basic'] },
      allow: { keys: [keyId], accounts: ['till'], groups: ['shops', 'shops'], authenticated: false },
      cors: { origins: ['HTTPS://App.example.org/', 'http://localhost:3000'] },
      session: { mfa: true, max_age_s: 3_600 },
    }
    expect(await world.must('routes.create', { body: given })).toMatchObject({
      ...given,
      host: '*.shop.example.org',
      methods: ['GET', 'POST'],
      allow: { ...given.allow, groups: ['shops'] },
      cors: { origins: ['http://localhost:3000', 'https://app.example.org'] },
      warnings: [expect.stringMatching(/^session: is not asked/)],
    })
  })
  it.each([
    ['a host of capitals', 'SHOP.example.org', 'shop.example.org'],
    ['a name outside ASCII', 'bücher.example.org', 'xn--bcher-kva.example.org'],
    ['an IPv6 address', '[2001:DB8::0001]', '[2001:db8::1]'],
    ['any host', '*', '*'],
  ])('201 with %s', async (_, host, canonical) => {
    expect((await world.must('routes.create', { body: body({ host }) })).host).toBe(canonical)
  })
  it.each<[string, object, RegExp[]]>([
    ['nobody is allowed', {}, [/^allow: names nobody/]],
    ['everybody is allowed who proved who he is', { allow: { authenticated: true } }, []],
    ['a group is allowed', { allow: { groups: ['shops'] } }, []],
    ['people are to sign in', { accept: { any: ['session'] }, allow: { groups: ['shops'] } }, []],
    [
      'something is asked of sessions that are not taken',
      { allow: { groups: ['shops'] }, session: { mfa: true } },
      [/^session: is not asked/],
    ],
    ['nobody has to prove anything', { accept: { any: ['anonymous'] } }, []],
    [
      'somebody is allowed where everybody is',
      { accept: { any: ['anonymous'] }, allow: { accounts: ['till'] } },
      [/^allow: is not asked/],
    ],
    ['keys or nobody', { accept: { any: ['anonymous', 'api_key'] } }, [/^allow: names nobody/]],
  ])('201 and says what it does not do where %s', async (_, more, warnings) => {
    const route = await world.must('routes.create', { body: body(more) })
    expect(route.warnings).toEqual(warnings.map((warning) => expect.stringMatching(warning)))
  })
  it.each([
    ['the same', {}, {}],
    ['the same in other letters', { host: 'SHOP.example.org' }, { path: '/same/%63ase/' }],
    ['a method in common', { methods: ['GET', 'PUT'] }, { methods: ['POST', 'PUT'] }],
  ])('409 conflict for a route that says %s as another', async (_, one, other) => {
    const path = '/same/case'
    const first = await world.must('routes.create', { body: { ...good, path, ...one } })
    const answer = await world.call('routes.create', { body: { ...good, path, ...other } })
    expect(answer.body).toMatchObject({ status: 409, code: 'conflict', detail: expect.stringContaining(first.id) })
    await world.must('routes.delete', { params: { id: first.id } })
    expect((await world.call('routes.create', { body: { ...good, path, ...other } })).status).toBe(201)
    const { items } = await world.must('routes.list', { query: { limit: '200' } })
    const last = items.find((route: { path: string }) => route.path.startsWith('/same/'))
    await world.must('routes.delete', { params: { id: last.id } })
  })
  it('201 for one of ten that say the same at the same time, 409 for the others', async () => {
    const same = { ...good, path: '/at/once' }
    const answers = await Promise.all(Array.from({ length: 10 }, () => world.call('routes.create', { body: same })))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(9).fill(409)])
  })
  it('201 for other methods of the same path, and for any method besides', async () => {
    const path = '/methods'
    for (const methods of [['GET'], ['POST'], ['*']]) {
      expect((await world.call('routes.create', { body: { ...good, path, methods } })).status).toBe(201)
    }
  })
  it('409 conflict for an id that is taken', async () => {
    await world.must('routes.create', { body: body({ id: 'taken' }) })
    const answer = await world.call('routes.create', { body: body({ id: 'taken' }) })
    expect(answer.body).toMatchObject({ status: 409, code: 'conflict' })
  })
  it('400 for the host of Octroi itself, whatever the port and the letters (D2)', async () => {
    const answer = await world.call('routes.create', { body: body({ host: 'Octroi.example.org' }) })
    expect(answer.body).toMatchObject({ status: 400, errors: [{ path: 'host' }] })
  })

  const accept = (given: unknown) => ({ ...good, accept: given })
  const allow = (given: object) => ({ ...good, allow: given })
  refusals(
    'routes.create',
    () => world,
    () => ({ body: body() }),
    [
      ['nothing', {}, 'host', 'path', 'accept'],
      ['a port in the host', { ...good, host: 'shop.example.org:443' }, 'host'],
      ['a scheme in the host', { ...good, host: 'https://shop.example.org' }, 'host'],
      ['a star inside the host', { ...good, host: 'shop.*.org' }, 'host'],
      ['an empty label', { ...good, host: 'shop..org' }, 'host'],
      ['a space in the host', { ...good, host: 'shop example.org' }, 'host'],
      ['an empty host', { ...good, host: '' }, 'host'],
      ['a path without a slash', { ...good, path: 'orders' }, 'path'],
      ['a path with dots', { ...good, path: '/a/../b' }, 'path'],
      ['a path with a query', { ...good, path: '/a?b=c' }, 'path'],
      ['a double star in the middle', { ...good, path: '/**/a' }, 'path'],
      ['an encoded slash', { ...good, path: '/a%5Cb' }, 'path'],
      ['no method', { ...good, methods: [] }, 'methods'],
      ['a method in small letters', { ...good, methods: ['GET', 'post'] }, 'methods.1'],
      ['TRACE', { ...good, methods: ['TRACE'] }, 'methods.0'],
      ['any method and one of them', { ...good, methods: ['*', 'GET'] }, 'methods'],
      ['nothing to prove', accept({}), 'accept'],
      ['both ways to accept', accept({ any: ['jwt'], all: ['jwt', 'mtls'] }), 'accept'],
      ['an empty list', accept({ any: [] }), 'accept.any'],
      ['a kind that is none', accept({ any: ['password'] }), 'accept'],
      ['a kind twice', accept({ any: ['jwt', 'jwt'] }), 'accept.any'],
      ['all of one', accept({ all: ['api_key'] }), 'accept.all'],
      ['all of the same', accept({ all: ['api_key', 'api_key'] }), 'accept.all'],
      ['basic and jwt at once: both stand in Authorization', accept({ all: ['basic', 'jwt'] }), 'accept.all'],
      ['a session with something else', accept({ all: ['session', 'api_key'] }), 'accept'],
      ['nobody and something else at once', accept({ all: ['anonymous', 'api_key'] }), 'accept'],
      ['a list instead', accept(['api_key']), 'accept'],
      ['a key that is not there', allow({ keys: ['aaaaaaaa'] }), 'allow.keys.0'],
      ['an account that is not there', allow({ accounts: ['till', 'zoo'] }), 'allow.accounts.1'],
      ['a group that is not there', allow({ groups: ['x'] }), 'allow.groups.0'],
      ['several that are not there', allow({ keys: ['b'], accounts: ['c'] }), 'allow.keys.0', 'allow.accounts.0'],
      ['an unknown field in allow', allow({ everybody: true }), 'allow.everybody'],
      ['a text for yes', allow({ authenticated: 'yes' }), 'allow.authenticated'],
      ['an origin with a path', { ...good, cors: { origins: ['https://a.example.org/x'] } }, 'cors.origins.0'],
      ['any origin', { ...good, cors: { origins: ['*'] } }, 'cors.origins.0'],
      ['the origin null', { ...good, cors: { origins: ['null'] } }, 'cors.origins.0'],
      ['a session at any host', { ...accept({ any: ['session'] }), host: '*' }, 'accept'],
      ['a text for two factors', { ...good, session: { mfa: 'yes' } }, 'session.mfa'],
      ['a proof of a moment ago', { ...good, session: { max_age_s: 59 } }, 'session.max_age_s'],
      ['a proof of half a second', { ...good, session: { max_age_s: 60.5 } }, 'session.max_age_s'],
      ['an age in words', { ...good, session: { max_age_s: '1h' } }, 'session.max_age_s'],
      ['an unknown field in session', { ...good, session: { acr: 'eidas1' } }, 'session.acr'],
      ['origins that are no list', { ...good, cors: { origins: 'https://a.example.org' } }, 'cors.origins'],
    ],
  )
  it('400 says which name is not there', async () => {
    const answer = await world.call('routes.create', { body: allow({ groups: ['x'] }) })
    expect(answer.body.detail).toContain('allow.groups.0: there is no group x')
  })
})

describe('the host of Octroi on loopback', () => {
  it('201 and says that people elsewhere cannot sign in there', async () => {
    const local = await startWorld()
    const at = async (host: string) =>
      (
        await local.must('routes.create', {
          body: { ...good, host, accept: { any: ['session'] }, allow: { authenticated: true } },
        })
      ).warnings
    expect(await at('shop.example.org')).toEqual([expect.stringMatching(/^accept: people sign in at http:/)])
    expect(await at('shop.localhost')).toEqual([])
    await local.stop()
  })
  it('201: behind a proxy of the same machine every host is a loopback one', async () => {
    const local = await startWorld()
    const host = new URL(local.gate.url).hostname
    const answer = await local.call('routes.create', { body: { ...good, host } })
    await local.stop()
    expect([host, answer.status]).toEqual(['127.0.0.1', 201])
  })
})
