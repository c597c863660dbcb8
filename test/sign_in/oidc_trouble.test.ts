import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { RedirectMethod } from '../../src/sign_in/method.ts'
import { checkOidc } from '../../src/sign_in/methods/oidc.ts'
import {
  begin,
  finish,
  type MethodBench,
  methodBench,
  methodRow,
  NEAR,
  signIn,
  visit,
  whole,
} from '../support/vendors/oidc_provider_method.ts'
import type { Mood } from '../support/vendors/oidc_provider_moods.ts'
import type { PeopleProvider } from '../support/vendors/oidc_provider_people.ts'
import { startProConnect } from '../support/vendors/proconnect.ts'

const BACK = 'http://127.0.0.1:4020/sign-in/proconnect/callback'

let bench: MethodBench
let provider: PeopleProvider
/** Opened anew: nothing is known of the provider yet. */
const opened = (settings: object = {}, more: object = {}): RedirectMethod =>
  bench.open(provider, { preset: 'proconnect', ...settings }, more)
beforeAll(async () => {
  provider = await startProConnect({ redirectUris: [BACK] })
  bench = methodBench()
})
afterEach(async () => {
  provider.calm()
  bench.ahead = 0
  await provider.up()
})
afterAll(async () => {
  await bench.close()
  await provider.stop()
})

/** An answer of 502, 504: never 500, 401 or 403, and nothing of what the provider wrote. */
const UNAVAILABLE = { name: 'OctroiError', code: 'upstream_unreachable', status: 502 }
const quietly = async (asked: Promise<unknown>) => {
  const error = await asked.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(Error)
  for (const text of ['golden', 'Maintenance', 'onerror']) expect(whole(error)).not.toContain(text)
  return error
}

const RUBBISH: readonly Mood[] = ['error', 'html', 'broken_json', 'wrong_type', 'huge', 'empty', 'redirect', 'array']

describe.each(RUBBISH)('a provider that answers rubbish: %s', (mood) => {
  it('502 when its discovery document is', async () => {
    provider.moods.set('/openid-configuration', mood)
    expect(await quietly(begin(opened(), provider))).toMatchObject(UNAVAILABLE)
  })

  it.each(['/token', '/jwks', '/userinfo'])('not signed in, and no 500, when that is at %s', async (path) => {
    const method = opened()
    const begun = await begin(method, provider)
    const query = await visit(begun, 'camille')
    provider.moods.set(path, mood)
    const error = (await quietly(finish(method, begun, query))) as { status: number; code?: string }
    expect(error.status).toBe(path === '/token' && mood === 'array' ? 400 : 502)
  })
})

describe('a provider that is not there', () => {
  it('502 when it is down, at the start and at the end', async () => {
    const method = opened()
    await provider.down()
    expect(await quietly(begin(method, provider))).toMatchObject(UNAVAILABLE)
    await provider.up()
    const begun = await begin(method, provider)
    const query = await visit(begun, 'camille')
    await provider.down()
    expect(await quietly(finish(method, begun, query))).toMatchObject(UNAVAILABLE)
  })

  it('504 when it is slow', async () => {
    const hasty = methodBench({ limitMs: 200 })
    provider.moods.set('', 'slow')
    const method = hasty.open(provider, { preset: 'proconnect' })
    expect(await quietly(begin(method, provider))).toMatchObject({ code: 'upstream_timeout', status: 504 })
    await hasty.close()
  })

  it('a provider of which enough is known is believed for an hour, and then no longer', async () => {
    const method = opened()
    await begin(method, provider)
    await provider.down()
    bench.ahead = 1_800_000
    await begin(method, provider)
    bench.ahead = 3_700_000
    expect(await quietly(begin(method, provider))).toMatchObject(UNAVAILABLE)
  })

  it('is asked once by many at a time, and not again while what it said is fresh', async () => {
    const method = opened()
    provider.requests.length = 0
    await Promise.all(Array.from({ length: 20 }, () => begin(method, provider)))
    await begin(method, provider)
    expect(provider.requests.filter(({ url }) => url.endsWith('openid-configuration'))).toHaveLength(1)
  })
})

