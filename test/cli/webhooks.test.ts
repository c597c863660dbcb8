import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { allCommands } from '../../src/cli/commands.ts'
import { commonOptions } from '../../src/cli/parse.ts'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'
import { verified } from '../webhooks/asking.ts'
import { folder, octroi } from './octroi.ts'

let gate: TestGate
let receiver: Upstream
const files = folder()
beforeAll(async () => {
  ;[gate, receiver] = await Promise.all([startTestGate(), startUpstream()])
})
afterAll(async () => {
  files.remove()
  await Promise.all([gate.stop(), receiver.stop()])
})

const NEAR = ['--allow-private', '--allow-http']
const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  octroi(args, { env: { OCTROI_URL: gate.url, OCTROI_KEY: gate.adminKey, ...env } })
const own = `whsec_${Buffer.alloc(32, 9).toString('base64')}`

describe('octroi webhook', () => {
  it('add: stdout is the secret and nothing else, and it is what deliveries are signed with', async () => {
    const made = await run([
      'webhook',
      'add',
      `${receiver.url}/cli`,
      '--id',
      'cli',
      '--type',
      'account.created',
      ...NEAR,
    ])
    expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=\n$/) })
    const secret = made.stdout.trim()
    expect(made.stderr).not.toContain(secret)
    expect(await run(['webhook', 'test', 'cli'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('answered 200'),
    })
    expect(verified(receiver.requests.at(-1), secret)).toMatchObject({ type: 'webhook.test' })
    expect((await run(['webhook', 'ls'])).stdout).toMatch(/^cli +127\.0\.0\.1 +active .*account\.created$/m)
    expect((await run(['webhook', 'show', 'cli', '--json'])).json).toMatchObject({
      id: 'cli',
      types: ['account.created'],
    })
  })
  it('deliveries and replay: what became of an event, and once more', async () => {
    await run(['account', 'add', 'Somebody'])
    const rows = async () => (await run(['webhook', 'deliveries', 'cli', '--state', 'delivered', '--json'])).json
    await expect.poll(rows, { timeout: 15_000 }).toMatchObject([{ type: 'account.created', attempts: 1 }])
    const [{ id }] = await rows()
    expect(await run(['webhook', 'replay', 'cli', id])).toMatchObject({ code: 0, stdout: `${id} is due now.\n` })
    const told = () => receiver.requests.filter((request) => request.header('webhook-id') === id).length
    await expect.poll(told, { timeout: 15_000 }).toBe(2)
    expect((await run(['webhook', 'deliveries', 'cli'])).stdout).toContain('account.created')
    expect(await run(['webhook', 'replay', 'cli', 'none'])).toMatchObject({ code: 1 })
  })
  it('set: another address needs a word about the secret (64), and then moves', async () => {
    const move = (...more: string[]) => run(['webhook', 'set', 'cli', '--to', `${receiver.url}/moved`, ...more])
    expect(await move()).toMatchObject({ code: 64, stdout: '', stderr: expect.stringContaining('--new-secret') })
    const moved = await move('--new-secret')
    expect(moved).toMatchObject({ code: 0, stdout: expect.stringMatching(/^whsec_\S+\n$/) })
    expect(await move('--keep-secret', '--name', 'Moved')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Moved'),
    })
    expect(await move('--keep-secret', '--new-secret')).toMatchObject({ code: 64 })
    await run(['webhook', 'test', 'cli'])
    expect(receiver.requests.at(-1)?.url).toBe('/moved')
    expect(verified(receiver.requests.at(-1), moved.stdout.trim())).toBeDefined()
  })
  it('a secret that the receiver has comes from a file or a variable, and is not shown', async () => {
    const path = files.file('hook.secret', `${own}\n`)
    const fromFile = await run(['webhook', 'set', 'cli', '--secret-file', path])
    const fromEnv = await run(['webhook', 'set', 'cli', '--secret-env', 'HOOK'], { HOOK: own })
    for (const ran of [fromFile, fromEnv]) {
      expect(ran.code, ran.stderr).toBe(0)
      expect(ran.stdout + ran.stderr).not.toContain(own)
    }
    await run(['webhook', 'test', 'cli'])
    expect(verified(receiver.requests.at(-1), own)).toBeDefined()
    expect(await run(['webhook', 'set', 'cli', '--secret-env', 'HOOK'])).toMatchObject({ code: 64 })
    const wrong = await run(['webhook', 'set', 'cli', '--secret-env', 'HOOK'], { HOOK: 'canary-not-a-secret' })
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('secret') })
    expect(wrong.stderr).not.toContain('canary')
  })
  it('rotate: the new secret on stdout, both sign for the overlap', async () => {
    const rotated = await run(['webhook', 'rotate', 'cli', '--overlap', '1h'])
    expect(rotated).toMatchObject({ code: 0, stderr: expect.stringContaining('for 1 hour more') })
    await run(['webhook', 'test', 'cli'])
    for (const secret of [own, rotated.stdout.trim()]) expect(verified(receiver.requests.at(-1), secret)).toBeDefined()
  })
  it('disable, enable, activate', async () => {
    expect((await run(['webhook', 'set', 'cli', '--disable', '--json'])).json).toMatchObject({ state: 'disabled' })
    expect((await run(['webhook', 'set', 'cli', '--enable', '--json'])).json).toMatchObject({ state: 'active' })
    expect(await run(['webhook', 'activate', 'cli'])).toMatchObject({ code: 0, stdout: 'cli is active.\n' })
    expect(await run(['webhook', 'set', 'cli', '--enable', '--disable'])).toMatchObject({ code: 64 })
    expect(await run(['webhook', 'set', 'cli'])).toMatchObject({ code: 64 })
  })
  it('test: 1 when the receiver does not take it', async () => {
    await run(['webhook', 'add', `${receiver.url}/status/500`, '--id', 'broken', ...NEAR])
    const ran = await run(['webhook', 'test', 'broken'])
    expect(ran).toMatchObject({ code: 1, stdout: expect.stringContaining('answered 500') })
  })
  it('a private address: 1, and the options that would allow it', async () => {
    const ran = await run(['webhook', 'add', `${receiver.url}/x`])
    expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining('--allow-private') })
  })
  it('rm asks, or takes --yes', async () => {
    expect(await run(['webhook', 'rm', 'broken'])).toMatchObject({ code: 64 })
    expect(await run(['webhook', 'rm', 'broken', '--yes'])).toMatchObject({ code: 0, stdout: 'broken is deleted.\n' })
    expect(await run(['webhook', 'show', 'broken'])).toMatchObject({ code: 1 })
  })
})

it('no command has an option of its own that every command has: --url names the server, and the key goes there', async () => {
  for (const command of await allCommands()) {
    const common = Object.keys(commonOptions(command.on))
    expect(
      Object.keys(command.options).filter((name) => common.includes(name)),
      command.name,
    ).toEqual([])
  }
})
