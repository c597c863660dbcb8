// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are references of a state file
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'
import { verified } from '../webhooks/asking.ts'
import { folder, octroi } from './octroi.ts'

let one: TestGate
let two: TestGate
let receiver: Upstream
const files = folder()
const NEAR = { allow_private: true, allow_http: true }
const own = `whsec_${Buffer.alloc(32, 5).toString('base64')}`

beforeAll(async () => {
  ;[one, two, receiver] = await Promise.all([startTestGate(), startTestGate(), startUpstream()])
  const webhooks = [
    { id: 'chat', name: 'Chat', url: `${receiver.url}/chat`, types: ['key.expiring', 'key.created'], network: NEAR },
    { id: 'quiet', url: `${receiver.url}/quiet`, network: NEAR, disabled: true, secret: own },
  ]
  for (const body of webhooks) expect((await one.api('POST', '/webhooks', body)).status).toBe(201)
})
afterAll(async () => {
  files.remove()
  await Promise.all([one.stop(), two.stop(), receiver.stop()])
})

const run = (gate: TestGate, args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  octroi(args, { env: { OCTROI_URL: gate.url, OCTROI_KEY: gate.adminKey, ...env }, cwd: files.path })
const apply = (text: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  run(two, ['apply', files.file('case.yaml', text), ...args], env)
const hook = async (gate: TestGate, id: string) => (await gate.api('GET', `/webhooks/${id}`)).body
const entry = (more: string) =>
  `webhooks:\n  - { id: chat, network: { allow_private: true, allow_http: true }, ${more} }\n`

describe('webhooks in export and apply', () => {
  it('come over as they are, with a new secret each that is printed once', async () => {
    expect(await run(one, ['export', 'one.yaml'])).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('2 webhooks'),
    })
    const text = readFileSync(join(files.path, 'one.yaml'), 'utf8')
    expect(text).not.toContain('whsec_')
    const done = await run(two, ['apply', 'one.yaml', '--yes'])
    expect(done.code, done.stderr).toBe(0)
    expect(done.stdout).toMatch(/^webhook chat whsec_\S+\nwebhook quiet whsec_\S+\n$/)
    for (const id of ['chat', 'quiet']) {
      const { created_at, updated_at, state_since, created_by, ...rest } = await hook(one, id)
      expect(await hook(two, id)).toMatchObject(rest)
    }
    await run(two, ['webhook', 'test', 'chat'])
    expect(verified(receiver.requests.at(-1), done.stdout.split(/\s/)[2] as string)).toBeDefined()
    expect((await run(two, ['apply', 'one.yaml', '--yes', '--json'])).json).toMatchObject({
      changes: 0,
      webhook_secrets: [],
    })
    await run(two, ['export', 'two.yaml'])
    expect(readFileSync(join(files.path, 'two.yaml'), 'utf8')).toBe(text)
  })
  it('change without a new secret where the address stays', async () => {
    const ran = await apply(entry(`name: Other, url: '${receiver.url}/chat'`), ['--yes', '--json'])
    expect(ran.json).toMatchObject({ changes: 1, webhook_secrets: [] })
    expect(ran.json.steps[0]).toMatchObject({ action: 'update', noun: 'webhook', fields: ['name', 'types'] })
    expect(await hook(two, 'chat')).toMatchObject({ name: 'Other', types: ['*'] })
  })
  it('get a new secret with another address, or the one that the file gives', async () => {
    const moved = await apply(entry(`url: '${receiver.url}/moved'`), ['--yes', '--json'])
    expect(moved.json.webhook_secrets).toEqual([{ webhook: 'chat', secret: expect.stringMatching(/^whsec_/) }])
    const given = entry(`url: '${receiver.url}/again', secret: '\${env:CHAT}'`)
    expect(await apply(given, ['--yes'])).toMatchObject({ code: 78, stderr: expect.stringContaining('CHAT') })
    const again = await apply(given, ['--yes'], { CHAT: own })
    expect(again).toMatchObject({ code: 0, stdout: '' })
    await run(two, ['webhook', 'test', 'chat'])
    expect(verified(receiver.requests.at(-1), own)).toBeDefined()
  })
  it('take a reference in the secret alone (D11)', async () => {
    const ran = await apply(entry("url: 'https://example.org/${env:CHAT}'"), ['--yes'], { CHAT: 'canary' })
    expect(ran).toMatchObject({ code: 78, stderr: expect.stringContaining('takes no reference') })
  })
  it('are deleted by --prune only where the file speaks of webhooks', async () => {
    await apply('accounts: []\n', ['--yes', '--prune'])
    expect((await two.api('GET', '/webhooks')).body.items).toHaveLength(2)
    await apply(entry(`url: '${receiver.url}/again'`), ['--yes', '--prune'])
    expect((await two.api('GET', '/webhooks')).body.items.map(({ id }: { id: string }) => id)).toEqual(['chat'])
    await apply('webhooks: []\n', ['--yes', '--prune'])
    expect((await two.api('GET', '/webhooks')).body.items).toEqual([])
  })
  it('are left out, and said so, for a key that may not read them', async () => {
    const permissions = ['accounts.read', 'connections.read', 'keys.read', 'connectors.read']
    const { key } = (await one.api('POST', '/keys', { name: 'x', permissions })).body
    const ran = await run(one, ['export'], { OCTROI_KEY: key })
    expect(ran).toMatchObject({ code: 0, stderr: expect.stringContaining('webhooks are left out') })
    expect(ran.stdout).not.toContain('webhooks:')
    const file = files.file('hooks.yaml', entry("url: 'https://example.org/'"))
    const refused = await run(one, ['apply', file], { OCTROI_KEY: key })
    expect(refused).toMatchObject({ code: 78, stderr: expect.stringContaining('webhooks.read') })
  })
})
