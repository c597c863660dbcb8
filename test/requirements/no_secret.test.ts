import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { freePort } from '../../demo/program.ts'
import { closing, LOOPBACK_NETWORK, secretsOf } from '../recyclique/shop.ts'
import { PAHEKO_WRITER, type Paheko, startPaheko } from '../support/paheko.ts'
import { basic } from '../support/paheko_call.ts'
import { RecycliqueOutbox } from '../support/recyclique.ts'

/** A life of an installation with everything that goes wrong in it, at the most talkative log level; then its traces are searched. */

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

let folder: string
let paheko: Paheko
let log = ''
/** Every answer of the management API. */
let answers = ''
let key: string
let adminKey: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'octroi-test-'))
  paheko = await startPaheko()
  const { child, url } = await startProgram()
  await live(url)
  child.kill('SIGTERM')
  await once(child, 'close')
})
afterAll(async () => {
  await paheko.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** `octroi init` and `octroi serve`: what serve prints is the log. */
async function startProgram(): Promise<{ child: ChildProcess; url: string }> {
  const port = await freePort(0)
  const url = `http://127.0.0.1:${port}`
  const listen = `127.0.0.1:${port}`
  const env = { PATH: process.env.PATH, OCTROI_DATA_DIR: folder, OCTROI_LISTEN: listen, OCTROI_LOG_LEVEL: 'trace' }
  const options = { cwd: folder, env, encoding: 'utf8' } as const
  adminKey = JSON.parse(execFileSync(process.execPath, [MAIN, 'init', '--json'], options)).admin_key
  const child = spawn(process.execPath, [MAIN, 'serve'], options)
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (log += chunk))
  for (let i = 0; i < 400 && child.exitCode === null; i++) {
    if ((await fetch(`${url}/ready`).catch(() => undefined))?.ok) return { child, url }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  child.kill()
  throw new Error(`octroi serve was not ready: ${log}`)
}

async function live(url: string): Promise<void> {
  const api = async (method: string, path: string, body?: unknown) => {
    const headers = { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' }
    const answer = await fetch(`${url}/api/v1${path}`, { method, headers, body: body ? JSON.stringify(body) : null })
    const text = await answer.text()
    const parsed = JSON.parse(text)
    // The one answer that shows a key is the one that makes it.
    answers += `${JSON.stringify({ ...parsed, key: undefined })}\n`
    return parsed
  }
  const settings = { base_url: paheko.url }
  const connection = { id: 'paheko', connector: 'paheko', settings, secrets: secretsOf(PAHEKO_WRITER), replay_s: 60 }
  await api('POST', '/connections', { ...connection, network: {} })
  await api('POST', '/connections', { ...connection, network: LOOPBACK_NETWORK })
  const grants = [{ connection: 'paheko', allow: ['accounting-post'] }]
  key = (await api('POST', '/keys', { name: 'RecyClique', grants })).key
  const outbox = new RecycliqueOutbox({ baseUrl: `${url}/proxy/paheko`, token: key, sleep: async () => undefined })
  await outbox.deliver(closing())
  await fetch(`${url}/proxy/paheko/api/sql?key=${key}`, { headers: { 'API-KEY': key } })
  await fetch(`${url}/proxy/paheko/${key}`, { headers: { 'API-KEY': key } })
  paheko.setCredentials([])
  await outbox.deliver(closing())
  await paheko.down()
  await outbox.deliver(closing())
  for (const path of [
    '/connections',
    '/connections/paheko',
    '/keys',
    '/audit?limit=200',
    '/events?limit=200',
    '/status',
  ])
    await api('GET', path)
}

const needles = () => [
  ['the password of Paheko', PAHEKO_WRITER.password],
  ['its Basic form', basic(PAHEKO_WRITER).slice('Basic '.length)],
  ['the key of RecyClique', key],
  ['the administrator’s key', adminKey],
]

it('S0-16: no answer of the management API holds a secret once it was given', () => {
  expect(answers).toContain('"connector":"paheko"')
  for (const [name, needle] of needles()) expect([name, answers.includes(needle as string)]).toEqual([name, false])
})

it('S0-23: the log holds no secret and no key, at its most talkative level', () => {
  expect(log).toContain('Octroi is ready')
  for (const [name, needle] of needles()) expect([name, log.includes(needle as string)]).toEqual([name, false])
})

it('S0-23: the data folder holds no secret and no key in clear', () => {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
    statSync(join(folder, file)).isFile(),
  )
  expect(files.length).toBeGreaterThan(1)
  for (const file of files) {
    const bytes = readFileSync(join(folder, file))
    for (const [name, needle] of needles())
      expect([file, name, bytes.includes(needle as string)]).toEqual([file, name, false])
  }
})
