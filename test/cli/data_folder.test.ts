import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Folder, folder, octroi, start } from './octroi.ts'

let files: Folder
let data: string

beforeAll(() => {
  files = folder()
  data = join(files.path, 'data')
})
afterAll(() => files.remove())

function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return octroi(args, { env: { OCTROI_DATA_DIR: data, ...env }, cwd: files.path })
}

interface Served {
  readonly url: string
  readonly child: ReturnType<typeof start>
  readonly log: () => string
  readonly ended: Promise<number | null>
}

async function serve(...more: readonly string[]): Promise<Served> {
  const child = start(['serve', '--listen', '127.0.0.1:0', ...more], { OCTROI_DATA_DIR: data }, files.path)
  let log = ''
  child.stdout.on('data', (chunk) => (log += chunk))
  child.stderr.on('data', (chunk) => (log += chunk))
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  await expect.poll(() => log, { timeout: 20_000 }).toContain('Octroi is ready')
  return { url: JSON.parse(log.split('\n')[0] as string).url, child, log: () => log, ended }
}

describe('octroi init', () => {
  it('78 for every command on a folder where nothing is, and nothing is made', async () => {
    for (const command of [['serve'], ['vault', 'rotate'], ['backup', 'x'], ['audit', 'verify'], ['audit', 'heads']]) {
      expect(await run(command), command.join(' ')).toMatchObject({ code: 78, stdout: '' })
    }
    expect(existsSync(data)).toBe(false)
  })

  it('stdout is the administrator key alone; the words around it say where the master key is and what comes next', async () => {
    const ran = await run(['init', '--data-dir', 'people'])
    expect(ran).toMatchObject({ code: 0, stdout: expect.stringMatching(/^oct_key_\w+\n$/) })
    for (const words of [join(files.path, 'people', 'master.key'), 'octroi serve', 'octroi connection add']) {
      expect(ran.stderr).toContain(words)
    }
  })

  it('--json has admin_key and data_dir; a second init refuses with 1 and changes nothing', async () => {
    const ran = await run(['init', '--json'])
    expect(ran).toMatchObject({
      code: 0,
      stderr: '',
      json: { admin_key: expect.stringMatching(/^oct_/), data_dir: data },
    })
    files.file('admin.key', ran.json.admin_key)
    const master = join(data, 'master.key')
    expect(statSync(master).mode & 0o777).toBe(0o600)
    const before = readFileSync(master, 'utf8')
    expect(await run(['init', '--json'])).toMatchObject({ code: 1, stdout: '', problem: { code: 'conflict', exit: 1 } })
    expect(readFileSync(master, 'utf8')).toBe(before)
  })
})

describe('octroi serve', () => {
  it('logs JSON lines on stdout and nothing else; SIGTERM and SIGINT end it with 0', async () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const { url, child, ended, log } = await serve()
      expect((await fetch(`${url}/health`)).status).toBe(200)
      child.kill(signal)
      expect(await ended).toBe(0)
      for (const line of log().trimEnd().split('\n')) expect(JSON.parse(line)).toHaveProperty('msg')
    }
  })

  it('a second signal ends it at once with 1', async () => {
    const { url, child, ended } = await serve()
    // A request that is never finished keeps the first stop waiting.
    const body = new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(1)) })
    const hanging = fetch(`${url}/api/v1/accounts`, {
      method: 'POST',
      body,
      duplex: 'half',
      headers: {
        authorization: `Bearer ${readFileSync(join(files.path, 'admin.key'), 'utf8')}`,
        'content-type': 'application/json',
      },
    } as RequestInit).catch(() => undefined)
    await new Promise((resolve) => setTimeout(resolve, 300))
    child.kill('SIGTERM')
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(child.exitCode).toBe(null)
    child.kill('SIGTERM')
    expect(await ended).toBe(1)
    await hanging
  })

  it('78 where the address is taken; flags win over the environment', async () => {
    const { url, child, ended } = await serve()
    const ran = await run(['serve', '--listen', new URL(url).host], {
      OCTROI_LISTEN: '127.0.0.1:0',
      OCTROI_LOG_LEVEL: 'silent',
    })
    expect(ran).toMatchObject({ code: 78, stderr: expect.stringContaining('cannot listen') })
    child.kill()
    await ended
  })
})

