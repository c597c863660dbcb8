import { afterEach, describe, expect, it } from 'vitest'
import { until } from '../gateway/scene.ts'
import { type Scene, startClientOnly } from '../renewals/scene.ts'
import { ageToken } from '../renewals/tokens.ts'

/** A crowd that waits for one slow token, of which half leaves. */

let scene: Scene
const faults: unknown[] = []
const note = (fault: unknown) => void faults.push(fault)
afterEach(async () => {
  process.off('warning', note).off('unhandledRejection', note)
  await scene.stop()
})

describe('many calls at a slow token endpoint', () => {
  it('one token request, every caller answered or gone, no warning and no rejection that nobody hears', async () => {
    process.on('warning', note).on('unhandledRejection', note)
    scene = await startClientOnly()
    await ageToken(scene.gate.settings, { ends: -1 })
    scene.server.slowTokens(1_500)
    const before = scene.server.tokenRequests()
    const leaving = Array.from({ length: 150 }, () => new AbortController())
    const gone = leaving.map(({ signal }) => scene.call('/resource/x', { signal }).catch(() => 'gone'))
    const staying = Array.from({ length: 150 }, () => scene.call('/resource/x', { method: 'POST', body: 'b' }))
    await until(() => expect(scene.server.tokenRequests()).toBe(before + 1))
    for (const caller of leaving) caller.abort()
    expect(new Set((await Promise.all(staying)).map(({ status }) => status))).toEqual(new Set([200]))
    expect(new Set(await Promise.all(gone))).toEqual(new Set(['gone']))
    expect(scene.server.tokenRequests()).toBe(before + 1)
    expect(faults).toEqual([])
  })
})
