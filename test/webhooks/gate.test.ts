import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { LEASE_MS } from '../../src/outbound/webhooks/dispatcher.ts'
import { octroi } from '../cli/octroi.ts'
import { startChildGate } from '../gateway/child.ts'
import { ENGINES, Places } from '../store/places.ts'
import { stopSharedPostgres } from '../support/postgres.ts'
import { startUpstream } from '../support/upstream.ts'
import { verified } from './asking.ts'
import { Outbox } from './outbox.ts'

/** With processes of their own: one that is killed, and a whole gate. */

const places = new Places()
afterEach(() => places.cleanUp(), 60_000)
afterAll(() => stopSharedPostgres(), 60_000)

describe.each(ENGINES)('on %s', (engine) => {
  it('what a process had claimed when it was killed is delivered by another', async () => {
    const open = await places.openFresh(engine)
    const outbox = await Outbox.on(open)
    const receiver = await startUpstream()
    const secret = await outbox.webhook('w1', `${receiver.url}/hook`)
    const id = await outbox.event()
    const [now, until] = [outbox.now, outbox.now + LEASE_MS].map((time) => new Date(time).toISOString()) as [
      string,
      string,
    ]
    const script = fileURLToPath(new URL('./child.ts', import.meta.url))
    const args = ['--no-warnings', script, JSON.stringify(places.locationOf(open)), now, until]
    const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    const [said] = await once(child.stdout, 'data')
    expect(String(said).trim()).toBe(`claimed ${id}`)
    child.kill('SIGKILL')
    await once(child, 'exit')
    const dispatcher = outbox.dispatcher()
    await outbox.round(dispatcher)
    expect(receiver.requests).toEqual([])
    outbox.now += LEASE_MS
    await outbox.round(dispatcher)
    expect(verified(receiver.requests[0], secret, outbox.now)).toMatchObject({ data: { id } })
    expect(await outbox.delivery('w1', id)).toMatchObject({ state: 'delivered' })
    await outbox.close()
    await receiver.stop()
  }, 60_000)
})

it('a gate delivers what happens, and its secrets are in no log, file, export or answer', async () => {
  const receiver = await startUpstream()
  const gate = await startChildGate({ OCTROI_LOG_LEVEL: 'trace' })
  const env = { OCTROI_URL: gate.url, OCTROI_KEY: gate.adminKey }
  const ask = async (method: string, path: string, body?: unknown) => {
    const answer = await fetch(`${gate.url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${gate.adminKey}`, 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
    })
    return JSON.parse(await answer.text())
  }
  const network = { allow_private: true, allow_http: true }
  const hook = (id: string, path: string) => ask('POST', '/webhooks', { id, url: `${receiver.url}${path}`, network })
  const { secret: good } = await hook('good', '/hook')
  const { secret: failing } = await hook('failing', '/status/500')
  const { id: key } = await ask('POST', '/keys', { name: 'Caisse' })
  const of = (path: string) => receiver.requests.filter(({ url, body }) => url === path && body.includes(`key:${key}`))
  await expect.poll(() => [of('/hook').length, of('/status/500').length > 0], { timeout: 15_000 }).toEqual([1, true])
  expect(verified(of('/hook')[0], good)).toMatchObject({ type: 'key.created', data: { subject: `key:${key}` } })
  expect(verified(of('/status/500')[0], failing)).toBeDefined()
  const { secret: rotated } = await ask('POST', '/webhooks/good/rotate', { overlap_s: 3_600 })
  const told = [
    JSON.stringify(await ask('GET', '/webhooks')),
    JSON.stringify(await ask('GET', '/webhooks/failing/deliveries')),
    JSON.stringify(await ask('GET', '/events?limit=200')),
    JSON.stringify(await ask('GET', '/audit?limit=200')),
    ...(await Promise.all([octroi(['export'], { env }), octroi(['webhook', 'show', 'good'], { env })])).map(
      ({ stdout, stderr }) => stdout + stderr,
    ),
  ]
  expect(told.at(-1)).toContain('/hook')
  await gate.stop()
  const files = readdirSync(gate.folder).map((name) => readFileSync(join(gate.folder, name)).toString('latin1'))
  for (const secret of [good, failing, rotated]) {
    const bare = secret.slice('whsec_'.length)
    for (const text of [
      ...told,
      ...files,
      gate.output().toString(),
      ...receiver.requests.map(({ body }) => String(body)),
    ]) {
      expect(text.includes(bare) || text.includes(Buffer.from(bare, 'base64').toString('latin1'))).toBe(false)
    }
  }
  await gate.remove()
  await receiver.stop()
}, 60_000)
