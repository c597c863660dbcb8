import { afterAll, describe, expect, it } from 'vitest'
import { fill } from '../../bench/fill.ts'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { startUpstream } from '../support/upstream.ts'
import { openPassage } from './soak.ts'

const KEYS = process.env.OCTROI_TEST_LONG === '1' ? 1_000_000 : 2_000
const CONNECTIONS = process.env.OCTROI_TEST_LONG === '1' ? 100_000 : 200

describe(`${KEYS} keys and ${CONNECTIONS} connections`, () => {
  let gate: TestGate
  const upstream = startUpstream({ keepBodies: false })

  afterAll(async () => {
    await gate.stop()
    await (await upstream).stop()
  })

  const status = async (key: string) => {
    const answer = await fetch(`${gate.url}/proxy/up/status/200`, { headers: { 'api-key': key } })
    await answer.arrayBuffer()
    return answer.status
  }

  it('are all known after a restart, and one that is revoked is not from the next request', {
    timeout: 900_000,
  }, async () => {
    gate = await startTestGate()
    const passage = await openPassage(gate, (await upstream).url)
    await gate.pause()
    const templates = { ...passage, connection: 'up', secrets: { username: 'u', password: 'p' } }
    const keys = await fill(gate.settings.data_dir, templates, { keys: KEYS, connections: CONNECTIONS })
    await gate.resume()

    const { body } = await gate.api('GET', '/status')
    expect(body).toMatchObject({ keys: KEYS + 1, connections: CONNECTIONS })
    for (let i = 0; i < 100; i++) expect(await status(keys[Math.floor((i * keys.length) / 100)] as string)).toBe(200)

    const victim = keys.at(-1) as string
    expect(await status(victim)).toBe(200)
    const self = await gate.api('GET', '/keys/self', undefined, { key: victim })
    expect((await gate.api('DELETE', `/keys/${self.body.id}`)).status).toBe(204)
    expect(await status(victim)).toBe(401)
    expect(await status(keys.at(-2) as string)).toBe(200)
  })
})
