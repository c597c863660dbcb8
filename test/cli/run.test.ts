import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CredentialsStandIn, startCredentials } from './credentials_stand_in.ts'
import { folder, octroi, start } from './octroi.ts'

const KEY = 'golden-key-of-the-caller'
const files = folder()
let gate: CredentialsStandIn

beforeAll(async () => {
  gate = await startCredentials({
    plain: [{ secrets: { oauth_access_token: 'golden-token', 'SO-Apptoken': 'golden app token' } }],
    evil: [{ secrets: { LD_PRELOAD: '/tmp/golden.so' } }],
    rotating: [
      { secrets: { token: 'golden-one' }, endsIn: 1_000 },
      { code: 'upstream_unreachable' },
      { secrets: { token: 'golden-one' }, endsIn: 1_000 },
      { secrets: { token: 'golden-two' }, endsIn: 3_600_000 },
    ],
    signalled: [{ secrets: { token: 'golden-one' }, endsIn: 1_000 }, { secrets: { token: 'golden-two' } }],
  })
})
afterAll(async () => {
  files.remove()
  await gate?.stop()
})

const env = () => ({ OCTROI_URL: gate.url, OCTROI_KEY: KEY, KEPT: 'yes' })

/** A program of Node, as the words after `--`. */
const program = (code: string) => [process.execPath, '-e', code]

function run(connection: string, options: readonly string[], words: readonly string[]) {
  return octroi(['run', connection, ...options, '--', ...words], { env: env() })
}

/** A program that says `ready`, is then sent a signal through octroi, and says what it heard. */
async function signalled(name: NodeJS.Signals, code: string) {
  const child = start(['run', 'plain', '--', ...program(code)], env())
  let out = ''
  child.stdout.on('data', (chunk) => {
    out += chunk
    if (String(chunk).includes('ready')) child.kill(name)
  })
  const [exit] = await once(child, 'close')
  return { exit, out }
}

