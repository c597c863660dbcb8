import { describe, expect, it } from 'vitest'
import { StrangerBudget } from './oidc_strangers.ts'

const HOUR_MS = 3_600_000

describe('what strangers may have us write down', () => {
  it('429 for one block of addresses once its hour is used up, and for nobody else', () => {
    let now = 0
    const budget = new StrangerBudget(() => now)
    for (let i = 0; i < 6_000; i++) {
      budget.visit('/auth?client_id=app', '2001:db8::1')
      budget.post('/request', { body: Buffer.from('client_id=app'), authorization: undefined }, '2001:db8::2')
    }
    const refusal = expect.objectContaining({ code: 'rate_limited', retryAfter: 3_600 })
    expect(() => budget.visit('/auth?client_id=app', '2001:db8::3')).toThrow(refusal)
    expect(() =>
      budget.post('/device/auth', { body: Buffer.from('client_id=tv'), authorization: undefined }, '2001:db8::3'),
    ).toThrow(refusal)
    budget.visit('/auth?client_id=app', '2001:db8:1::1')
    now = HOUR_MS
    budget.visit('/auth?client_id=app', '2001:db8::3')
  })

  it('counts nothing of who shows a proof, nor of who comes back, nor other requests', () => {
    const budget = new StrangerBudget(() => 0)
    const shown = { body: Buffer.from('client_id=app'), authorization: 'Basic YTpi' }
    const posted = { body: Buffer.from('client_id=app&client_secret=s'), authorization: undefined }
    const neither = { body: Buffer.from('client_id=app&client_secret='), authorization: undefined }
    for (let i = 0; i < 12_001; i++) {
      budget.visit('/auth/uid', '192.0.2.1')
      budget.post('/request', shown, '192.0.2.1')
      budget.post('/request?x', posted, '192.0.2.1')
      budget.post('/token', neither, '192.0.2.1')
    }
    for (let i = 0; i < 12_000; i++) budget.post('/request', neither, '192.0.2.1')
    expect(() => budget.post('/request', neither, '192.0.2.1')).toThrow('Too many')
  })
})
