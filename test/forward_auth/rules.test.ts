import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { codeOf, type ForwardScene, identityOf, type NewKey, type Question, startForwardScene } from './scene.ts'

/** Who passes where: what routes accept and whom they allow. */

const PASSWORD = 'a-password-of-twenty'
const SUBJECT = 'CN=till 7,O=Shop'

let scene: ForwardScene
let key: NewKey
beforeAll(async () => {
  scene = await startForwardScene({ OCTROI_CLIENT_CERTIFICATE_HEADER: 'X-Client-Subject' })
  await scene.must('POST', '/groups', { id: 'shop', name: 'Shop' })
  await scene.must('POST', '/groups', { id: 'night', name: 'Night' })
  await scene.account({
    id: 'till',
    name: 'Till',
    groups: ['shop'],
    password: PASSWORD,
    certificate_subjects: [SUBJECT],
  })
  key = await scene.key({ account: 'till' })
})
afterAll(() => scene.stop())

const KEY = () => ['API-KEY', key.key]
const basic = (user = 'till', password = PASSWORD) => [
  'Authorization',
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
]
const CERTIFICATE = ['X-Client-Subject', SUBJECT]
const asked = async (uri: string, headers: readonly string[] = [], more: Question = {}) =>
  codeOf(await scene.ask({ uri, headers, ...more }))
const everybody = { authenticated: true }

describe('accept any', () => {
  beforeAll(async () => {
    await scene.route({ path: '/any', accept: { any: ['api_key', 'basic', 'mtls'] }, allow: everybody })
    await scene.route({ path: '/basic', accept: { any: ['basic'] }, allow: everybody })
    await scene.route({ path: '/maybe', accept: { any: ['anonymous', 'api_key'] }, allow: { keys: [key.id] } })
    await scene.route({ path: '/session', accept: { any: ['session'] }, allow: everybody })
  })
  it.each<[string, () => readonly string[], string]>([
    ['a key', KEY, 'key'],
    ['a password', () => basic(), 'service'],
    ['a certificate', () => CERTIFICATE, 'service'],
    ['a key as the password of Basic', () => basic('anybody', key.key), 'key'],
  ])('200 with %s', async (_, headers, kind) => {
    const answer = await scene.ask({ uri: '/any', headers: headers() })
    expect([codeOf(answer), identityOf(answer)]).toEqual([
      '200 passed',
      expect.objectContaining({ subject: 'till', kind }),
    ])
  })
  it('401 with a key where only a password is taken, although the key is good', async () => {
    expect(await asked('/basic', KEY())).toBe('401 unauthenticated')
    expect(await asked('/basic', basic())).toBe('200 passed')
  })
  it('401 with a wrong credential of one kind, whatever else would have been taken', async () => {
    expect(await asked('/any', basic('till', 'not-the-password'))).toBe('401 unauthenticated')
    expect(await asked('/maybe', ['API-KEY', 'nobody-has-this-key-at-all'])).toBe('401 unauthenticated')
  })
  it('200 without an identity for whoever sends nothing where that is taken, with one for the key that is allowed', async () => {
    const nobody = await scene.ask({ uri: '/maybe' })
    expect([codeOf(nobody), nobody.header('octroi-subject')]).toEqual(['200 passed', ''])
    const known = await scene.ask({ uri: '/maybe', headers: KEY() })
    expect([codeOf(known), known.header('octroi-key-id')]).toEqual(['200 passed', key.id])
    const other = await scene.key()
    expect(await asked('/maybe', ['API-KEY', other.key])).toBe('403 not_granted')
  })
  it('a credential that the route does not take is the application’s own; Basic may hold a key, so it is read where keys are taken', async () => {
    const answer = await scene.ask({ uri: '/maybe', headers: basic('somebody', 'of-the-application') })
    expect([codeOf(answer), answer.header('octroi-subject')]).toEqual(['401 unauthenticated', ''])
    await scene.route({ path: '/open', accept: { any: ['anonymous'] } })
    expect(await asked('/open', basic('somebody', 'of-the-application'))).toBe('200 passed')
  })
  it('401 where only a session is taken: nobody can have one yet', async () => {
    expect(await asked('/session', KEY())).toBe('401 unauthenticated')
  })
})

