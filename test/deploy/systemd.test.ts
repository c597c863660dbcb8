import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePorts } from '../proxies/program.ts'
import { ROOT } from './context.ts'
import { layOutRelease, type Release } from './release.ts'
import { allowedCalls, startOf, type UnitPlaces, unitOf } from './units.ts'

/** systemd reads the units; what they start is started here by hand, as another user, since systemd itself does not run in tests. */

const UNITS = ['octroi.service', 'octroi-backup.service', 'octroi-backup.timer']
const SERVICES = UNITS.filter((name) => name.endsWith('.service'))
/** Stands for the user `octroi` of a machine: it is nobody's else, and owns nothing. Who is not root starts it as himself. */
const isRoot = process.getuid?.() === 0
const [UID, GID] = isRoot ? [65_534, 65_534] : [process.getuid?.() as number, process.getgid?.() as number]

let release: Release
let port: number
let places: UnitPlaces
let data: string
let init: Awaited<ReturnType<typeof outcome>>
beforeAll(async () => {
  release = layOutRelease()
  ;[port = 0] = await freePorts(1)
  data = folder('state', 0o700)
  const credentials = folder('credentials', 0o500)
  chmodSync(credentials, 0o700)
  write(join(credentials, 'master.key'), Buffer.alloc(32, 9).toString('base64'), 0o400)
  chmodSync(credentials, 0o500)
  const example = readFileSync(join(ROOT, 'deploy/systemd/octroi.yaml'), 'utf8')
  const config = join(release.place, 'octroi.yaml')
  writeFileSync(config, example.replace('/var/lib/octroi', data).replace('127.0.0.1:8700', `127.0.0.1:${port}`))
  places = { program: release.program, config, credentials }
  init = await outcome(startUnit('octroi.service', { instead: ['init'] }))
})
afterAll(() => release?.remove())

function folder(name: string, mode: number): string {
  const path = join(release.place, name)
  mkdirSync(path, { mode })
  chownSync(path, UID, GID)
  return path
}

function write(path: string, text: string, mode: number): void {
  writeFileSync(path, text, { mode })
  chownSync(path, UID, GID)
}

/** What the unit starts, with further words after it. */
function startUnit(
  name: string,
  more: { readonly under?: readonly string[]; readonly instead?: readonly string[] } = {},
): ChildProcess {
  const { command, env } = startOf(name, places)
  const [file = '', ...args] = [
    ...(more.under ?? []),
    ...(more.instead ? [command[0] as string, ...more.instead] : command),
  ]
  return spawn(file, args, { cwd: data, env, uid: UID, gid: GID, stdio: ['ignore', 'pipe', 'pipe'] })
}

async function outcome(child: ChildProcess) {
  const out = { stdout: '', stderr: '' }
  child.stdout?.on('data', (chunk) => (out.stdout += chunk))
  child.stderr?.on('data', (chunk) => (out.stderr += chunk))
  const [code] = await once(child, 'close')
  return { code: code as number | null, ...out }
}

async function serving(child: ChildProcess) {
  let log = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (log += chunk))
  const exited = once(child, 'exit')
  await expect.poll(() => log, { timeout: 60_000 }).toContain('"url"')
  return async () => {
    // strace keeps signals for itself: what it watches is its only child.
    const watched =
      child.spawnfile === 'strace' ? readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8') : child.pid
    process.kill(Number(watched), 'SIGTERM')
    return (await exited)[0] as number | null
  }
}

