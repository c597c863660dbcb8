import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { ask, keyFor, NEAR } from '../gateway/scene.ts'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'

/** What is wrong with what Octroi holds is never the caller's fault: a 4xx is final to him, and his call would be lost. */

const FILE = (more: string) => `id: own
name: Own
docs: https://acme.example
${more}
`
const BEFORE = FILE(`scheme: api_key
settings: { site: { title: Site, format: url } }
base_url: \${settings.site}
api_key: [{ header: X-Key, value: "\${secrets.api_key}" }]`)

let gate: TestGate
let upstream: Upstream
let folder: string
afterEach(async () => {
  await gate.stop()
  await upstream.stop()
  await rm(folder, { recursive: true, force: true })
})

async function callAfter(file: string) {
  folder = await mkdtemp(join(tmpdir(), 'octroi-test-own-'))
  await mkdir(join(folder, 'connectors'))
  await writeFile(join(folder, 'connectors/own.yaml'), BEFORE)
  upstream = await startUpstream()
  gate = await startTestGate({ OCTROI_DATA_DIR: folder })
  const connection = { id: 'svc', connector: 'own', settings: { site: upstream.url }, secrets: { api_key: 'k' } }
  expect((await gate.api('POST', '/connections', { ...connection, network: NEAR })).status).toBe(201)
  const key = await keyFor(gate, [{ connection: 'svc', allow: ['* /**'] }])
  expect((await ask({ gate, key }, '/echo')).status).toBe(200)
  await writeFile(join(folder, 'connectors/own.yaml'), file)
  await gate.restart()
  return ask({ gate, key }, '/echo', { method: 'POST', body: 'b' })
}

describe('a connector file that was changed under its connections', () => {
  it.each([
    ['the address needs a setting that they do not have', BEFORE.replaceAll('site', 'other')],
    [
      'the key has another name',
      BEFORE.replace('secrets.api_key', 'secrets.token').concat('secrets: { token: { title: T } }\n'),
    ],
    ['another scheme', BEFORE.replace('scheme: api_key', 'scheme: basic').replace(/api_key: \[.*\]/, '')],
    ['it is gone', ''],
  ])('502 reconnect_required: %s', async (_, file) => {
    const { status, code, text, headers } = await callAfter(file)
    expect([status, code], text).toEqual([502, 'reconnect_required'])
    expect(headers.get('retry-after')).not.toBeNull()
  })
})