describe('octroi run', () => {
  it('the secrets are in the environment under their names, and what speaks to Octroi is not (D16)', async () => {
    const ran = await run('plain', [], program('console.log(JSON.stringify(process.env))'))
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    expect(ran.json).toMatchObject({ oauth_access_token: 'golden-token', SO_Apptoken: 'golden app token', KEPT: 'yes' })
    expect(Object.keys(ran.json).filter((name) => /^octroi/i.test(name))).toEqual([])
    expect(ran.stdout).not.toContain(KEY)
  })

  it('no secret is in any command line, and the words of the program arrive as they are, --json too', async () => {
    const look = `const fs = require('fs')
      const read = (pid) => fs.readFileSync('/proc/' + pid + '/cmdline', 'utf8')
      console.log(JSON.stringify({ lines: [read(process.pid), read(process.ppid)], words: process.argv.slice(1) }))`
    const ran = await run('plain', ['--prefix', 'X_'], [...program(look), '--', '--json', '--help', 'a b', ''])
    expect(ran.json.words).toEqual(['--json', '--help', 'a b', ''])
    expect(ran.json.lines[1]).toContain('run\0plain')
    for (const line of ran.json.lines) expect(line).not.toMatch(/golden-|golden app/)
  })

  it('--env and --prefix name them otherwise', async () => {
    const ran = await run(
      'plain',
      ['--env', 'TOKEN=oauth_access_token', '--prefix', 'SO_'],
      program('console.log(process.env.TOKEN, process.env.SO_SO_Apptoken, process.env.oauth_access_token)'),
    )
    expect(ran.stdout).toBe('golden-token golden app token undefined\n')
  })

  it('1 for an injected name that a loader reads, with the remedy and without the value; nothing is started', async () => {
    const ran = await run('evil', [], program('console.log("started")'))
    expect(ran).toMatchObject({ code: 1, stdout: '' })
    expect(ran.stderr).toContain('--env NAME=LD_PRELOAD')
    expect(ran.stderr).not.toContain('golden')
  })

  it.each([
    [['run', 'plain'], 'needs CMD'],
    [['run', 'plain', 'node', '-e', '1'], 'come after --'],
    [['run', 'plain', '--env', 'PATH=token', '--', 'true'], 'no secret may go there'],
    [['run', 'plain', '--env', 'OCTROI_KEY=token', '--', 'true'], 'no secret may go there'],
    [['run', 'plain', '--on-rotation', 'signal:NOPE', '--', 'true'], '--on-rotation takes'],
  ])('64 for octroi %j: %s', async (args, message) => {
    const ran = await octroi(args, { env: env() })
    expect(ran).toMatchObject({ code: 64, stdout: '' })
    expect(ran.stderr).toContain(message)
  })

  it('1 where the credentials cannot be read; nothing is started', async () => {
    const ran = await run('nosuch', [], program('console.log("started")'))
    expect(ran).toMatchObject({ code: 1, stdout: '' })
  })

  it('the exit code of the program; 128 and the signal that ended it; 127 where there is none, 126 where it is no program', async () => {
    expect(await run('plain', [], program('process.exit(37)'))).toMatchObject({ code: 37 })
    expect(await run('plain', [], program('process.kill(process.pid, "SIGKILL")'))).toMatchObject({ code: 137 })
    const missing = await run('plain', [], ['/nowhere/nothing'])
    expect(missing).toMatchObject({ code: 127, stderr: expect.stringContaining('no such command') })
    expect(await run('plain', [], [files.file('text', 'x')])).toMatchObject({ code: 126 })
  })

  it('stdin, stdout and stderr are the program’s', async () => {
    const words = program('process.stdin.pipe(process.stdout); console.error("said")')
    const ran = await octroi(['run', 'plain', '--', ...words], { env: env(), stdin: 'typed' })
    expect(ran).toMatchObject({ code: 0, stdout: 'typed', stderr: 'said\n' })
  })

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH'] as const)(
    '%s is passed on',
    async (name) => {
      const hear = `process.on('${name}', () => { console.log('heard'); process.exit(21) }); setInterval(() => {}, 9e6); console.log('ready')`
      expect(await signalled(name, hear)).toMatchObject({ exit: 21, out: 'ready\nheard\n' })
    },
  )

  it('143 for a program that a TERM ends', async () => {
    expect(await signalled('SIGTERM', 'setInterval(() => {}, 9e6); console.log("ready")')).toMatchObject({ exit: 143 })
  })
})

describe('octroi run, when the secrets end', () => {
  it('restart: a failed reading is told, the program goes on, and begins anew with the new secrets', async () => {
    const trace = join(files.path, 'restarted')
    const code = `require('fs').appendFileSync(${JSON.stringify(trace)}, process.env.token + ' ')
      if (process.env.token === 'golden-two') process.exit(9)
      setInterval(() => {}, 9e6)`
    const ran = await run('rotating', ['--on-rotation', 'restart'], program(code))
    expect(ran.code).toBe(9)
    expect(readFileSync(trace, 'utf8')).toBe('golden-one golden-two ')
    expect(ran.stderr).toMatch(/rotating is in trouble.*\n.*once more in 1 s/)
    expect(ran.stderr).not.toContain('golden')
  }, 20_000)

  it('signal:HUP: the program is told, and is the same program', async () => {
    const code = `process.on('SIGHUP', () => { console.log('heard', process.env.token); process.exit(0) }); setInterval(() => {}, 9e6)`
    const ran = await run('signalled', ['--on-rotation', 'signal:HUP'], program(code))
    expect(ran).toMatchObject({ code: 0, stdout: 'heard golden-one\n' })
  }, 20_000)

  it('ignored unless asked for: nothing is read again, and it says so', async () => {
    const before = gate.asked.length
    const ran = await run('rotating', [], program('setTimeout(() => {}, 50)'))
    expect(ran).toMatchObject({ code: 0, stderr: expect.stringContaining('--on-rotation restart') })
    expect(gate.asked.length).toBe(before + 1)
  })
})
