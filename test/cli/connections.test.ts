import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { PAHEKO_READER, PAHEKO_WRITER, type Paheko, startPaheko } from '../support/paheko.ts'
import { folder, octroi } from './octroi.ts'

let gate: TestGate
let paheko: Paheko
const files = folder()
const { username, password } = PAHEKO_WRITER
const SECRETS = ['--secret-env', 'username=P_USER', '--secret-env', 'password=P_PASS']

beforeAll(async () => {
  ;[gate, paheko] = await Promise.all([startTestGate(), startPaheko()])
})
afterAll(async () => {
  files.remove()
  await Promise.all([gate?.stop(), paheko?.stop()])
})

/** As the administrator, with the secrets of Paheko in the environment. No secret may ever come out. */
async function run(args: readonly string[], stdin = '', env: Readonly<Record<string, string>> = {}) {
  const ran = await octroi(args, {
    env: { OCTROI_URL: gate.url, OCTROI_KEY: gate.adminKey, P_USER: username, P_PASS: password, ...env },
    stdin,
  })
  for (const secret of [gate.adminKey, password]) expect(ran.stdout + ran.stderr).not.toContain(secret)
  return ran
}

function add(...more: readonly string[]) {
  return run(['connection', 'add', 'paheko', '--set', `base_url=${paheko.url}`, ...more])
}

describe('status and connectors', () => {
  it('0 with a table, and with --json one document and nothing else', async () => {
    expect((await run(['status'])).stdout).toMatch(/^version +\d/)
    const ran = await run(['status', '--json'])
    expect(ran).toMatchObject({ code: 0, stderr: '', json: { environment: 'default' } })
    expect((await run(['connector', 'ls', '--json'])).json.map(({ id }: { id: string }) => id)).toContain('paheko')
    expect((await run(['connector', 'show', 'paheko'])).stdout).toContain('accounting-post')
  })

  it('1 with a key that does not work, 1 for what does not exist', async () => {
    const refused = await run(['status', '--json'], '', { OCTROI_KEY: 'x'.repeat(40) })
    expect(refused).toMatchObject({ code: 1, problem: { code: 'unauthenticated', status: 401 } })
    const nothing = await run(['connector', 'show', 'nosuch'])
    expect(nothing).toMatchObject({ code: 1, stdout: '' })
    expect(nothing.stderr).toMatch(/^octroi: There is no connector nosuch/)
  })
})

