import { createSecretKey } from 'node:crypto'
import fc from 'fast-check'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { OctroiError } from '../../core/errors.ts'
import type { HotReads } from '../../core/stores.ts'
import { Throttle } from '../../policy/throttle.ts'
import { Admissions } from '../admissions.ts'
import { Entrance } from '../entrance.ts'
import { readHead } from '../request_head.ts'
import { authenticators } from './index.ts'

/** A store with one program, which any input must not become. */

const NOW = Date.parse('2026-11-22T12:00:00Z')
const ACCOUNT = { id: 'till', kind: 'service', name: 'Till', email: null, groups: [], disabled_at: null }

let good: string
let entrance: Entrance
beforeAll(async () => {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  good = await new SignJWT({ iss: 'idp', aud: 'octroi', sub: 'till', exp: NOW / 1000 + 300 })
    .setProtectedHeader({ alg: 'ES256', kid: 'one' })
    .sign(privateKey)
  const issuer = {
    ...{ id: 'idp', issuer: 'idp', jwks_uri: null, jwks: { keys: [{ ...(await exportJWK(publicKey)), kid: 'one' }] } },
    ...{ audience: ['octroi'], algorithms: ['ES256'], typ: null, subject_claim: 'sub', account: null, accounts: [] },
    ...{ conditions: {}, network: {}, clock_skew_s: 60, disabled_at: null },
  }
  const found = { account: ACCOUNT, password_hash: 'the hash', grants: [] }
  const hot = {
    findKey: async () => undefined,
    findAccount: async (id: string) => (id === 'till' ? found : undefined),
    findCertificate: async (subject: string) => (subject === 'CN=till' ? found : undefined),
    issuers: async () => [issuer],
  } as unknown as HotReads
  const throttle = new Throttle({ now: () => NOW, pause: async () => undefined })
  entrance = new Entrance({
    sessions: { look: () => 'unknown' },
    authenticators: authenticators({
      hot,
      admissions: new Admissions(hot, createSecretKey(Buffer.alloc(32)), 'test'),
      passwords: { isFull: false, verify: async (hash, password) => hash !== null && password === 'the password' },
      throttle,
      fetchKeys: () => Promise.reject(new Error('nothing is to be fetched')),
      now: () => NOW,
    }),
    guard: throttle,
    certificateHeader: 'x-certificate',
    now: () => NOW,
  })
})

let hosts = 0
/** The account that is let in, or the code of the refusal; anything else that is thrown is thrown. */
async function admit(...raw: string[]): Promise<string> {
  const address = `10.0.${(hosts >> 8) & 255}.${hosts++ & 255}`
  try {
    const head = readHead(raw)
    const admission = await entrance.admit({ head, caller: { address, proto: 'https', trusted: true } }, 1)
    return admission.account.id
  } catch (error) {
    if (error instanceof OctroiError) return error.code
    throw error
  }
}
const REFUSALS = ['unauthenticated', 'rate_limited', 'ambiguous_credentials', 'invalid_request']

const authorization = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .tuple(fc.constantFrom('Bearer ', 'bearer ', 'Basic ', 'BASIC ', 'Bearer\t', 'DPoP '), fc.string())
    .map((two) => two.join('')),
  fc.string().map((text) => `Basic ${Buffer.from(text).toString('base64')}`),
  fc.tuple(fc.constantFrom('till', 'TILL', 'till ', 'x'), fc.string()).map((two) => `Basic ${btoa(two[0])}${two[1]}`),
)

describe('what lets in', () => {
  it('the token, the password and the certificate of the one program', async () => {
    expect(await admit('Authorization', `Bearer ${good}`)).toBe('till')
    expect(await admit('Authorization', `Basic ${btoa('till:the password')}`)).toBe('till')
    expect(await admit('X-Certificate', 'CN=till')).toBe('till')
  })
})

describe('property: nothing else does, and nothing but a refusal is thrown', () => {
  it('any Authorization', async () => {
    await fc.assert(
      fc.asyncProperty(authorization, async (text) => {
        expect(REFUSALS).toContain(await admit('Authorization', text))
      }),
      { numRuns: 3_000 },
    )
  })

  it('any Basic of other texts', async () => {
    const part = fc.string({ unit: 'grapheme' })
    await fc.assert(
      fc.asyncProperty(part, part, async (user, password) => {
        const encoded = Buffer.from(`${user}:${password}`).toString('base64')
        expect(REFUSALS).toContain(await admit('Authorization', `Basic ${encoded}`))
      }),
      { numRuns: 2_000 },
    )
  })

  it('a token in which one character is another, one is missing, or one more', async () => {
    const sign = fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ ')
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), sign, fc.nat(2), async (at, other, kind) => {
        const rest =
          kind === 0 ? `${other}${good.slice(at + 1)}` : kind === 1 ? good.slice(at + 1) : `${other}${good.slice(at)}`
        const text = good.slice(0, at) + rest
        if (text.trim() !== good) expect(REFUSALS).toContain(await admit('Authorization', `Bearer ${text}`))
      }),
      { numRuns: 3_000 },
    )
  })

  it('a token of any header and claims, unsigned or with the signature of the good one', async () => {
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const [, , signature] = good.split('.')
    const header = fc.record(
      {
        alg: fc.constantFrom('none', 'ES256', 'HS256', '', null),
        kid: fc.constantFrom('one', 'x', null),
        typ: fc.constantFrom('JWT', 'x'),
        crit: fc.constantFrom(['b64'], []),
        jwk: fc.object({ maxDepth: 0 }),
      },
      { requiredKeys: ['alg'] },
    )
    const claims = fc.record({
      iss: fc.constantFrom('idp', 'x'),
      aud: fc.constantFrom('octroi', ['octroi'], 'x'),
      sub: fc.constantFrom('till', 'x'),
      exp: fc.constantFrom(NOW / 1000 + 300, 0, null, 'x', 1e300),
    })
    await fc.assert(
      fc.asyncProperty(header, claims, fc.constantFrom('', signature, 'AA'), async (head, body, signed) => {
        const text = `${part(head)}.${part(body)}.${signed}`
        if (text !== good) expect(REFUSALS).toContain(await admit('Authorization', `Bearer ${text}`))
      }),
      { numRuns: 2_000 },
    )
  })

  it('any certificate header', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => `CN=till,${text}`),
        ),
        async (text) => {
          expect(REFUSALS).toContain(await admit('X-Certificate', text))
        },
      ),
      { numRuns: 2_000 },
    )
  })

  it('any cookie, with whatever stands beside it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), async (text) => {
        expect(await admit('Cookie', text, 'Cookie', `authorization=Bearer ${good}; octroi_session=${good}`)).toBe(
          'unauthenticated',
        )
      }),
      { numRuns: 300 },
    )
  })
})
