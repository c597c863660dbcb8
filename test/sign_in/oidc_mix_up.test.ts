import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { RedirectMethod } from '../../src/sign_in/method.ts'
import {
  begin,
  finish,
  type MethodBench,
  methodBench,
  newState,
  visit,
} from '../support/vendors/oidc_provider_method.ts'
import type { PeopleProvider } from '../support/vendors/oidc_provider_people.ts'
import { startPlainProvider } from '../support/vendors/oidc_provider_plain.ts'
import { startProConnect } from '../support/vendors/proconnect.ts'

/** Two methods at two providers, each with a redirect URI of its own (D4). */
const A = 'http://127.0.0.1:4020/sign-in/proconnect/callback'
const B = 'http://127.0.0.1:4020/sign-in/keycloak/callback'

let bench: MethodBench
let proconnect: PeopleProvider
let plain: PeopleProvider
let a: RedirectMethod
let b: RedirectMethod
beforeAll(async () => {
  proconnect = await startProConnect({ redirectUris: [A] })
  plain = await startPlainProvider([B])
  bench = methodBench()
  a = bench.open(proconnect, { preset: 'proconnect' })
  b = bench.open(plain)
})
afterEach(() => {
  proconnect.calm()
  plain.calm()
})
afterAll(async () => {
  await bench.close()
  await Promise.all([proconnect.stop(), plain.stop()])
})

const UNTRUSTED = { name: 'SignInRefused', reason: 'untrusted', status: 400 }

describe('T35 what comes back must be of this sign-in', () => {
  it('the answer of A at B is refused by its iss, before any code is sent', async () => {
    const [atA, atB] = [await begin(a, proconnect), await begin(b, plain)]
    const query = { ...(await visit(atA, 'camille')), state: atB.state }
    plain.requests.length = 0
    await expect(finish(b, atB, query)).rejects.toMatchObject(UNTRUSTED)
    expect(plain.requests.some(({ url }) => url === '/token')).toBe(false)
  })

  it.each([
    ['missing, where the provider announces it', undefined],
    ['of another', 'https://evil.example'],
    ['with a slash more', 'SLASH'],
    ['empty', ''],
  ])('iss %s (RFC 9207)', async (_, iss) => {
    const begun = await begin(b, plain)
    const { iss: own, ...rest } = await visit(begun, 'alix')
    expect(own).toBe(plain.issuer)
    const other = iss === 'SLASH' ? `${plain.issuer}/` : iss
    await expect(finish(b, begun, { ...rest, ...(other === undefined ? {} : { iss: other }) })).rejects.toMatchObject(
      UNTRUSTED,
    )
  })

  it('without being announced it may be missing, and never wrong', async () => {
    plain.forge.discovery = { authorization_response_iss_parameter_supported: false }
    const quiet = bench.open(plain)
    const begun = await begin(quiet, plain)
    const { iss: _, ...rest } = await visit(begun, 'alix')
    await expect(finish(quiet, begun, { ...rest, iss: 'https://evil.example' })).rejects.toMatchObject(UNTRUSTED)
    expect((await finish(quiet, begun, rest)).subject).toBe('plain-alix')
  })

  it.each([
    ['another state', { state: 'x'.repeat(43) }],
    ['no state', { state: '' }],
  ])('%s', async (_, change) => {
    const begun = await begin(b, plain)
    const query = await visit(begun, 'alix')
    await expect(finish(b, begun, { ...query, ...change })).rejects.toMatchObject(UNTRUSTED)
  })

  it('the attacker’s code with the victim’s begin: the verifier does not fit', async () => {
    const attacker = await begin(b, plain)
    const { code = '' } = await visit(attacker, 'eve')
    const victim = await begin(b, plain)
    const query = { ...(await visit(victim, 'alix')), code }
    await expect(finish(b, victim, query)).rejects.toMatchObject({ reason: 'stale', status: 400 })
  })

  it('and without PKCE the nonce does not fit', async () => {
    const bare = bench.open(plain, { pkce: 'never' })
    const attacker = await begin(bare, plain)
    const { code = '' } = await visit(attacker, 'eve')
    const victim = await begin(bare, plain)
    const query = { ...(await visit(victim, 'alix')), code }
    await expect(finish(bare, victim, query)).rejects.toMatchObject(UNTRUSTED)
  })

  it('what was kept of another sign-in is not enough', async () => {
    const [one, two] = [await begin(b, plain), await begin(b, plain)]
    const query = await visit(one, 'alix')
    await expect(finish(b, { ...one, keep: two.keep }, query)).rejects.toMatchObject({ name: 'SignInRefused' })
    await expect(finish(b, { ...one, keep: {} }, query)).rejects.toMatchObject({ name: 'SignInRefused' })
  })
})

describe('B-37 errors of the provider, in our words', () => {
  const answered = async (error: string) => {
    const begun = await begin(b, plain)
    const query = { error, error_description: '<img src=x onerror=alert(1)>', state: begun.state, iss: plain.issuer }
    const thrown = await finish(b, begun, query).catch((refused: unknown) => refused)
    expect(String(thrown)).not.toContain('onerror')
    return thrown as { status: number }
  }

  it.each([
    'access_denied',
    'login_required',
    'interaction_required',
    'consent_required',
    'account_selection_required',
  ])('403 for %s', async (error) => {
    expect(await answered(error)).toMatchObject({ name: 'SignInRefused', reason: 'denied', status: 403 })
  })

  it('403 too_weak where it could not check as strictly', async () => {
    expect(await answered('unmet_authentication_requirements')).toMatchObject({ reason: 'too_weak', status: 403 })
  })

  it.each([
    'server_error',
    'temporarily_unavailable',
    'invalid_request',
    'invalid_scope',
    'Y000400',
    'Y500015',
    '__proto__',
    '<b>',
  ])('502 for %s, as it is none of the person’s making', async (error) => {
    expect(await answered(error)).toMatchObject({ name: 'OctroiError', code: 'upstream_unreachable', status: 502 })
  })

  it('with another state it is no error of ours at all', async () => {
    const begun = await begin(b, plain)
    const query = { error: 'access_denied', state: newState(), iss: plain.issuer }
    await expect(finish(b, begun, query)).rejects.toMatchObject(UNTRUSTED)
  })
})
