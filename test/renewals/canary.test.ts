import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readSettings } from '../../src/config/settings.ts'
import { backupInstallation } from '../../src/installation/backup.ts'
import { type ChildGate, startChildGate } from '../gateway/child.ts'
import { type OAuth2Server, startOAuth2Server } from '../support/vendors/oauth2_server.ts'
import { agreedTo, clientCredentials, withRefreshToken } from './connections.ts'
import { until } from './scene.ts'
import { ageToken, tokenOnDisk } from './tokens.ts'

/** T26: tokens, refresh tokens and client secrets leave the gate by no door but to the service that they are of. */

let gate: ChildGate
let server: OAuth2Server
const answers: { what: string; text: string }[] = []
/** Every token that was given, as the service saw it come back. */
const words = new Set<string>()
let packed = Buffer.alloc(0)

const settings = () =>
  readSettings({ env: { OCTROI_DATA_DIR: gate.folder, OCTROI_LISTEN: '127.0.0.1:0', OCTROI_LOG_LEVEL: 'silent' } })

beforeAll(async () => {
  server = await startOAuth2Server()
  gate = await startChildGate({ OCTROI_LOG_LEVEL: 'trace', OCTROI_AUDIT: 'strict' })
  await scenario()
})
afterAll(async () => {
  await server.stop()
  await gate.remove()
})

async function ask(method: string, path: string, body?: unknown, key = gate.adminKey) {
  const headers = {
    authorization: `Bearer ${key}`,
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  }
  const answer = await fetch(`${gate.url}${path}`, {
    method,
    headers,
    body: body === undefined ? null : JSON.stringify(body),
  })
  const text = await answer.text()
  answers.push({ what: `${method} ${path}`, text: `${answer.status} ${JSON.stringify([...answer.headers])} ${text}` })
  return text
}

const api = (method: string, path: string, body?: unknown) => ask(method, `/api/v1${path}`, body)

async function scenario(): Promise<void> {
  words.add(server.clientSecret)
  const given = await agreedTo(server)
  words.add(given)
  await api('POST', '/connections', withRefreshToken(server, given, { id: 'svc', verify: true }))
  await api('POST', '/connections', clientCredentials(server, { id: 'cc', verify: true }))
  const grants = ['svc', 'cc'].map((id) => ({ connection: id, allow: ['* /**'] }))
  const { key } = JSON.parse(await api('POST', '/keys', { name: 'a program', grants }))
  const call = (path = '/proxy/svc/resource/x') => ask('GET', path, undefined, key)
  const aged = async () => {
    await collect()
    await ageToken(settings(), { ends: -1 })
  }
  await call()
  await call('/proxy/cc/resource/x')
  for (let i = 0; i < 2; i++) {
    await aged()
    await call()
  }
  server.revokeAccess()
  await call()
  server.revokeAccess()
  await call()
  await api('POST', '/connections/svc/test', {})
  for (const how of [500, 429, 'drop'] as const) {
    await aged()
    server.failTokens(1, how)
    await call()
    await api('POST', '/connections/svc/refresh')
  }
  await until(async () => expect(await call()).toContain('subject'))
  await api('PATCH', '/connections/svc', {
    secrets: { client_id: server.clientId, client_secret: server.clientSecret },
  })
  await call()
  await collect()
  server.settings.nest = ['somewhere', 'else']
  await aged()
  await call()
  server.settings.nest = []
  server.revokeAll()
  await api('POST', '/connections/svc/refresh')
  await call()
  await collect()
  await walk()
  await wait(50)
  const file = join(gate.folder, 'a.backup')
  await gate.stop()
  await backupInstallation(settings(), file)
  packed = readFileSync(file)
}

async function collect(): Promise<void> {
  for (const id of ['svc', 'cc'])
    for (const value of Object.values((await tokenOnDisk(settings(), id))?.token?.values ?? {}))
      if (value.length > 20) words.add(value)
  for (const request of server.requests) {
    const form = new URLSearchParams(request.body.toString())
    const bearer = request.header('authorization')?.replace(/^(Bearer|Basic) /i, '')
    for (const word of [form.get('refresh_token'), form.get('client_secret'), bearer]) if (word) words.add(word)
  }
}

async function walk(): Promise<void> {
  for (const path of ['/status', '/keys', '/connections', '/connections/svc', '/connections/cc', '/events', '/audit'])
    await api('GET', path)
  for (const path of ['/metrics', '/openapi.json', '/errors/reconnect_required']) await ask('GET', path)
}

function stored(): { name: string; bytes: Buffer }[] {
  const files = (folder: string): string[] =>
    readdirSync(folder).flatMap((name) => {
      const path = join(folder, name)
      return statSync(path).isDirectory() ? files(path) : [path]
    })
  return files(gate.folder).map((name) => ({ name, bytes: readFileSync(name) }))
}

/** The word itself, in base64, hex and as part of a form. */
function forms(word: string): string[] {
  const bytes = Buffer.from(word)
  return [word, bytes.toString('base64').slice(0, -3), bytes.toString('hex'), encodeURIComponent(word)]
}

const leaks = (text: string | Buffer) => [...words].filter((word) => forms(word).some((form) => text.includes(form)))

describe('T26: what a connection is renewed with', () => {
  it('T26: the scenario went through all of it', () => {
    expect(words.size).toBeGreaterThan(12)
    const texts = answers.map(({ text }) => text).join('\n')
    for (const code of ['upstream_unreachable', 'upstream_rejected_credential', 'reconnect_required', '200 '])
      expect(texts).toContain(code)
    expect(server.granted('refresh_token')).toBeGreaterThan(5)
  })

  it('T26: is in no answer', () => {
    for (const { what, text } of answers) expect([what, leaks(text)]).toEqual([what, []])
  })

  it('T26: is in no line of the log, at the level of everything', () => {
    expect(gate.output().length).toBeGreaterThan(1_000)
    expect(leaks(gate.output())).toEqual([])
  })

  it('T26: is nowhere in the data folder, write-ahead logs and backup and all, but sealed', () => {
    expect(stored().length).toBeGreaterThan(3)
    for (const { name, bytes } of stored()) expect([name, leaks(bytes)]).toEqual([name, []])
    expect(leaks(gunzipSync(packed))).toEqual([])
  })

  it('T26: is recognised where it would be', () => {
    for (const word of words) expect(leaks(`"reason":"${word}"`)).toContain(word)
  })
})