describe('operations', () => {
  it('audit heads, audit verify: 0 while it is whole, also with heads from before, and beside a serving gate', async () => {
    const { child, ended } = await serve()
    const heads = await run(['audit', 'heads'])
    expect(heads).toMatchObject({ code: 0, stderr: '', json: expect.any(Array) })
    const file = files.file('heads.json', heads.stdout)
    expect(await run(['audit', 'verify', '--heads', file, '--json'])).toMatchObject({ code: 0, json: { ok: true } })
    expect(await run(['audit', 'verify', '--heads', files.file('no.json', '[1]')])).toMatchObject({ code: 64 })
    const cut = files.file('cut.json', JSON.stringify([{ writer: 'main', seq: 999_999, mac: 'x' }]))
    expect(await run(['audit', 'verify', '--heads', cut])).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('NOT whole'),
    })
    child.kill()
    await ended
  })

  it('vault rotate, backup and restore; the restored gate knows the old key', async () => {
    expect(await run(['vault', 'rotate', '--json'])).toMatchObject({ code: 0, json: { rewrapped: expect.any(Number) } })
    expect(await run(['backup', 'b.backup', '--json'])).toMatchObject({ code: 0, json: { rows: expect.any(Number) } })
    expect(await run(['backup', 'b.backup'])).toMatchObject({ code: 1, stdout: '' })
    expect(await run(['restore', 'b.backup'])).toMatchObject({ code: 1 })
    const elsewhere = { OCTROI_DATA_DIR: join(files.path, 'copy'), OCTROI_MASTER_KEY_FILE: join(data, 'master.key') }
    expect(await run(['restore', 'b.backup', '--activate', '--json'], elsewhere)).toMatchObject({
      code: 0,
      json: { suspended_connections: 0 },
    })
    expect(await run(['audit', 'verify'], elsewhere)).toMatchObject({ code: 0 })
    const renewed = await run(['vault', 'rotate', '--master-key-file', 'second.key'])
    expect(renewed).toMatchObject({ code: 0, stderr: expect.stringContaining('second.key') })
    expect(await run(['audit', 'verify'])).toMatchObject({ code: 78 })
    expect(await run(['audit', 'verify'], { OCTROI_MASTER_KEY_FILE: join(files.path, 'second.key') })).toMatchObject({
      code: 0,
    })
  })

  it('doctor tells what it finds, with --json as a list', async () => {
    const env = { OCTROI_MASTER_KEY_FILE: join(files.path, 'second.key') }
    const ran = await run(['doctor', '--json'], env)
    expect(ran.json.findings.length).toBeGreaterThan(0)
    expect(ran.code).toBe(ran.json.ok ? 0 : 1)
    expect((await run(['doctor'], env)).stdout).toMatch(/^(ok|warning|PROBLEM) /m)
    const broken = await run(['doctor', '--json'])
    expect([1, 78]).toContain(broken.code)
  })

  it('an unexpected failure is one line; OCTROI_LOG_LEVEL=debug shows more', async () => {
    const env = { OCTROI_MASTER_KEY_FILE: join(files.path, 'second.key') }
    const ran = await run(['backup', 'no/such/folder/x'], env)
    expect(ran.code).not.toBe(0)
    expect(ran.stderr).toMatch(/^octroi: [^\n]*\n( {2}[^\n]*\n)*$/)
    const more = await run(['backup', 'no/such/folder/x'], { ...env, OCTROI_LOG_LEVEL: 'debug' })
    expect(more.stderr).toContain('\n    at ')
  })
})
