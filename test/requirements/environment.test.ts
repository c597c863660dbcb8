import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { freePort, type Program, startProgram } from '../../demo/program.ts'
import { PAHEKO_ADMIN, PAHEKO_WRITER, type Paheko, startPaheko } from '../support/paheko.ts'

/** The commands as an operator types them, in a process of their own. */

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

let folder: string
let paheko: Paheko
let octroi: Program
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'octroi-test-'))
  paheko = await startPaheko()
  octroi = await startProgram(folder, await freePort(0))
})
afterAll(async () => {
  await octroi.stop()
  await paheko.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function run(args: readonly string[], more: NodeJS.ProcessEnv): Promise<{ code: number; output: string }> {
  const env = { PATH: process.env.PATH, OCTROI_URL: octroi.url, OCTROI_KEY: octroi.adminKey, ...more }
  const child = spawn(process.execPath, [MAIN, ...args], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk))
  const [code] = await once(child, 'close')
  return { code, output }
}

const SECRETS = ['--secret-env', 'username=PAHEKO_API_USER', '--secret-env', 'password=PAHEKO_API_PASSWORD']
const add = () => [
  'connection',
  'add',
  'paheko',
  '--set',
  `base_url=${paheko.url}`,
  '--allow-private',
  '--allow-http',
  ...SECRETS,
]

it('S0-16: a connection is made with the credential of two environment variables, which nothing prints', async () => {
  const { username, password } = PAHEKO_WRITER
  const { code, output } = await run(add(), { PAHEKO_API_USER: username, PAHEKO_API_PASSWORD: password })
  expect([code, output]).toEqual([0, expect.stringContaining('paheko')])
  expect(output).not.toContain(password)
})

it('S0-16: a variable that is not set is named, and nothing is made', async () => {
  const { code, output } = await run([...add(), '--id', 'second'], { PAHEKO_API_USER: 'recyclique' })
  expect([code, output]).toEqual([64, expect.stringContaining('PAHEKO_API_PASSWORD')])
  expect((await run(['connection', 'show', 'second'], {})).code).toBe(1)
})

it.each([
  ['just enough', PAHEKO_WRITER, false],
  ['an administrator’s', PAHEKO_ADMIN, true],
])(
  'S0-25: octroi doctor --probe warns of an administrator’s credential, and of no other (%s)',
  async (_, credential, warns) => {
    const { username, password } = credential
    const given = { PAHEKO_API_USER: username, PAHEKO_API_PASSWORD: password }
    expect((await run(['connection', 'reconnect', 'paheko', ...SECRETS], given)).code).toBe(0)
    const { output } = await run(['doctor', '--probe', '--json'], { OCTROI_DATA_DIR: join(folder, 'octroi-data') })
    expect(output).toContain('probe.accepted')
    expect(output.includes('probe.overreach')).toBe(warns)
    expect(output).not.toContain(password)
  },
)

it('S4-12: a key that the environment of a server holds already is taken over as it is', async () => {
  const key = 'a-key-that-was-made-elsewhere-2019'
  const args = ['key', 'import', '--name', 'Old till', '--secret-env', 'OLD_KEY', '--grant', 'paheko:accounting-read']
  const { code, output } = await run(args, { OLD_KEY: key })
  expect([code, output]).toEqual([0, expect.not.stringContaining(key)])
  const answer = await fetch(`${octroi.url}/proxy/paheko/api/accounting/years`, { headers: { 'API-KEY': key } })
  expect(answer.status).toBe(200)
})