describe('accept all', () => {
  beforeAll(async () => {
    await scene.route({ path: '/all', accept: { all: ['basic', 'api_key'] }, allow: { accounts: ['till'] } })
    await scene.route({ path: '/three', accept: { all: ['api_key', 'basic', 'mtls'] }, allow: everybody })
    await scene.route({ path: '/keyonly', accept: { all: ['basic', 'api_key'] }, allow: { keys: [key.id] } })
  })
  it('200 with each of them; the first that is allowed is who passes', async () => {
    const answer = await scene.ask({ uri: '/all', headers: [...KEY(), ...basic()] })
    expect([codeOf(answer), answer.header('octroi-kind')]).toEqual(['200 passed', 'service'])
    const byKey = await scene.ask({ uri: '/keyonly', headers: [...KEY(), ...basic()] })
    expect([codeOf(byKey), byKey.header('octroi-key-id')]).toEqual(['200 passed', key.id])
    expect(await asked('/three', [...KEY(), ...basic(), ...CERTIFICATE])).toBe('200 passed')
  })
  it.each<[string, () => readonly string[], string, string]>([
    ['the password', KEY, 'basic', 'Basic realm="octroi", charset="UTF-8"'],
    ['the key', () => basic(), 'api_key', 'Bearer realm="octroi"'],
    ['both', () => [], 'basic, api_key', 'Basic realm="octroi", charset="UTF-8", Bearer realm="octroi"'],
  ])('401 without %s, and says what is missing', async (_, headers, missing, challenge) => {
    const answer = await scene.ask({ uri: '/all', headers: headers() })
    expect(codeOf(answer)).toBe('401 unauthenticated')
    expect(JSON.parse(answer.body.toString()).detail).toContain(`missing: ${missing}.`)
    expect(answer.header('www-authenticate')).toBe(challenge)
  })
  it('401 when one of them is wrong, and when one key stands in both places', async () => {
    expect(await asked('/all', [...KEY(), ...basic('till', 'not-the-password')])).toBe('401 unauthenticated')
    expect(await asked('/all', ['API-KEY', 'nobody-has-this-key-at-all', ...basic()])).toBe('401 unauthenticated')
    expect(await asked('/all', [...KEY(), ...basic('till', key.key)])).toBe('401 unauthenticated')
  })
  it('403 when everything is proved and nobody of them is allowed', async () => {
    await scene.account({ id: 'other', name: 'Other' })
    const other = await scene.key({ account: 'other' })
    await scene.account({ id: 'third', name: 'Third', password: PASSWORD })
    expect(await asked('/all', ['API-KEY', other.key, ...basic('third')])).toBe('403 not_granted')
  })
  it('403 when one of them is of an account that is not allowed: anybody’s second proof is none', async () => {
    expect(await asked('/all', [...KEY(), ...basic('third')])).toBe('403 not_granted')
    expect(await asked('/keyonly', [...KEY(), ...basic('third')])).toBe('403 not_granted')
    await scene.route({ path: '/both', accept: { all: ['basic', 'api_key'] }, allow: { accounts: ['till', 'third'] } })
    const both = await scene.ask({ uri: '/both', headers: [...KEY(), ...basic('third')] })
    expect([codeOf(both), both.header('octroi-subject')]).toEqual(['200 passed', 'third'])
  })
})

describe('allow', () => {
  it('by key, by account, by group; nobody where it is empty', async () => {
    await scene.route({ path: '/of-key', allow: { keys: [key.id] } })
    await scene.route({ path: '/of-account', allow: { accounts: ['till'] } })
    await scene.route({ path: '/of-group', allow: { groups: ['shop'] } })
    await scene.route({ path: '/of-nobody', allow: {} })
    const other = await scene.key()
    for (const uri of ['/of-key', '/of-account', '/of-group']) {
      expect([uri, await asked(uri, KEY()), await asked(uri, ['API-KEY', other.key])]).toEqual([
        uri,
        '200 passed',
        '403 not_granted',
      ])
    }
    expect(await asked('/of-nobody', KEY())).toBe('403 not_granted')
  })
  it('a key has the groups of its account, or, where it has a list, that list alone', async () => {
    await scene.route({ path: '/shop', allow: { groups: ['shop'] } })
    await scene.route({ path: '/night', allow: { groups: ['night'] } })
    const passes = async (groups: readonly string[] | undefined) => {
      const made = await scene.key({ account: 'till', ...(groups === undefined ? {} : { groups }) })
      const headers = ['API-KEY', made.key]
      const answer = await scene.ask({ uri: '/shop', headers })
      return [codeOf(answer), await asked('/night', headers), answer.header('octroi-groups')]
    }
    expect(await passes(undefined)).toEqual(['200 passed', '403 not_granted', 'shop'])
    expect(await passes([])).toEqual(['403 not_granted', '403 not_granted', ''])
    expect(await passes(['night'])).toEqual(['403 not_granted', '200 passed', ''])
    expect(await passes(['night', 'shop'])).toEqual(['200 passed', '200 passed', 'night,shop'])
  })
})

describe('which route', () => {
  it('the most specific by host, path and method decides alone', async () => {
    await scene.route({ host: '*.shop.example', path: '/**', allow: everybody })
    await scene.route({ host: '*.shop.example', path: '/admin/**', allow: {} })
    await scene.route({
      host: 'www.shop.example',
      path: '/admin/help',
      methods: ['GET'],
      accept: { any: ['anonymous'] },
    })
    const at = (host: string, uri: string, method = 'GET') => asked(uri, KEY(), { host, method })
    expect(await at('www.shop.example', '/x')).toBe('200 passed')
    expect(await at('a.b.shop.example', '/x')).toBe('200 passed')
    expect(await at('shop.example', '/x')).toBe('403 not_granted')
    expect(await at('www.shop.example', '/admin/x')).toBe('403 not_granted')
    expect(await at('www.shop.example', '/admin/help')).toBe('200 passed')
    expect(await at('www.shop.example', '/admin/help', 'HEAD')).toBe('200 passed')
    expect(await at('www.shop.example', '/admin/help', 'POST')).toBe('403 not_granted')
  })
  it('a changed route holds from the next request, and so does one that is gone', async () => {
    const id = await scene.route({ path: '/changing', allow: {} })
    expect(await asked('/changing', KEY())).toBe('403 not_granted')
    await scene.must('PATCH', `/routes/${id}`, { allow: { keys: [key.id] } })
    expect(await asked('/changing', KEY())).toBe('200 passed')
    await scene.must('DELETE', `/routes/${id}`)
    expect(await asked('/changing', KEY())).toBe('403 not_granted')
  })
})
