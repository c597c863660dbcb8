import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { RedirectMethod } from '../../src/sign_in/method.ts'
import { begin, finish, type MethodBench, methodBench, signIn, visit } from '../support/vendors/oidc_provider_method.ts'
import type { PeopleProvider } from '../support/vendors/oidc_provider_people.ts'
import { startProConnect } from '../support/vendors/proconnect.ts'

const BACK = 'http://127.0.0.1:4020/sign-in/proconnect/callback'
const OUT = 'http://127.0.0.1:4020/session/signed-out'

let bench: MethodBench
let provider: PeopleProvider
let method: RedirectMethod
beforeAll(async () => {
  provider = await startProConnect({ redirectUris: [BACK], postLogoutRedirectUris: [OUT] })
  bench = methodBench()
  method = bench.open(provider, { preset: 'proconnect' })
})
afterEach(() => {
  provider.calm()
  provider.requests.length = 0
})
afterAll(async () => {
  await bench.close()
  await provider.stop()
})

describe('B-30 the authorization request', () => {
  it('carries what ProConnect takes and nothing else; state and nonce of 43 characters, S256', async () => {
    const { url, state, keep } = await begin(method, provider)
    expect([...url.searchParams.keys()].sort()).toEqual([
      'claims',
      'client_id',
      'code_challenge',
      'code_challenge_method',
      'nonce',
      'redirect_uri',
      'response_type',
      'scope',
      'state',
    ])
    expect(url.searchParams.get('state')).toBe(state)
    expect(url.searchParams.get('nonce')).toBe(keep.nonce)
    expect([state.length, keep.nonce?.length]).toEqual([43, 43])
    expect(url.searchParams.get('code_challenge_method')).toBe('S256')
    expect(url.searchParams.get('scope')).toBe('openid given_name usual_name email siret organization_label')
  })

  it('each has its own nonce and verifier', async () => {
    const [a, b] = [await begin(method, provider), await begin(method, provider)]
    expect(a.keep.nonce).not.toBe(b.keep.nonce)
    expect(a.keep.verifier).not.toBe(b.keep.verifier)
  })

  it('no PKCE where S256 is not announced, unless the administrator says so; never with "never"', async () => {
    provider.forge.discovery = { code_challenge_methods_supported: ['plain'] }
    const quiet = methodBench()
    const asked = async (settings: object) =>
      (await begin(quiet.open(provider, { preset: 'proconnect', ...settings }), provider)).url.searchParams
    expect((await asked({})).has('code_challenge')).toBe(false)
    expect((await asked({ pkce: 'always' })).has('code_challenge')).toBe(true)
    expect((await asked({ pkce: 'never' })).has('code_challenge')).toBe(false)
    await quiet.close()
  })
})

it('B-31 the secret goes in the form: no Authorization on the token call', async () => {
  await signIn(method, provider, 'camille')
  const token = provider.requests.find(({ url }) => url === '/api/v2/token')
  expect(token?.header('authorization')).toBeUndefined()
  expect(new URLSearchParams(token?.body.toString()).get('client_secret')).toBe(provider.client.secret)
})

it('B-31 with client_secret_basic ProConnect refuses: 502, for it is not the person’s fault', async () => {
  const wrong = bench.open(provider, { preset: 'proconnect', token_endpoint_auth_method: 'client_secret_basic' })
  await expect(signIn(wrong, provider, 'camille')).rejects.toMatchObject({
    code: 'upstream_rejected_credential',
    status: 502,
  })
})

describe('B-33, B-34 who it is', () => {
  it('name of two claims, address that is not called verified, the one SIRET as organizations', async () => {
    expect(await signIn(method, provider, 'camille')).toMatchObject({
      kind: 'identity',
      issuer: provider.issuer,
      subject: 'pc-camille',
      amr: ['fed'],
      acr: 'eidas1',
      idToken: expect.stringMatching(/^ey/),
      claims: {
        name: 'Camille Petit',
        email: 'camille.petit@agents.exemple.fr',
        emailVerified: false,
        groups: null,
        organizations: [{ siret: '13002526500013', label: 'Direction interministérielle du numérique' }],
      },
    })
  })

  it('trust_email: what ProConnect says counts as verified', async () => {
    const trusting = bench.open(provider, { preset: 'proconnect', trust_email: true })
    expect((await signIn(trusting, provider, 'camille')).claims.emailVerified).toBe(true)
  })

  it('userinfo as JSON where it was registered so; unsigned is refused where a signed one was', async () => {
    const plain = await startProConnect({ redirectUris: [BACK], userinfo: 'json', idTokenAlg: 'RS256' })
    try {
      const json = { preset: 'proconnect', id_token_signed_response_alg: 'RS256', userinfo: 'json' }
      const proof = await signIn(bench.open(plain, json), plain, 'camille')
      expect(proof.claims.organizations).toHaveLength(1)
      const signed = bench.open(plain, { preset: 'proconnect', id_token_signed_response_alg: 'RS256' })
      await expect(signIn(signed, plain, 'camille')).rejects.toMatchObject({ code: 'upstream_unreachable' })
    } finally {
      await plain.stop()
    }
  })

  it('HS256, where that was registered: id_token and userinfo under the client’s secret', async () => {
    const symmetric = await startProConnect({ redirectUris: [BACK], idTokenAlg: 'HS256' })
    try {
      const settings = { preset: 'proconnect', id_token_signed_response_alg: 'HS256' }
      expect((await signIn(bench.open(symmetric, settings), symmetric, 'camille')).subject).toBe('pc-camille')
    } finally {
      await symmetric.stop()
    }
  })
})

