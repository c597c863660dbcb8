import { STATUS_CODES } from 'node:http'
import { describe, expect, it } from 'vitest'
import { asOctroiError, ConfigurationError, ERROR_CODES, type ErrorCode, OctroiError } from './errors.ts'

const CODES = Object.keys(ERROR_CODES) as ErrorCode[]

describe('the table of errors', () => {
  it.each(CODES)('%s has a status of HTTP and a title', (code) => {
    const { status, title } = ERROR_CODES[code]
    expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/)
    expect(status).toBeGreaterThanOrEqual(400)
    expect(STATUS_CODES[status]).toBeDefined()
    expect(title).toMatch(/^[A-Z].*[^.]$/)
    expect(new OctroiError(code, 'x').status).toBe(status)
  })

  it('401 and 403 are said only of what the caller sent or may do, so that nobody gives up for our trouble', () => {
    const callers = CODES.filter((code) => [401, 403].includes(ERROR_CODES[code].status))
    expect(callers).toEqual([
      'unauthenticated',
      'key_expired',
      'key_revoked',
      'not_granted',
      'never_allowed',
      'csrf_rejected',
    ])
  })

  it('what may pass by itself answers 429 or 5xx, which a program tries again', () => {
    for (const code of [
      'rate_limited',
      'internal',
      'busy',
      'store_unavailable',
      'upstream_unreachable',
      'upstream_timeout',
    ] as const) {
      expect([429, 500, 502, 503, 504]).toContain(ERROR_CODES[code].status)
    }
  })
})

describe('errors', () => {
  it('keep apart what the machine, the caller and the log read', () => {
    const cause = new Error('secret')
    const error = new OctroiError('busy', 'Come back.', {
      cause,
      retryAfter: 2,
      errors: [{ path: 'a', message: 'b' }],
    })
    expect(error).toMatchObject({
      code: 'busy',
      status: 503,
      detail: 'Come back.',
      message: 'busy: Come back.',
      cause,
      retryAfter: 2,
    })
    expect(error.errors).toEqual([{ path: 'a', message: 'b' }])
    expect(`${error}`).not.toContain('secret')
  })

  it('500 internal for whatever is not ours, and nothing of it in the detail', () => {
    const foreign = new Error('password is hunter2')
    const error = asOctroiError(foreign)
    expect(error).toMatchObject({ code: 'internal', status: 500, cause: foreign })
    expect(error.detail).not.toContain('hunter2')
    for (const thrown of [undefined, null, 'text', 7]) expect(asOctroiError(thrown).code).toBe('internal')
    const ours = new OctroiError('conflict', 'x')
    expect(asOctroiError(ours)).toBe(ours)
  })

  it('a configuration error says every fault at once', () => {
    const error = new ConfigurationError(['first', 'second'])
    expect([error.message, error.faults]).toEqual(['first\nsecond', ['first', 'second']])
  })
})