describe('as systemd reads them', () => {
  it('systemd-analyze verify has nothing to say', () => {
    const there = UNITS.map((name) => {
      const text = readFileSync(join(ROOT, 'deploy/systemd', name), 'utf8').replaceAll(
        '/opt/octroi/',
        `${release.program}/`,
      )
      writeFileSync(join(release.place, name), text)
      return join(release.place, name)
    })
    const ran = spawnSync('systemd-analyze', ['verify', '--man=no', ...there], { encoding: 'utf8' })
    expect([ran.status, ran.stderr + ran.stdout]).toEqual([0, ''])
  })

  it('it would say so: a directive that is none is named', () => {
    const path = join(release.place, 'wrong.service')
    writeFileSync(path, `[Service]\nExecStart=${release.program}/octroi serve\nProtectEverything=yes\n`)
    expect(spawnSync('systemd-analyze', ['verify', path], { encoding: 'utf8' }).stderr).toContain('ProtectEverything')
  })

  it.each(SERVICES)('%s: the exposure that the page states', (name) => {
    const text = execFileSync(
      'systemd-analyze',
      ['security', '--offline=true', '--no-pager', join(ROOT, 'deploy/systemd', name)],
      { encoding: 'utf8' },
    )
    const level = Number(/Overall exposure level for \S+: ([\d.]+)/.exec(text)?.[1])
    const [, stated] =
      /exposure level of ([\d.]+)/.exec(readFileSync(join(ROOT, 'docs/guides/systemd.md'), 'utf8')) ?? []
    // The figure is that version's: others weigh otherwise.
    if (execFileSync('systemd-analyze', ['--version'], { encoding: 'utf8' }).startsWith('systemd 252 '))
      expect(level).toBe(Number(stated))
    expect(level).toBeLessThan(2)
  })

  it('both services are shut in alike', () => {
    const [service, backup] = SERVICES.map((name) => readFileSync(join(ROOT, 'deploy/systemd', name), 'utf8'))
    const hardening = (text = '') => /^NoNewPrivileges=[\s\S]*?^SystemCallErrorNumber=.*$/m.exec(text)?.[0]
    expect(hardening(service)).toBeDefined()
    expect(hardening(backup)).toBe(hardening(service))
  })

  it('the master key comes as a credential, and the settings from the file that ships', () => {
    for (const name of SERVICES) {
      expect(unitOf(name).get('LoadCredential')).toEqual(['master.key:/etc/octroi/master.key'])
      expect(unitOf(name).get('Environment')).toEqual([
        'OCTROI_CONFIG=/etc/octroi/octroi.yaml',
        'OCTROI_MASTER_KEY_FILE=%d/master.key',
      ])
    }
  })

  it('V8 needs memory that is written to and executed: the line that would forbid it is not there', () => {
    expect(unitOf('octroi.service').has('MemoryDenyWriteExecute')).toBe(false)
  })
})

describe('started by hand, with the environment and the command of the unit, as a user who owns nothing but its state', () => {
  it('init, serve, /health, SIGTERM: exit 0; the program folder is as it was', async () => {
    const before = readdirSync(release.program, { recursive: true }).length
    expect([init.code, init.stdout.trim()]).toEqual([0, expect.stringMatching(/^oct_key_/)])
    const stop = await serving(startUnit('octroi.service'))
    expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200)
    expect(await stop()).toBe(0)
    expect(lstatSync(join(data, 'octroi.db'))).toMatchObject({ uid: UID, mode: 0o100600 })
    if (isRoot) expect(readdirSync(release.program, { recursive: true })).toHaveLength(before)
  })

  it('every system call that it makes is one that the filter lets through', async () => {
    const trace = join(folder('traces', 0o700), 'calls')
    const stop = await serving(
      startUnit('octroi.service', { under: ['strace', '-f', '-qq', '-c', '-U', 'name', '-o', trace] }),
    )
    const url = `http://127.0.0.1:${port}`
    expect((await fetch(`${url}/ready`)).status).toBe(200)
    const page = await fetch(`${url}/sign-in`)
    expect(page.status).toBe(200)
    const cookie = page.headers
      .getSetCookie()
      .map((line) => line.split(';', 1)[0])
      .join('; ')
    const hidden = [...(await page.text()).matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)">/g)].map(
      ([, name = '', value = '']) => [name, value],
    )
    // A password that is wrong costs as much as one that is right: the thread that hashes.
    const body = new URLSearchParams([...hidden, ['login', 'ada'], ['password', 'a difference engine']])
    await fetch(`${url}/sign-in/password`, {
      method: 'POST',
      redirect: 'manual',
      headers: { cookie, origin: 'https://octroi.example.org' },
      body,
    })
    expect(await stop()).toBe(0)
    const calls = readFileSync(trace, 'utf8')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => /^[a-z_0-9]+$/.test(line) && line !== 'total')
    expect(calls).toEqual(expect.arrayContaining(['execve', 'epoll_ctl', 'listen', 'mmap', 'clone3']))
    const allowed = allowedCalls(unitOf('octroi.service').get('SystemCallFilter') ?? [])
    expect(calls.filter((call) => !allowed.has(call) && call !== 'syscall')).toEqual([])
  })

  it('exit 78, which is not tried again, with a setting that is none', async () => {
    const ran = await outcome(startUnit('octroi.service', { instead: ['serve', '--listen', 'nowhere'] }))
    expect([ran.code, unitOf('octroi.service').get('RestartPreventExitStatus')]).toEqual([78, ['78']])
  })
})
