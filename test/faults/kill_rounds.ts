import { setTimeout as wait } from 'node:timers/promises'
import { expect } from 'vitest'
import { readLine } from '../../src/audit/line.ts'
import type { Settings } from '../../src/config/settings.ts'
import { openInstallation } from '../../src/installation/open.ts'
import { verifyAuditTrail } from '../../src/installation/verify.ts'
import { startUpstream } from '../support/upstream.ts'
import { request, type Serving, serve } from './gate_process.ts'
import { addConnection, filledInstallation, freshSettings } from './places.ts'

/** What was answered 2xx before the process was killed. */
interface Acknowledged {
  readonly keys: Set<string>
  readonly revoked: Set<string>
  readonly connections: Set<string>
  readonly requests: Set<string>
}

/** Kills a gate under load again and again: whatever it had acknowledged is there afterwards. */
export async function killRounds(rounds: number): Promise<void> {
  const settings = await freshSettings('sqlite', { OCTROI_AUDIT: 'strict' })
  const admin = await filledInstallation(settings, 0)
  const upstream = await startUpstream()
  await addConnection(settings, 'target', upstream.url)
  const known: Acknowledged = { keys: new Set(), revoked: new Set(), connections: new Set(), requests: new Set() }
  try {
    let caller: string | undefined
    for (let round = 0; round < rounds; round++) {
      const gate = await serve(settings)
      caller ??= await callingKey(gate, admin)
      const load = underLoad(gate, admin, caller, known)
      await somethingOfEach(known)
      await wait(Math.random() * 500)
      await gate.kill()
      await load
      await checkEverything(settings, known)
    }
    for (const kind of [known.keys, known.connections, known.requests]) expect(kind.size).toBeGreaterThanOrEqual(rounds)
  } finally {
    await upstream.stop()
  }
}

/** However slow the machine is: a round in which nothing was acknowledged would show nothing. */
async function somethingOfEach({ keys, connections, requests }: Acknowledged): Promise<void> {
  const before = [keys, connections, requests].map((kind) => [kind, kind.size] as const)
  for (const until = Date.now() + 30_000; Date.now() < until; await wait(10))
    if (before.every(([kind, size]) => kind.size > size)) return
  throw new Error('the gate acknowledged nothing of some kind in 30 s')
}

async function callingKey(gate: Serving, admin: string): Promise<string> {
  const grants = [{ connection: 'target', allow: ['* /**'] }]
  const answer = await request(gate.url, 'POST', '/api/v1/keys', admin, { name: 'caller', grants })
  expect(answer?.status).toBe(201)
  return answer?.body.key
}

/** Until the gate is gone: writes of every kind, and calls. */
async function underLoad(gate: Serving, admin: string, caller: string, known: Acknowledged): Promise<void> {
  const until = async (work: () => Promise<boolean>) => {
    while (!gate.ended && (await work()));
  }
  const settings = { base_url: 'http://127.0.0.1:9', header: 'Authorization', prefix: '' }
  const makeKey = async () => {
    const answer = await request(gate.url, 'POST', '/api/v1/keys', admin, { name: 'k' })
    if (answer?.status !== 201) return false
    known.keys.add(answer.body.id)
    if (known.keys.size % 3 > 0) return true
    const gone = await request(gate.url, 'DELETE', `/api/v1/keys/${answer.body.id}`, admin)
    if (gone?.status === 204) known.revoked.add(answer.body.id)
    return gone !== undefined
  }
  const makeConnection = async () => {
    const network = { allow_private: true, allow_http: true }
    const body = { connector: 'generic-api-key', settings, secrets: { api_key: 'x' }, network, verify: false }
    const answer = await request(gate.url, 'POST', '/api/v1/connections', admin, body)
    if (answer?.status === 201) known.connections.add(answer.body.id)
    else if (answer !== undefined) throw new Error(JSON.stringify(answer.body))
    return answer !== undefined
  }
  const call = async () => {
    const answer = await request(gate.url, 'GET', '/proxy/target/echo', caller)
    if (answer?.status === 200) known.requests.add(answer.headers.get('octroi-request-id') as string)
    else if (answer !== undefined) throw new Error(JSON.stringify(answer.body))
    return answer !== undefined
  }
  await Promise.all([
    until(makeKey),
    until(makeKey),
    until(makeConnection),
    ...Array.from({ length: 8 }, () => until(call)),
  ])
}

async function checkEverything(settings: Settings, known: Acknowledged): Promise<void> {
  const { open, ring } = await openInstallation(settings)
  try {
    for (const id of known.keys) expect(await open.store.keys.get(id), `key ${id}`).toBeDefined()
    for (const id of known.revoked) expect((await open.store.keys.get(id))?.revoked_at, `key ${id}`).not.toBeNull()
    for (const id of known.connections) {
      const stored = await open.store.connections.get(id)
      expect(stored, `connection ${id}`).toBeDefined()
      if (stored) await ring.openSecrets(stored.dataKey, stored.connection, stored.sealed)
    }
    const recorded = new Set<string>()
    for (let seq = 0; ; ) {
      const part = await open.activity.chain('main', seq, 50)
      for (const text of part.flatMap((batch) => batch.lines.split('\n'))) recorded.add(readLine(text).request)
      if (part.length === 0) break
      seq = part.at(-1)?.seq ?? seq
    }
    const missing = [...known.requests].filter((id) => !recorded.has(id))
    expect(missing).toEqual([])
  } finally {
    await open.close()
  }
  expect((await verifyAuditTrail(settings)).faults).toEqual([])
}