describe('connections', () => {
  it('64 without a terminal, naming what is missing and how to give it', async () => {
    const ran = await run(['connection', 'add', 'paheko'])
    expect(ran.code).toBe(64)
    expect(ran.stderr).toMatch(/setting base_url, the secret username, the secret password/)
    expect(ran.stderr).toMatch(/--set base_url=\S+\n.*--secret-file username=PATH/)
  })

  it('1 for a private address that was not allowed, with the remedy; nothing is made', async () => {
    const ran = await add(...SECRETS)
    expect(ran.code).toBe(1)
    expect(ran.stderr).toContain('--allow-private')
    expect((await run(['connection', 'ls', '--json'])).json).toEqual([])
  })

  it('1 when the service refuses the secrets: they are tried first', async () => {
    const ran = await add(
      '--allow-private',
      '--allow-http',
      '--secret-env',
      'username=P_USER',
      '--secret-env',
      'password=P_USER',
    )
    expect(ran.code).toBe(1)
    expect(ran.stderr).toMatch(/does not work\.?\n {2}secrets: /)
  })

  it('0: secrets from files, from the environment and from stdin; --no-verify tries nothing', async () => {
    const open = ['--allow-private=127.0.0.0/8', '--allow-http']
    const made = await add(...open, ...SECRETS, '--tag', 'customer=42', '--replay', '1h', '--json')
    expect(made).toMatchObject({
      code: 0,
      stderr: '',
      json: {
        id: 'paheko',
        state: 'ready',
        tags: { customer: '42' },
        replay_s: 3600,
        network: { allow_private: ['127.0.0.0/8'] },
      },
    })
    const file = files.file('password', `${password}\n`)
    const stdin = JSON.stringify({ username })
    const base = ['connection', 'add', 'paheko', '--set', `base_url=${paheko.url}`, '--id', 'second']
    expect(await run([...base, ...open, '--stdin', '--secret-file', `password=${file}`], stdin)).toMatchObject({
      code: 0,
    })
    const twice = await run([...base, '--stdin', '--secret-env', 'username=P_USER'], stdin)
    expect(twice).toMatchObject({ code: 64, stderr: expect.stringContaining('username is given twice') })
    const calls = paheko.requests.length
    expect(
      await add(
        ...open,
        '--id',
        'third',
        '--no-verify',
        '--secret-env',
        'username=P_USER',
        '--secret-env',
        'password=P_USER',
      ),
    ).toMatchObject({ code: 0 })
    expect(paheko.requests.length).toBe(calls)
  })

  it('ls, show, test, refresh', async () => {
    expect((await run(['connection', 'ls'])).stdout).toMatch(/^ID +CONNECTOR.*\npaheko /)
    expect((await run(['connection', 'show', 'paheko'])).stdout).toContain(paheko.url)
    expect(await run(['connection', 'test', 'paheko', '--json'])).toMatchObject({ code: 0, json: { ok: true } })
    expect(await run(['connection', 'test', 'third', '--json'])).toMatchObject({
      code: 1,
      json: { outcome: 'refused' },
    })
    expect(await run(['connection', 'refresh', 'paheko', '--json'])).toMatchObject({
      code: 1,
      problem: { code: 'unsupported' },
    })
  })

  it('set changes only what is given; an address needs the secrets (reconnect), which keeps the id', async () => {
    const set = await run([
      'connection',
      'set',
      'paheko',
      '--tag',
      'a=b',
      '--limit',
      'queue=5',
      '--allow-never',
      '* /api/sql*',
      '--json',
    ])
    expect(set.json).toMatchObject({
      tags: { customer: '42', a: 'b' },
      limits: { queue: 5 },
      allow_never: ['* /api/sql*'],
    })
    const unset = ['--untag', 'a', '--close-never', '* /api/sql*']
    expect((await run(['connection', 'set', 'paheko', ...unset, '--json'])).json).toMatchObject({
      tags: { customer: '42' },
      allow_never: [],
    })
    const moved = await run(['connection', 'set', 'paheko', '--set', 'base_url=http://127.0.0.1:1'])
    expect(moved).toMatchObject({ code: 1, stderr: expect.stringContaining('connection reconnect') })
    expect(await run(['connection', 'reconnect', 'paheko'])).toMatchObject({ code: 64 })
    const again = await run([
      'connection',
      'reconnect',
      'paheko',
      '--set',
      `base_url=${paheko.url}/`,
      ...SECRETS,
      '--json',
    ])
    expect(again).toMatchObject({ code: 0, json: { id: 'paheko', network: { allow_http: true } } })
  })

  it('next, test --next, switch, next --drop', async () => {
    expect(await run(['connection', 'switch', 'paheko'])).toMatchObject({ code: 1 })
    const next = JSON.stringify({ username: PAHEKO_READER.username, password: PAHEKO_READER.password })
    expect((await run(['connection', 'next', 'paheko', '--stdin', '--json'], next)).json).toMatchObject({
      has_next: true,
    })
    expect(await run(['connection', 'test', 'paheko', '--next'])).toMatchObject({ code: 0 })
    expect(await run(['connection', 'switch', 'paheko'])).toMatchObject({ code: 0 })
    expect((await run(['connection', 'next', 'paheko', '--drop', '--json'])).json).toMatchObject({ has_next: false })
    expect(await run(['connection', 'activate', 'paheko', '--json'])).toMatchObject({
      code: 0,
      json: { state: 'ready' },
    })
  })

  it('rm: 64 without a terminal and --yes', async () => {
    expect(await run(['connection', 'rm', 'third'])).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('--yes'),
    })
    expect(await run(['connection', 'rm', 'third', '--yes', '--json'])).toMatchObject({
      code: 0,
      json: { deleted: 'third' },
    })
    expect(await run(['connection', 'show', 'third'])).toMatchObject({ code: 1 })
  })
})
