import { describe, expect, it } from 'vitest'
import type { EmailAddress } from '../core/people_types.ts'
import type { Store } from '../core/stores.ts'
import { canonicalEmail } from '../policy/email.ts'
import { clientEmail } from './client_email.ts'

function storeOf(addresses: Readonly<Record<string, boolean>>): Pick<Store, 'emails'> {
  const known = Object.entries(addresses).map(([address, isVerified]): EmailAddress => {
    const canonical = canonicalEmail(address) as string
    return { account: 'a', address, canonical, verified_at: isVerified ? 'then' : null, created_at: 'then' }
  })
  return { emails: { of: async () => known } } as unknown as Pick<Store, 'emails'>
}

describe('the address that goes out', () => {
  it.each([
    [
      'the one of the account',
      'primary',
      'Marie@Example.org',
      { 'x@a.org': true, 'marie@example.org': true },
      'marie@example.org',
    ],
    [
      'never one that nobody has verified',
      'primary',
      'marie@example.org',
      { 'marie@example.org': false, 'x@a.org': true },
      null,
    ],
    [
      'the first of his own where nobody gave him one',
      'primary',
      null,
      { 'no@a.org': false, 'x@a.org': true, 'y@a.org': true },
      'x@a.org',
    ],
    ['none', 'primary', null, {}, null],
    [
      'the one at a domain',
      '@asso.example',
      'marie@example.org',
      { 'marie@example.org': true, 'm@asso.example': true },
      'm@asso.example',
    ],
    [
      'that of the account first, of two at a domain',
      '@asso.example',
      'b@asso.example',
      { 'a@asso.example': true, 'b@asso.example': true },
      'b@asso.example',
    ],
    [
      'not one at a domain below, or that ends alike',
      '@asso.example',
      null,
      { 'a@sub.asso.example': true, 'a@xasso.example': true },
      null,
    ],
    [
      'not one at the domain that nobody has verified',
      '@asso.example',
      'a@asso.example',
      { 'a@asso.example': false },
      null,
    ],
    [
      'at a domain with an accent, however it is written',
      '@Café.example',
      null,
      { 'a@xn--caf-dma.example': true },
      'a@xn--caf-dma.example',
    ],
  ])('%s', async (_, from, email, addresses, expected) => {
    expect(await clientEmail(storeOf(addresses as Record<string, boolean>), { from }, { id: 'a', email })).toBe(
      expected,
    )
  })
})
