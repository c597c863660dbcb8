import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OctroiError } from '../core/errors.ts'
import { type Presented, presentedIn } from './presented.ts'
import { readHead } from './request_head.ts'

const present = (...raw: string[]) => presentedIn(readHead(raw))
const basic = (text: string | Buffer) => `Basic ${Buffer.from(text).toString('base64')}`
const NOTHING: Presented = { apiKey: null, bearer: null, basic: null, certificate: null }
const as = (user: string, password: string) => ({ basic: { user, password } })

describe('what is presented', () => {
  it.each<[string[], Partial<Presented>]>([
    [['Authorization', 'Bearer K'], { bearer: 'K' }],
    [['authorization', 'bEARER  K '], { bearer: 'K' }],
    [['Authorization', basic('user:K')], as('user', 'K')],
    [['Authorization', basic(':K')], as('', 'K')],
    [['Authorization', basic('user:with:colons')], as('user', 'with:colons')],
    [['Authorization', basic('usér:pässwörd €')], as('usér', 'pässwörd €')],
    [['API-KEY', ' K '], { apiKey: 'K' }],
    [['x-api-key', 'K'], { apiKey: 'K' }],
    [['API-KEY', 'K', 'X-API-Key', 'K', 'Authorization', 'Bearer K'], { apiKey: 'K', bearer: 'K' }],
    [['API-KEY', 'K', 'Authorization', 'Digest username="x"'], { apiKey: 'K' }],
    [['API-KEY', '', 'X-API-Key', 'K'], { apiKey: 'K' }],
    [['API-KEY', 'K', 'Authorization', 'Bearer L'], { apiKey: 'K', bearer: 'L' }],
    [['Authorization', 'Bearer a, Bearer b'], { bearer: 'a, Bearer b' }],
    [['Authorization', 'Bearer'], {}],
    [['Authorization', 'Bearer '], {}],
    [['Authorization', 'Bearer\tK'], {}],
    [['Authorization', 'K'], {}],
    [['Authorization', basic('no colon')], {}],
    [['Authorization', basic('user:')], {}],
    [['Authorization', basic('user:a\0b')], {}],
    [['Authorization', basic('us\ner:a')], {}],
    [['Authorization', basic(Buffer.from('user:p\xe4ss', 'latin1'))], {}],
    [['Authorization', 'Basic !!!'], {}],
    [['Authorization', 'Basic dXNlcjpL, Bearer K'], {}],
    [['Authorization', `Bearer ${'x'.repeat(8_192)}`], {}],
    [['Proxy-Authorization', 'Bearer K', 'Cookie', 'key=K; octroi_session=K; Authorization=Bearer K'], {}],
    [['Octroi-Subject', 'admin', 'X-Client-Certificate', 'CN=admin'], {}],
    [[], {}],
  ])('%j → %j', (raw, expected) => {
    expect(present(...raw)).toEqual({ ...NOTHING, ...expected })
  })

  it.each([
    [['API-KEY', 'K', 'X-API-Key', 'L']],
    [['API-KEY', 'K', 'api-key', 'K']],
    [['Authorization', 'Bearer K', 'authorization', 'Bearer K']],
  ])('400 ambiguous_credentials: %j', (raw) => {
    expect(() => present(...raw)).toThrow(expect.objectContaining({ code: 'ambiguous_credentials' }))
  })
})

describe('property: Basic', () => {
  const word = fc
    .string({ unit: 'grapheme', minLength: 1 })
    .filter((text) => !/[\0-\x1f\x7f]/.test(text) && text.isWellFormed())

  it('what was encoded is what is read', () => {
    fc.assert(
      fc.property(
        word.filter((user) => !user.includes(':')),
        word,
        (user, password) => {
          expect(present('Authorization', basic(`${user}:${password}`)).basic).toEqual({ user, password })
        },
      ),
      { numRuns: 1_000 },
    )
  })

  it('any bytes are read in one way, or not at all', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const { basic: read } = present('Authorization', basic(Buffer.from(bytes)))
        if (read !== null) expect(Buffer.from(`${read.user}:${read.password}`)).toEqual(Buffer.from(bytes))
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('property: any headers', () => {
  const name = fc.oneof(
    fc.constantFrom(
      'Host',
      'Authorization',
      'API-KEY',
      'X-API-Key',
      'api_key',
      'X-Forwarded-For',
      'Connection',
      'Upgrade',
      'Cookie',
      'X.Y',
    ),
    fc.string({ unit: fc.constantFrom(..."aA-_.!#$%&'*+^`|~019xX"), minLength: 1, maxLength: 20 }),
  )
  const value = fc.oneof(fc.string(), fc.constantFrom('Bearer K', 'Basic Og==', 'chunked', 'keep-alive, x', 'a@b', ''))

  it('are read, or refused as a fault of the request: nothing else is ever thrown', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value), { maxLength: 40 }), (pairs) => {
        try {
          const head = readHead(pairs.flat())
          expect(head.names).toEqual(pairs.map(([given]) => given.toLowerCase()))
          presentedIn(head)
        } catch (error) {
          expect(error).toBeInstanceOf(OctroiError)
          expect([400, 501]).toContain((error as OctroiError).status)
        }
      }),
      { numRuns: 2_000 },
    )
  })

  it('no cookie is a credential, whatever it says', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { maxLength: 8 }), (cookies) => {
        const raw = cookies.flatMap((cookie) => ['Cookie', cookie])
        expect(presentedIn(readHead(raw))).toEqual(NOTHING)
      }),
      { numRuns: 500 },
    )
  })
})