describe('a provider that changes', () => {
  it('its keys: they are asked for once more, and the sign-in goes on', async () => {
    const method = opened()
    await signIn(method, provider, 'camille')
    provider.rotateKeys()
    provider.requests.length = 0
    expect((await signIn(method, provider, 'camille')).subject).toBe('pc-camille')
    await signIn(method, provider, 'dominique')
    expect(provider.requests.filter(({ url }) => url.endsWith('/jwks'))).toHaveLength(1)
  })

  it('its issuer: refused and logged, at the next look', async () => {
    const method = opened()
    await begin(method, provider)
    provider.forge.discovery = { issuer: 'https://evil.example/api/v2' }
    bench.ahead = 700_000
    expect(await quietly(begin(method, provider))).toMatchObject(UNAVAILABLE)
    expect(bench.logged.at(-1)).toMatchObject({ level: 'error', fields: { issuer: provider.issuer } })
  })

  it.each([
    ['without a token_endpoint', { token_endpoint: undefined }],
    ['without jwks_uri', { jwks_uri: undefined }],
    ['an authorization_endpoint that is a script', { authorization_endpoint: 'javascript:alert(1)' }],
    ['an issuer that is a number', { issuer: 7 }],
    ['endpoints that are lists', { authorization_endpoint: [] }],
  ])('502: %s', async (_, discovery) => {
    provider.forge.discovery = discovery
    const error = (await quietly(begin(opened(), provider))) as { status: number }
    expect(error.status).toBe(502)
  })
})

describe('T32 where a provider may lead us', () => {
  const INSIDE = ['http://169.254.169.254/latest', 'http://[fd00:ec2::254]/', 'http://0.0.0.0:1/', 'file:///etc/passwd']

  it.each(INSIDE)('token_endpoint at %s: refused', async (address) => {
    provider.forge.discovery = { token_endpoint: address }
    const method = opened()
    const begun = await begin(method, provider)
    const error = (await quietly(finish(method, begun, await visit(begun, 'camille')))) as { status: number }
    expect(error.status).toBe(502)
  })

  it.each(INSIDE)('jwks_uri at %s: refused', async (address) => {
    provider.forge.discovery = { jwks_uri: address }
    expect(((await quietly(signIn(opened(), provider, 'camille'))) as { status: number }).status).toBe(502)
  })

  it.each([
    ['loopback, unless allowed', {}],
    ['plain HTTP, unless allowed', { allow_private: true }],
  ])('an issuer on %s', async (_, network) => {
    const error = await quietly(begin(opened({}, { network }), provider))
    expect(error).toMatchObject({ code: 'upstream_refused_address', status: 502 })
  })

  it('a name that leads inside is judged when it is connected to', async () => {
    const rebound = methodBench({ resolve: (_host, _options, callback) => callback(null, '127.0.0.1', 4) })
    const method = rebound.open(undefined, { issuer: 'https://login.example.org', client_id: 'x' }, { network: {} })
    expect(await quietly(begin(method, provider))).toMatchObject({ code: 'upstream_refused_address' })
    await rebound.close()
  })
})

describe('what a check says', () => {
  const check = (settings: object, network: object = NEAR) => {
    const about = { preset: 'proconnect', issuer: provider.issuer, client_id: 'x' }
    const row = methodRow({ ...about, ...settings }, { network })
    return checkOidc(row, { client_secret: provider.client.secret }, bench.parts)
  }

  it('all is well: endpoints and PKCE', async () => {
    expect(await check({})).toMatchObject({
      ok: true,
      issuer: provider.issuer,
      pkce: true,
      problems: [],
      endpoints: { token_endpoint: `${provider.issuer}/token`, end_session_endpoint: `${provider.issuer}/session/end` },
    })
  })

  it('what the provider does not announce', async () => {
    const { ok, problems } = await check({
      id_token_signed_response_alg: 'PS256',
      userinfo_signed_response_alg: 'ES256',
      scopes: ['openid', 'organizations'],
      acr_values: ['eidas9'],
    })
    expect(ok).toBe(false)
    expect(problems).toEqual([
      'id_token_signed_response_alg: the provider does not announce PS256.',
      'scopes: the provider does not announce organizations.',
      'acr_values: the provider does not announce eidas9.',
    ])
  })

  it('that it cannot be asked, or not at this address', async () => {
    expect(await check({}, {})).toMatchObject({ ok: false, problems: [expect.stringContaining('not https')] })
    expect((await check({}, { allow_http: true })).problems).toEqual([expect.stringContaining('may not reach')])
    expect((await check({ issuer: `${provider.issuer}/` })).problems[0]).toContain('another issuer')
    provider.moods.set('/jwks', 'html')
    expect((await check({})).problems).toEqual([expect.stringMatching(/^The /)])
  })
})
