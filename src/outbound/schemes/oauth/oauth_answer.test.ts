import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { ExchangeError } from '../../exchange.ts'
import { answerRules, answerShape, readToken } from './oauth_answer.ts'

const NOW = Date.parse('2026-11-21T12:00:00Z')
const Section = z.object(answerShape)

function read(section: z.input<typeof Section>, body: unknown, status = 200) {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return readToken({ status, headers: new Headers(), text }, answerRules(Section.parse(section)), NOW)
}

describe('the answer of a token endpoint', () => {
  it('RFC 6749 §5.1', () => {
    const body = {
      access_token: '2Yot',
      token_type: 'example',
      expires_in: 3600,
      refresh_token: 'tGz',
      id_token: 'x.y.z',
    }
    expect(read({}, body)).toEqual({
      json: body,
      accessToken: '2Yot',
      refreshToken: 'tGz',
      idToken: 'x.y.z',
      tokenType: 'example',
      expiresAt: NOW + 3_600_000,
    })
  })

  it('somewhere else, under other names, in other units', () => {
    const response = {
      at: ['data', '0'],
      access_token: ['Access.Token'],
      refresh_token: ['refresh', 'token'],
      expires_in: ['ttl'],
      unit: 'min',
    } as const
    const body = { data: [{ 'Access.Token': 'a', refresh: { token: 'r' }, ttl: '30' }] }
    expect(read({ response: structuredClone(response) as never }, body)).toMatchObject({
      accessToken: 'a',
      refreshToken: 'r',
      expiresAt: NOW + 1_800_000,
    })
  })

  it('expires_at wins where the connector names it', () => {
    const body = { access_token: 'a', expires_in: 5, ends: '2026-11-21T12:10:00Z' }
    expect(read({ response: { expires_at: ['ends'] } }, body).expiresAt).toBe(NOW + 600_000)
  })

  it('expires_at is read without being named where expires_in says nothing', () => {
    const end = { expires_at: NOW / 1000 + 600 }
    expect(read({}, { access_token: 'a', ...end }).expiresAt).toBe(NOW + 600_000)
    expect(read({}, { access_token: 'a', expires_in: 5, ...end }).expiresAt).toBe(NOW + 5_000)
  })

  it.each([[undefined], [0], [-1], ['never'], [null], [{}]])(
    'expires_in %j: lifetime_s, else unknown',
    (expires_in) => {
      const body = { access_token: 'a', expires_in }
      expect(read({}, body).expiresAt).toBeNull()
      expect(read({ lifetime_s: 600 }, body).expiresAt).toBe(NOW + 600_000)
    },
  )

  it('201 is as good as 200', () => {
    expect(read({}, { access_token: 'a' }, 201).accessToken).toBe('a')
  })

  it.each([
    [{ ok: { path: ['IsError'], not: true } }, { access_token: 'a', IsError: true }, 'human', 'its IsError says no'],
    [{ ok: { path: ['code'], is: 0 } }, { access_token: 'a', code: 7 }, 'human', 'its code says no'],
    [{ ok: { path: ['ok'], is: true } }, { ok: false, error: 'token_expired' }, 'human', 'token_expired'],
    [{ ok: { path: ['ok'], is: true } }, { ok: false, error: 'server_error' }, 'transient', 'server_error'],
    [{ transient_errors: ['try_later'] }, { error: 'try_later' }, 'transient', 'try_later'],
    [{ response: { error: ['errors', '0', 'code'] } }, { errors: [{ code: 'gone' }] }, 'human', 'gone'],
    [{}, { error: 'Secret s3cr3t is wrong' }, 'human', 'status 200'],
    [{}, {}, 'transient', 'has no access_token'],
    [{}, [], 'transient', 'has no access_token'],
    [{}, { access_token: { nested: 1 } }, 'transient', 'has no access_token'],
    [{}, { access_token: 'a', refresh_token: 'é' }, 'transient', 'refresh_token'],
    [{}, 'access_token=a', 'transient', 'not JSON'],
    [{}, '', 'transient', 'not JSON'],
    [{}, 'null', 'transient', 'not JSON'],
  ])('%j with %j is %s', (section, body, kind, detail) => {
    expect(() => read(section as never, body)).toThrow(detail)
    expect(() => read(section as never, body)).toThrow(expect.objectContaining({ kind }))
    expect(() => read(section as never, body)).not.toThrow('s3cr3t')
  })

  it('the ok of a good answer', () => {
    expect(read({ ok: { path: ['IsError'], not: true } }, { access_token: 'a', IsError: false }).accessToken).toBe('a')
    expect(read({ ok: { path: ['ok'], is: true } }, { access_token: 'a', ok: true }).accessToken).toBe('a')
  })

  it('prototypes are no answer', () => {
    expect(() => read({ response: { access_token: ['constructor', 'name'] } }, {})).toThrow('has no access_token')
  })

  it('whatever a service answers: a token that can be sent with an end that can be kept, or an ExchangeError', () => {
    const anything = fc.oneof(fc.anything(), fc.string(), fc.double(), fc.integer().map(String))
    const bodies = fc.oneof(
      fc.json(),
      fc.string(),
      fc.record(
        {
          access_token: anything,
          refresh_token: anything,
          expires_in: anything,
          expires_at: anything,
          error: anything,
        },
        { requiredKeys: [] },
      ),
    )
    const statuses = fc.oneof(fc.constant(200), fc.integer({ min: 100, max: 599 }))
    const property = fc.property(bodies, statuses, (body, status) => {
      try {
        const { accessToken, expiresAt } = read({}, printable(body), status)
        expect(accessToken).toMatch(/^[\x20-\x7e]+$/)
        if (expiresAt !== null) expect(new Date(expiresAt).getTime()).toBeGreaterThan(NOW)
      } catch (error) {
        expect(error).toBeInstanceOf(ExchangeError)
        expect((error as ExchangeError).detail).toMatch(/^[\w ,.]{1,120}$/)
      }
    })
    fc.assert(property, { numRuns: 500 })
  })
})

/** As JSON where it can be. */
function printable(body: unknown): string {
  if (typeof body === 'string') return body
  try {
    return JSON.stringify(body, (_, value) => (typeof value === 'bigint' ? String(value) : value)) ?? ''
  } catch {
    return ''
  }
}
