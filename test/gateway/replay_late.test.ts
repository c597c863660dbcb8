import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Exchange } from '../support/upstream.ts'
import { ask, type Scene, startScene, until } from './scene.ts'

/** A call that outlives its claim on an Idempotency-Key, and comes back when another call has the claim. */

let scene: Scene
let held: Exchange['response'][]
let numbers = 0
let key = ''

beforeAll(async () => {
  scene = await startScene({ replay_s: 3_600 })
  scene.upstream.on('/held', ({ response }) => void held.push(response))
})
afterAll(() => scene.stop())
beforeEach(() => {
  held = []
  key = `late-${++numbers}`
})

const post = () => ask(scene, '/held', { method: 'POST', headers: { 'idempotency-key': key }, body: 'x' })
const isHeld = (count: number) => until(() => expect(held).toHaveLength(count))

/** As if the claims had been made long ago. */
function lapseClaims(): void {
  const db = new DatabaseSync(join(scene.gate.settings.data_dir, 'activity.db'), { timeout: 5_000 })
  try {
    const { changes } = db.prepare(`update replays set expires_at = '2026-01-01' where state = 'in_flight'`).run()
    expect(changes).toBe(1)
  } finally {
    db.close()
  }
}

async function takenOver() {
  const first = post()
  await isHeld(1)
  lapseClaims()
  const second = post()
  await isHeld(2)
  return { first, second }
}

describe('a late owner of a claim', () => {
  it('whose call succeeded has its own answer, and what is kept is that of the next owner', async () => {
    const { first, second } = await takenOver()
    held[0]?.end('of the first')
    expect((await first).text).toBe('of the first')
    const third = post()
    held[1]?.end('of the second')
    expect((await second).text).toBe('of the second')
    const answer = await third
    expect([answer.text, answer.headers.get('idempotent-replayed')]).toEqual(['of the second', 'true'])
    expect([(await post()).text, held.length]).toEqual(['of the second', 2])
  })

  it.each([
    ['answered 500', (response: Exchange['response']) => response.writeHead(500).end()],
    ['was cut off', (response: Exchange['response']) => response.destroy()],
  ])('whose call %s does not free the key: a third one waits for the second', async (_, end) => {
    const { first, second } = await takenOver()
    end(held[0] as Exchange['response'])
    expect((await first).status).toBeGreaterThanOrEqual(500)
    const third = post()
    // Had it gone out, it would have done so before this one, which is asked for after it and answered.
    await ask(scene, '/other', { method: 'POST', headers: { 'idempotency-key': `${key}-other` }, body: 'x' })
    expect(held).toHaveLength(2)
    held[1]?.end('of the second')
    expect([(await second).text, (await third).text]).toEqual(['of the second', 'of the second'])
    expect(held).toHaveLength(2)
  })

  it('whose answer is too large to keep leaves the next one’s to be kept', async () => {
    const { first, second } = await takenOver()
    held[0]?.end('x'.repeat(2_000_000))
    expect((await first).text).toHaveLength(2_000_000)
    held[1]?.end('of the second')
    await second
    expect([(await post()).text, held.length]).toEqual(['of the second', 2])
  })

  it('whose claim nobody took keeps its answer', async () => {
    const first = post()
    await isHeld(1)
    lapseClaims()
    held[0]?.end('of the first')
    await first
    expect([(await post()).text, held.length]).toEqual(['of the first', 1])
  })
})
