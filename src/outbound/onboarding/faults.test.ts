import { describe, expect, it } from 'vitest'
import { OctroiError } from '../../core/errors.ts'
import type { CheckResult } from '../connections/check.ts'
import { ExchangeError } from '../exchange.ts'
import { faultOf, refusalOf, TrialFailed } from './faults.ts'

const trial = (outcome: CheckResult['outcome'], status: number | null) =>
  new TrialFailed({ ok: false, outcome, status, detail: 'what was seen', ms: 1 })

describe('a fault of a form', () => {
  it('is said at the only secret that there is', () => {
    expect(faultOf(trial('refused', 401), ['api_key'])).toEqual({
      code: 'upstream_rejected_credential',
      detail: 'what was seen',
      errors: [{ path: 'secrets.api_key', message: 'was refused by the service' }],
    })
  })
  it('is said at those that the service named, whole names only', () => {
    const error = new ExchangeError('human', 'Tripletex refuses employee_token (422): wrong.')
    const at = (names: string[]) => faultOf(error, names).errors.map(({ path }) => path)
    expect(at(['consumer_key', 'employee_token'])).toEqual(['secrets.employee_token'])
    expect(at(['token', 'employee'])).toEqual([])
  })
  it.each([
    [trial('failed', null), 'upstream_unreachable'],
    [trial('failed', 500), 'unexpected_answer'],
    [new ExchangeError('transient', 'busy'), 'upstream_unreachable'],
    [new ExchangeError('limited', 'fewer'), 'upstream_unreachable'],
    [new OctroiError('insecure_upstream', 'inside'), 'insecure_upstream'],
    [new OctroiError('identity_changed', 'other'), 'identity_changed'],
  ])('%s is %s', (error, code) => {
    expect(faultOf(error, ['a', 'b'])).toMatchObject({ code, errors: [] })
  })
  it.each([
    new Error('a bug'),
    new OctroiError('busy', 'x'),
    new OctroiError('store_unavailable', 'x'),
    new OctroiError('conflict', 'x'),
  ])('is not made of our own trouble: %s', (error) => {
    expect(() => faultOf(error, ['a'])).toThrow(error)
    expect(() => refusalOf(error)).toThrow(error)
  })
})

describe('who said no', () => {
  const human = new ExchangeError('human', 'refused')
  it.each([
    [human, { error: 'access_denied' }, 'person'],
    [human, { denied: 'token' }, 'person'],
    [human, { oauth_problem: 'user_refused' }, 'person'],
    [human, { oauth_problem: 'token_expired' }, 'service'],
    [human, { error: 'invalid_scope' }, 'service'],
    // Whatever the callback says: the service could not be asked.
    [new ExchangeError('transient', 'down'), { error: 'access_denied' }, 'trouble'],
    [trial('refused', 403), {}, 'service'],
    [trial('failed', 500), {}, 'trouble'],
    [new OctroiError('upstream_timeout', 'late'), {}, 'trouble'],
    [new OctroiError('reconnect_required', 'a secret is missing'), {}, 'service'],
    [new OctroiError('invalid_request', 'not a slug'), {}, 'service'],
    [new OctroiError('identity_changed', 'other'), {}, 'other_account'],
  ])('%s with %j: %s', (error, params, by) => {
    expect(refusalOf(error, params).by).toBe(by)
  })
})
