import { describe, expect, it } from 'vitest'
import { refusalOf } from './oauth_refusal.ts'

const NOW = Date.parse('2026-11-21T12:00:00Z')
const answer = (status: number, body: unknown, headers: Record<string, string> = {}) => ({
  status,
  headers: new Headers(headers),
  text: typeof body === 'string' ? body : JSON.stringify(body),
})

describe('what a refusal of a token endpoint means', () => {
  it.each([
    [400, { error: 'invalid_grant' }, 'human', 'The service answered invalid_grant with status 400.'],
    [401, { error: 'invalid_client' }, 'human', 'The service answered invalid_client with status 401.'],
    [400, { error: 'unauthorized_client' }, 'human', 'The service answered unauthorized_client with status 400.'],
    [200, { error: 'bad_verification_code' }, 'human', 'The service answered bad_verification_code with status 200.'],
    [401, '', 'human', 'The service answered status 401.'],
    [404, { message: 'Not found' }, 'human', 'The service answered status 404.'],
    [400, { error: 'temporarily_unavailable' }, 'transient', expect.stringContaining('temporarily_unavailable')],
    [400, { error: 'server_error' }, 'transient', expect.stringContaining('server_error')],
    [503, { error: 'invalid_grant' }, 'transient', expect.stringContaining('503')],
    [500, 'oops', 'transient', 'The service answered status 500.'],
    [403, '<html>blocked by the gateway</html>', 'transient', 'The service answered status 403.'],
    [408, {}, 'transient', 'The service answered status 408.'],
    [302, '', 'transient', 'The service answered status 302.'],
  ])('%i %j is %s', (status, body, kind, detail) => {
    expect(refusalOf(answer(status, body), NOW)).toMatchObject({ kind, detail, retryAfter: undefined })
  })

  it.each([
    ['17', 17],
    ['Sat, 21 Nov 2026 12:02:00 GMT', 120],
    ['Sat, 21 Nov 2026 11:00:00 GMT', 0],
    ['later', undefined],
    ['-5', undefined],
  ])('429 with Retry-After %s', (text, retryAfter) => {
    expect(refusalOf(answer(429, {}, { 'Retry-After': text }), NOW)).toMatchObject({ kind: 'limited', retryAfter })
  })

  it('503 says when, too', () => {
    expect(refusalOf(answer(503, '', { 'Retry-After': '9' }), NOW)).toMatchObject({ kind: 'transient', retryAfter: 9 })
  })

  it('never repeats what is not a code', () => {
    const { detail } = refusalOf(
      answer(400, { error: 'Token s3cr3t is bad', error_description: 'client_secret=abc' }),
      NOW,
    )
    expect(detail).toBe('The service answered status 400.')
  })

  it('takes the words of the connector for the service’s own codes', () => {
    const rules = { error: ['fault', 'code'], human: ['consent_required'], transient: ['too_busy'] }
    expect(refusalOf(answer(500, { fault: { code: 'consent_required' } }), NOW, rules).kind).toBe('human')
    expect(refusalOf(answer(400, { fault: { code: 'too_busy' } }), NOW, rules).kind).toBe('transient')
  })
})
