import { describe, expect, it } from 'vitest'
import type { FoundAccount } from '../core/program_types.ts'
import type { HotReads } from '../core/stores.ts'
import { AccountAdmissions, type KnownAccount } from './account_admissions.ts'

const found = (id: string, more: object = {}): FoundAccount =>
  ({
    account: {
      id,
      kind: 'service',
      name: 'Till',
      email: 'till@example.org',
      groups: ['tills'],
      disabled_at: null,
      ...more,
    },
    password_hash: 'hash',
    grants: [{ connection: 'svc', allow: ['GET /'] }],
  }) as unknown as FoundAccount

/** A store whose reads are answered when the test says so. */
function scene() {
  const waiting: ((account: FoundAccount | undefined) => void)[] = []
  const read = () => new Promise<FoundAccount | undefined>((resolve) => waiting.push(resolve))
  const hot = { findAccount: read, findCertificate: read } as unknown as HotReads
  const answer = (account: FoundAccount | undefined) => waiting.shift()?.(account)
  return { accounts: new AccountAdmissions(hot), waiting, answer }
}

describe('accounts that call in by themselves', () => {
  it('are read once for a version, then found at once', async () => {
    const { accounts, waiting, answer } = scene()
    const first = accounts.find(1, 'till')
    answer(found('till'))
    const known = await first
    expect(accounts.find(1, 'till')).toBe(known)
    expect(accounts.find(2, 'till')).toBeInstanceOf(Promise)
    expect(waiting.length).toBe(1)
  })

  it('D18: what was read for one version is not kept for the next', async () => {
    const { accounts, answer } = scene()
    const early = accounts.find(1, 'till')
    const late = accounts.find(2, 'other')
    answer(found('till'))
    answer(found('other'))
    await Promise.all([early, late])
    expect(accounts.find(2, 'other')).toBe(await late)
    expect(accounts.find(2, 'till')).toBeInstanceOf(Promise)
  })

  it('nobody is kept who is not there, and nobody is looked for whose id cannot be one', async () => {
    const { accounts, waiting, answer } = scene()
    const nobody = accounts.find(1, 'nobody')
    answer(undefined)
    expect(await nobody).toBeUndefined()
    expect(accounts.find(1, 'nobody')).toBeInstanceOf(Promise)
    for (const id of ['', 'Till', ' till', '../till', 'till:x', 'x'.repeat(65)])
      expect(accounts.find(1, id)).toBeUndefined()
    expect(waiting.length).toBe(1)
  })

  it('an id and a subject that are spelt alike are two things', async () => {
    const { accounts, answer } = scene()
    const byId = accounts.find(1, 'till')
    answer(found('till'))
    await byId
    const bySubject = accounts.findCertificate(1, 'till')
    expect(bySubject).toBeInstanceOf(Promise)
    answer(undefined)
    expect(await bySubject).toBeUndefined()
  })

  it('an admission for each proof, the same each time, without a key and without permissions', async () => {
    const { accounts, answer } = scene()
    const asked = accounts.find(1, 'till')
    answer(found('till'))
    const known = (await asked) as KnownAccount
    expect(known.as('basic')).toBe(known.as('basic'))
    expect(known.as('basic').compiled).not.toBe(known.as('mtls').compiled)
    expect(known.as('mtls')).toMatchObject({
      key: null,
      endsAt: Number.POSITIVE_INFINITY,
      addresses: undefined,
      principal: {
        kind: 'service',
        proof: 'mtls',
        subject: 'till',
        account: 'till',
        key_id: null,
        groups: ['tills'],
        permissions: [],
        grants: [{ connection: 'svc', allow: ['GET /'] }],
        expires_at: null,
        cidrs: [],
      },
    })
    expect(known.until('jwt', 86_400_000)).toMatchObject({
      endsAt: 86_400_000,
      principal: { proof: 'jwt', expires_at: '1970-01-02T00:00:00.000Z' },
    })
  })
})
