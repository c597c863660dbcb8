import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OctroiError } from '../core/errors.ts'
import { presentedSecret } from './credentials.ts'
import { readHead } from './request_head.ts'

const present = (...raw: string[]) => presentedSecret(readHead(raw))
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`

describe('what is presented', () => {
  it.each([
    [['Authorization', 'Bearer K'], 'K'],
    [['authorization', 'bEARER  K '], 'K'],
    [['Authorization', basic('user:K')], 'K'],
    [['Authorization', basic(':K')], 'K'],
    [['Authorization', basic('user:with:colons')], 'with:colons'],
    [['API-KEY', ' K '], 'K'],
    [['x-api-key', 'K'], 'K'],
    [['API-KEY', 'K', 'X-API-Key', 'K', 'Authorization', 'Bearer K'], 'K'],
    [['API-KEY', 'K', 'Authorization', 'Digest username="x"'], 'K'],
    [['API-KEY', '', 'X-API-Key', 'K'], 'K'],
    [['Authorization', 'Bearer'], null],
    [['Authorization', 'Bearer '], null],
    [['Authorization', 'Bearer\tK'], null],
    [['Authorization', 'K'], null],
    [['Authorization', basic('no colon')], null],
    [['Authorization', basic('user:')], null],
    [['Authorization', 'Basic !!!'], null],
    [['Authorization', 'Basic dXNlcjpL, Bearer K'], null],
    [['Authorization', `Bearer ${'x'.repeat(5_000)}`], null],
    [['Proxy-Authorization', 'Bearer K', 'Cookie', 'key=K'], null],
    [[], null],
  ])('%j → %j', (raw, expected) => {
    expect(present(...raw)).toBe(expected)
  })

  it.each([
    [['API-KEY', 'K', 'X-API-Key', 'L']],
    [['API-KEY', 'K', 'Authorization', 'Bearer L']],
    [['X-API-Key', 'K', 'Authorization', basic('u:L')]],
    [['API-KEY', 'K', 'api-key', 'K']],
  ])('400 ambiguous_credentials: %j', (raw) => {
    expect(() => present(...raw)).toThrow(expect.objectContaining({ code: 'ambiguous_credentials' }))
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
          presentedSecret(head)
        } catch (error) {
          expect(error).toBeInstanceOf(OctroiError)
          expect([400, 501]).toContain((error as OctroiError).status)
        }
      }),
      { numRuns: 2_000 },
    )
  })
})
