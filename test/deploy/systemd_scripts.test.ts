import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ROOT } from './context.ts'
import { layOutRelease, type Release } from './release.ts'
import { startOf } from './units.ts'

/** What the operator and the timer run. As root where the tests are: `octroi-admin` is for root, and says so to others. */

const NOBODY = 65_534
const isRoot = process.getuid?.() === 0

let release: Release
let etc: string
let data: string
let backups: string
beforeAll(() => {
  release = layOutRelease()
  etc = join(release.place, 'etc')
  data = join(release.place, 'state')
  backups = join(release.place, 'backups')
  mkdirSync(etc, { mode: 0o755 })
  for (const folder of [data, backups]) {
    mkdirSync(folder, { mode: 0o700 })
    if (isRoot) chownSync(folder, NOBODY, NOBODY)
  }
  writeFileSync(join(etc, 'master.key'), Buffer.alloc(32, 3).toString('base64'), { mode: 0o600 })
  const settings = readFileSync(join(ROOT, 'deploy/systemd/octroi.yaml'), 'utf8').replace('/var/lib/octroi', data)
  writeFileSync(join(etc, 'octroi.yaml'), settings)
})
afterAll(() => release?.remove())

/** As somebody has it who is logged in as root, with a folder and variables that are nobody else's. */
function admin(...args: string[]) {
  const env = {
    PATH: process.env.PATH,
    OCTROI_USER: 'nobody',
    OCTROI_ETC: etc,
    OCTROI_MASTER_KEY: 'not this one',
    HOME: '/root',
  }
  return spawnSync(join(release.program, 'octroi-admin'), args, { encoding: 'utf8', env, cwd: release.place })
}

const rooms = () => readdirSync('/run').filter((name) => name.startsWith('octroi-admin-'))
const kept = () => readdirSync(backups).sort()