describe('B-38 acr', () => {
  const asking = (acr: string[]) => bench.open(provider, { preset: 'proconnect', acr_values: acr })

  it('is asked for through claims, as essential', async () => {
    const { url } = await begin(asking(['eidas1-mfa', 'eidas2']), provider)
    expect(JSON.parse(url.searchParams.get('claims') ?? '')).toEqual({
      id_token: { acr: { essential: true, values: ['eidas1-mfa', 'eidas2'] }, amr: null },
    })
    expect(url.searchParams.has('acr_values')).toBe(false)
  })

  it('403 when eidas1-mfa is required and eidas1 comes back', async () => {
    const refused = signIn(asking(['eidas1-mfa']), provider, 'camille')
    await expect(refused).rejects.toMatchObject({ name: 'SignInRefused', reason: 'too_weak', status: 403 })
  })

  it('any of those listed is enough, and one that means two factors counts as two', async () => {
    const proof = await signIn(asking(['eidas1-mfa', 'eidas2']), provider, 'dominique')
    expect([proof.acr, proof.amr]).toEqual(['eidas2', ['fed', 'mfa']])
  })

  it('where two factors are wanted it is asked for them; whether it had them, the answer says', async () => {
    const { url } = await begin(method, provider, { mfa: true })
    const { acr } = JSON.parse(url.searchParams.get('claims') ?? '').id_token
    expect(acr).toMatchObject({ essential: false, values: expect.arrayContaining(['eidas1-mfa', 'eidas2', 'eidas3']) })
    expect((await signIn(method, provider, 'camille', { mfa: true })).amr).toEqual(['fed'])
    expect((await signIn(method, provider, 'dominique', { mfa: true })).amr).toEqual(['fed', 'mfa'])
  })
})

describe('B-37 what comes back instead', () => {
  it('access_denied is a refusal of 403, without the provider’s text', async () => {
    const begun = await begin(method, provider)
    const query = await visit(begun, '')
    expect(query.error_description).toContain('onerror')
    const refused = await finish(method, begun, query).catch((error: unknown) => error)
    expect(refused).toMatchObject({ reason: 'denied', status: 403 })
    expect(String(refused)).not.toContain('onerror')
  })

  it('a code that was used already is stale: 400', async () => {
    const begun = await begin(method, provider)
    const query = await visit(begun, 'camille')
    await finish(method, begun, query)
    await expect(finish(method, begun, query)).rejects.toMatchObject({ reason: 'stale', status: 400 })
  })

  it('a code that is made up is stale: 400', async () => {
    const begun = await begin(method, provider)
    const query = { ...(await visit(begun, 'camille')), code: 'made-up' }
    await expect(finish(method, begun, query)).rejects.toMatchObject({ reason: 'stale' })
  })
})

describe('B-39 signing out', () => {
  it('leads the browser to the end of the session, and back to the registered address with the state', async () => {
    const begun = await begin(method, provider)
    const visitor = new (await import('../support/vendors/oidc_provider_visit.ts')).Visitor()
    const { idToken } = await finish(method, begun, await visit(begun, 'camille', visitor))
    const url = new URL((await method.signOut({ idToken, state: begun.state, returnTo: OUT })) ?? '')
    expect(url.pathname).toBe('/api/v2/session/end')
    expect([...url.searchParams.keys()].sort()).toEqual(['id_token_hint', 'post_logout_redirect_uri', 'state'])
    expect(await visitor.through(url.href, '')).toBe(`${OUT}?state=${begun.state}`)
  })

  it('without an id_token the client is named; switched off, there is nowhere to go', async () => {
    const asked = { idToken: null, state: 'x'.repeat(43), returnTo: OUT }
    const url = new URL((await method.signOut(asked)) ?? '')
    expect(url.searchParams.get('client_id')).toBe(provider.client.id)
    const off = bench.open(provider, { preset: 'proconnect', end_session: false })
    expect(await off.signOut(asked)).toBeUndefined()
  })
})

describe('proving oneself anew', () => {
  it('prompt=login without max_age, which ProConnect does not take; an older auth_time is not enough', async () => {
    const begun = await begin(method, provider, { fresh: true })
    expect(begun.url.searchParams.get('prompt')).toBe('login')
    expect(begun.url.searchParams.has('max_age')).toBe(false)
    provider.forge.idToken = { claims: { auth_time: Math.floor(Date.now() / 1000) - 600 } }
    await expect(finish(method, begun, await visit(begun, 'camille'))).rejects.toMatchObject({ reason: 'too_weak' })
  })
})
