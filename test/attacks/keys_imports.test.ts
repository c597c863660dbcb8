import { afterAll, describe, expect, it } from 'vitest'
import { startTestGate } from '../support/gate.ts'
import { sharedPostgres, stopSharedPostgres } from '../support/postgres.ts'

/** Keys that come in many at once, at several gates at once. */

afterAll(() => stopSharedPostgres())

const ENGINES = ['sqlite', 'postgres'] as const

async function gatesOn(engine: (typeof ENGINES)[number]) {
  const database = engine === 'sqlite' ? {} : { OCTROI_DATABASE_URL: await (await sharedPostgres()).createDatabase() }
  return startTestGate(database)
}

const rows = (count: number, of = 'a') =>
  Array.from({ length: count }, (_, i) => ({
    name: `Key ${i}`,
    secret: `a-key-of-odoo-${of}-${String(i).padStart(6, '0')}`,
    account: `owner-${i % 7}`,
    groups: [`group-${i % 3}`],
  }))

describe.each(ENGINES)('on %s', (engine) => {
  it('T23: the same batch eight times at once: every key is made once, and nobody is told of a failure of ours', async () => {
    const gate = await gatesOn(engine)
    const body = { keys: rows(120), make_accounts: true, make_groups: true }
    const answers = await Promise.all(Array.from({ length: 8 }, () => gate.api('POST', '/keys/import/batch', body)))
    for (const { status } of answers) expect([200, 409, 503]).toContain(status)
    const made = answers.flatMap(({ status, body: { made: count } }) => (status === 200 ? [count] : []))
    expect(made.reduce((sum, count) => sum + count, 0)).toBe(120)
    const { body: again } = await gate.api('POST', '/keys/import/batch', body)
    expect(again).toMatchObject({ made: 0, unchanged: 120, accounts: [], groups: [] })
    expect((await gate.api('GET', '/status')).body).toMatchObject({ keys: 121 })
    await gate.stop()
  })

  it('T23: a batch of which one row is another one’s leaves nothing behind, also when both come at once', async () => {
    const gate = await gatesOn(engine)
    await gate.api('POST', '/accounts', { id: 'other', kind: 'service', name: 'Other' })
    const [one, two] = [rows(50), rows(50, 'b')]
    // The last of each is the same secret, for two accounts.
    const shared = { ...(one[49] as (typeof one)[number]), account: 'other' }
    const batches = [one, [...two.slice(0, 49), shared]]
    const answers = await Promise.all(
      batches.map((keys) => gate.api('POST', '/keys/import/batch', { keys, make_accounts: true, make_groups: true })),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409])
    expect((await gate.api('GET', '/status')).body.keys).toBe(51)
    await gate.stop()
  })

  it('hundreds of keys are taken over, found, counted by day, and unchanged the next time', async () => {
    const gate = await gatesOn(engine)
    const body = { keys: rows(400, 'c'), make_accounts: true, make_groups: true }
    expect((await gate.api('POST', '/keys/import/batch', body)).body.made).toBe(400)
    for (const { secret, name, account, groups } of [body.keys[0]!, body.keys[399]!]) {
      const self = await gate.api('GET', '/keys/self', undefined, { key: secret })
      expect(self.body).toMatchObject({ name, account, groups, imported: true })
      // A refusal is a line of the trail, and so a call of the day.
      expect((await gate.api('GET', '/keys', undefined, { key: secret })).status).toBe(403)
      const usage = await gate.api('GET', '/keys/self/usage', undefined, { key: secret })
      expect(usage.body).toMatchObject({ calls: 1, refused: 1 })
    }
    expect((await gate.api('POST', '/keys/import/batch', body)).body).toMatchObject({ made: 0, unchanged: 400 })
    await gate.stop()
  })
})
