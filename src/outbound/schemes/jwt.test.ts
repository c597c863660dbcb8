import { describe, expect, it } from 'vitest'
import { type ScriptedAnswer, scriptedFetch } from '../../../test/support/scripted_fetch.ts'
import { parseConnector } from '../connectors/connector.ts'
import { durableNames } from '../exchange.ts'
import { jwt } from './jwt.ts'

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: these are templates of a connector
const HEAD = `id: crm
name: CRM
docs: https://crm.example
scheme: jwt
base_url: https://crm.example
settings: { refresh_url: { title: R, format: url, optional: true } }
`
const load = (section: string) => parseConnector(`${HEAD}jwt:\n${section}`, 'crm.yaml')
const RESPONSE = '  response: { access_token: [AccessToken], refresh_token: [RefreshToken], expires_in: [ExpiresIn] }\n'
const OK = '  ok: [{ path: [IsError], not: true }]\n'
const LOGIN = '  login: { url: "https://crm.example/login", form: { Authcode: "${secrets.api_key}" } }\n'
const REFRESH = '  refresh: { url: "${settings.refresh_url}", json: { token: "${token.jwt_refresh_token}" } }\n'
const crm = load(LOGIN + RESPONSE + OK + REFRESH)

const GOOD = { AccessToken: 'opaque', RefreshToken: 'again', IsError: false, ExpiresIn: 3600 }
const run = (answers: ScriptedAnswer[], { connector = crm, settings = {}, token = {} } = {}) => {
  const script = scriptedFetch(answers)
  const held = { connector, settings, secrets: { api_key: 'golden key' }, token }
  return { ...script, result: jwt.exchange!.run(held, script.context) }
}

describe('jwt', () => {
  it('requires api_key, injects the two tokens, signs with a small bearer', () => {
    expect(jwt.requires(crm)).toEqual({ api_key: { title: 'API key' } })
    const token = { jwt_access_token: 'a', jwt_refresh_token: 'r', expires_in: '3600' }
    const held = { connector: crm, settings: {}, secrets: { api_key: 'k' }, token }
    expect(jwt.injects(held)).toEqual({ jwt_access_token: 'a', jwt_refresh_token: 'r' })
    expect(jwt.sign(held)).toEqual({ headers: ['Authorization', 'bearer a'], query: '' })
    expect(durableNames(jwt.exchange!, crm)).toEqual(['jwt_refresh_token'])
  })

  it('exchanges the key, whose token may be opaque', async () => {
    const { result, requests, now } = run([{ body: GOOD }])
    expect(await result).toEqual({
      values: { jwt_access_token: 'opaque', jwt_refresh_token: 'again', expires_in: '3600' },
      expiresAt: now + 3_600_000,
      early: true,
    })
    expect(requests[0]).toMatchObject({ method: 'POST', body: 'Authcode=golden+key' })
  })

  it.each([
    ['headers: { authCode: "${secrets.api_key}" }', { headers: expect.objectContaining({ authcode: 'golden key' }) }],
    ['query: { authcode: "${secrets.api_key}" }', { url: 'https://crm.example/login?authcode=golden%20key' }],
    ['json: { authCode: "${secrets.api_key}" }', { body: '{"authCode":"golden key"}' }],
  ])('the key goes where the connector says: %s', async (place, expected) => {
    const connector = load(`  login: { url: "https://crm.example/login", ${place} }\n${RESPONSE}`)
    const { result, requests } = run([{ body: GOOD }], { connector })
    await result
    expect(requests[0]).toMatchObject(expected)
  })

  it('IsError inside a 200 is a failure, also of a refresh, which then falls back', async () => {
    const error = { IsError: true, Error: 'x', AccessToken: 'bad' }
    await expect(run([{ body: error }]).result).rejects.toMatchObject({ kind: 'human' })
    const refreshed = run([{ body: error }, { body: GOOD }], {
      settings: { refresh_url: 'https://crm.example/refresh' },
      token: { jwt_refresh_token: 'r' },
    })
    expect(await refreshed.result).toMatchObject({ values: { jwt_access_token: 'opaque' } })
    expect(refreshed.requests.map(({ url }) => url)).toEqual([
      'https://crm.example/refresh',
      'https://crm.example/login',
    ])
  })

  it('logs in again where no refresh address is known', async () => {
    const { result, requests } = run([{ body: GOOD }], { token: { jwt_refresh_token: 'r' } })
    await result
    expect(requests.map(({ url }) => url)).toEqual(['https://crm.example/login'])
  })

  it('does without refresh token and lifetime', async () => {
    const { result, now } = run([{ body: { AccessToken: 'a' } }], {
      connector: load(`${LOGIN}${RESPONSE}  lifetime_s: 60\n`),
    })
    expect(await result).toMatchObject({ values: { jwt_access_token: 'a' }, expiresAt: now + 60_000 })
  })

  it.each([
    ['  {}', /login: is required/],
    [LOGIN, /response: is required/],
    [`${LOGIN}  response: { access_token: [a] }\n${REFRESH}`, /durable: jwt_refresh_token is not a value/],
    [`${LOGIN.replace('secrets.api_key', 'secrets.key')}${RESPONSE}`, /\$\{secrets.key\} is not known here/],
  ])('refuses %j', (section, message) => {
    expect(() => load(section)).toThrow(message)
  })
})
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: these are templates of a connector
