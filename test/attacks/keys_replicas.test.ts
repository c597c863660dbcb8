import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { endProcesses, request, type Serving, serve } from '../faults/gate_process.ts'
import { filledInstallation, freshSettings, removeFolders } from '../faults/places.ts'
import { stopSharedPostgres } from '../support/postgres.ts'

/** T27 on PostgreSQL: one limit for all gates on one store. */

afterEach(async () => {
  await endProcesses()
  removeFolders()
})
afterAll(() => stopSharedPostgres())

const HOUR = 3_600

async function gates(count: number) {
  const settings = await freshSettings('postgres')
  const admin = await filledInstallation(settings, 0)
  const serving = await Promise.all(Array.from({ length: count }, () => serve(settings)))
  const newKey = async (limit: number) => {
    const rate_limit = { limit, window_s: HOUR }
    const made = await request(serving[0]!.url, 'POST', '/api/v1/keys', admin, { name: 'limited', rate_limit })
    await known()
    return made!.body
  }
  /** Every gate knows what was changed by now: it knows a key that was made after that. */
  const known = async () => {
    const { key } = (await request(serving[0]!.url, 'POST', '/api/v1/keys', admin, { name: 'witness' }))!.body
    for (const gate of serving)
      await expect.poll(() => statusAt(gate, key), { timeout: 20_000, interval: 50 }).toBe(200)
  }
  return { serving, admin, newKey, known }
}

const statusAt = async ({ url }: Serving, key: string) => (await request(url, 'GET', '/api/v1/keys/self', key))?.status

/** How many of so many calls pass, sent to the gates in turn. */
async function passed(serving: readonly Serving[], key: string, calls: number, atOnce: number): Promise<number> {
  let sum = 0
  let next = 0
  const worker = async () => {
    for (let i = next++; i < calls; i = next++) {
      const status = await statusAt(serving[i % serving.length]!, key)
      expect([200, 429]).toContain(status)
      if (status === 200) sum++
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return sum
}

describe.each([1, 2])('%i gates on one PostgreSQL', (count) => {
  it('T27: of 100 at once with a limit of 10 exactly 10 pass', async () => {
    const { serving, newKey } = await gates(count)
    for (let round = 0; round < 3; round++) {
      const { key } = await newKey(10)
      expect(await passed(serving, key, 100, 100)).toBe(10)
    }
  })

  it('T27: of 1,300 with a limit of 1,000 never more pass, and at most 2 % fewer for each gate', async () => {
    const { serving, newKey } = await gates(count)
    const { key } = await newKey(1_000)
    const sum = await passed(serving, key, 1_300, 40)
    expect(sum).toBeLessThanOrEqual(1_000)
    expect(sum).toBeGreaterThanOrEqual(1_000 - 20 * count)
  })
})

it('T27: a limit that was changed at one gate holds at the other, in the window that is open', async () => {
  const { serving, admin, newKey, known } = await gates(2)
  const { id, key } = await newKey(1_000)
  expect(await passed(serving, key, 50, 10)).toBe(50)
  const body = { rate_limit: { limit: 60, window_s: HOUR } }
  expect((await request(serving[0]!.url, 'PATCH', `/api/v1/keys/${id}`, admin, body))?.status).toBe(200)
  await known()
  // What was taken before counts, also the places that a gate had taken ahead.
  expect(await passed(serving, key, 100, 20)).toBeLessThanOrEqual(10)
})