describe.runIf(isRoot)('octroi-admin, as root', () => {
  it('init: the data folder is the user’s, the master key stays root’s', () => {
    const ran = admin('init')
    expect([ran.status, ran.stdout.trim()]).toEqual([0, expect.stringMatching(/^oct_key_/)])
    expect(readdirSync(data)).not.toContain('master.key')
    for (const name of readdirSync(data)) expect(lstatSync(join(data, name))).toMatchObject({ uid: NOBODY })
    expect(lstatSync(join(etc, 'master.key'))).toMatchObject({ uid: 0, mode: 0o100600 })
  })

  it('its exit code is that of the command, and no copy of the master key is left', () => {
    expect(admin('init').status).toBe(1)
    expect(admin('no-such-command').status).not.toBe(0)
    expect(admin('doctor', '--json').status).not.toBe(78)
    expect(rooms()).toEqual([])
  })

  it('the copy is readable for the service’s user alone, while the command runs', () => {
    const spy = join(release.place, 'spy')
    writeFileSync(
      join(spy),
      `#!/bin/sh\nstat -c '%a %u %F' "$OCTROI_MASTER_KEY_FILE" "$(dirname "$OCTROI_MASTER_KEY_FILE")"; id -u; env\n`,
    )
    chmodSync(spy, 0o755)
    const program = join(release.place, 'spied')
    mkdirSync(program)
    execFileSync('cp', [join(release.program, 'octroi-admin'), program])
    execFileSync('cp', [spy, join(program, 'octroi')])
    const env = { PATH: process.env.PATH, OCTROI_USER: 'nobody', OCTROI_ETC: etc, SECRET_OF_ROOT: 'x' }
    const ran = spawnSync(join(program, 'octroi-admin'), ['any'], { encoding: 'utf8', env })
    const [key, folder, user, ...rest] = ran.stdout.trim().split('\n')
    expect([key, folder, user]).toEqual([`400 ${NOBODY} regular file`, `700 ${NOBODY} directory`, String(NOBODY)])
    expect(rest.join()).not.toContain('SECRET_OF_ROOT')
    expect(rooms()).toEqual([])
  })

  it('a backup; those that are older than so many days go, and nothing else', () => {
    const day = 86_400
    const now = Date.now() / 1_000
    const files: [string, number][] = [
      ['octroi-2026-01-01T000000Z.backup', 31.5],
      ['octroi-2026-01-02T000000Z.backup', 29],
      ['notes.txt', 400],
    ]
    for (const [name, age] of files) {
      writeFileSync(join(backups, name), '')
      utimesSync(join(backups, name), now - age * day, now - age * day)
    }
    const ran = admin('octroi-backup', backups, '30')
    expect([ran.status, ran.stderr]).toEqual([0, expect.any(String)])
    expect(kept()).toEqual([
      'notes.txt',
      'octroi-2026-01-02T000000Z.backup',
      expect.stringMatching(/^octroi-\d{4}-\d\d-\d\dT\d{6}Z\.backup$/),
    ])
    expect(lstatSync(join(backups, kept()[2] as string))).toMatchObject({ uid: NOBODY, mode: 0o100600 })
  })

  it('a backup that fails deletes nothing', () => {
    const before = kept()
    utimesSync(join(backups, 'octroi-2026-01-02T000000Z.backup'), 0, 0)
    const aside = join(release.place, 'aside')
    execFileSync('mv', [data, aside])
    expect(admin('octroi-backup', backups, '30').status).not.toBe(0)
    execFileSync('mv', [aside, data])
    expect(kept()).toEqual(before)
  })

  it('restore, as the page of operations says it: into the same place, and into an empty one', () => {
    const newest = join(backups, kept().at(-1) as string)
    expect(admin('restore', newest).status).toBe(1)
    const again = admin('restore', newest, '--replace', '--activate')
    expect([again.status, again.stderr]).toEqual([0, expect.any(String)])
    expect(readdirSync(data).some((name) => name.startsWith('replaced-'))).toBe(true)
    execFileSync('sh', ['-c', `rm -rf '${data}'/*`])
    expect(admin('restore', newest).status).toBe(0)
    expect(existsSync(join(data, 'octroi.db'))).toBe(true)
    const trail = admin('audit', 'verify')
    expect([trail.status, trail.stdout + trail.stderr]).toEqual([0, expect.any(String)])
  })

  it('the command of octroi-backup.service does the same, with the credential that systemd gives', () => {
    const credentials = join(release.place, 'credentials')
    mkdirSync(credentials, { mode: 0o700 })
    writeFileSync(join(credentials, 'master.key'), readFileSync(join(etc, 'master.key')), { mode: 0o400 })
    for (const path of [credentials, join(credentials, 'master.key')]) chownSync(path, NOBODY, NOBODY)
    const places = { program: release.program, config: join(etc, 'octroi.yaml'), credentials }
    const { command, env } = startOf('octroi-backup.service', places)
    const folder = join(release.place, 'nightly')
    mkdirSync(folder)
    chownSync(folder, NOBODY, NOBODY)
    const [file = '', ...args] = command.map((word) => word.replace('/var/lib/octroi-backups', folder))
    const ran = spawnSync(file, args, { cwd: data, env, uid: NOBODY, gid: NOBODY, encoding: 'utf8' })
    expect([ran.status, readdirSync(folder).length]).toEqual([0, 1])
  })
})

describe('what is asked wrongly', () => {
  it('64 without a command', () => {
    expect(admin().status).toBe(64)
  })
  it('77 for who is not root', () => {
    const path = join(release.program, 'octroi-admin')
    const who = isRoot ? { uid: NOBODY, gid: NOBODY } : {}
    const ran = spawnSync(path, ['doctor'], { encoding: 'utf8', ...who })
    expect([ran.status, ran.stderr]).toEqual([77, 'octroi-admin: only root may read the master key\n'])
  })
  it.each([[[]], [['/nowhere', 'soon']]])('octroi-backup %j: 64', (args) => {
    expect(spawnSync(join(release.program, 'octroi-backup'), args).status).toBe(64)
  })
  it('lay_out puts nothing into a folder that has something, and says what is missing', () => {
    const ran = spawnSync('sh', [join(ROOT, 'deploy/lay_out'), process.execPath, release.place], { encoding: 'utf8' })
    expect(ran.status).toBe(1)
    expect(ran.stderr).toMatch(/is not empty|npm run bundle/)
    expect(spawnSync('sh', [join(ROOT, 'deploy/lay_out')]).status).toBe(64)
  })
})
