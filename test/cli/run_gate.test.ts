import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { type OAuth2Server, startOAuth2Server } from '../support/vendors/oauth2_server.ts'
import { folder, octroi, octroiOnTerminal } from './octroi.ts'

/** `octroi run` and `octroi render` with a real gate, which obtains tokens of a few seconds from a service that counts them. */
let gate: TestGate
let service: OAuth2Server
const files = folder()

beforeAll(async () => {
  ;[gate, service] = await Promise.all([startTestGate(), startOAuth2Server({ settings: { accessSeconds: 4 } })])
  const made = await gate.api('POST', '/connections', {
    id: 'api',
    connector: 'generic-oauth2-cc',
    settings: { base_url: service.url, token_url: `${service.url}/token`, test_path: '/whoami' },
    secrets: { client_id: service.clientId, client_secret: service.clientSecret },
    network: { allow_private: true, allow_http: true },
  })
  expect(made.status).toBe(201)
})
afterAll(async () => {
  files.remove()
  await gate?.stop()
  await service?.stop()
})

const env = (key = gate.adminKey) => ({ OCTROI_URL: gate.url, OCTROI_KEY: key })
const program = (code: string) => [process.execPath, '-e', code]

/** Calls the service itself, and waits for the next token once. */
const CALLER = `
  const fs = require('fs')
  const trace = process.argv[1]
  fetch('{url}/whoami', { headers: { authorization: 'Bearer ' + process.env.oauth_access_token } }).then(({ status }) => {
    fs.appendFileSync(trace, status + ' ' + process.env.oauth_access_token + '\\n')
    if (fs.readFileSync(trace, 'utf8').trim().split('\\n').length === 2) process.exit(5)
    setInterval(() => {}, 9e6)
  })`

describe('with a gate', () => {
  it('a program calls the service with the token, and is started anew with the next one', async () => {
    const trace = files.file('trace', '')
    const words = [...program(CALLER.replace('{url}', service.url)), trace]
    const ran = await octroi(['run', 'api', '--on-rotation', 'restart', '--', ...words], { env: env() })
    expect(ran).toMatchObject({ code: 5, stderr: '' })
    const [first = '', second = ''] = readFileSync(trace, 'utf8').trim().split('\n')
    expect([first, second].map((line) => line.split(' ')[0])).toEqual(['200', '200'])
    expect(first).not.toBe(second)
  }, 30_000)

  it('1 without the right to read credentials, from every command; readings are in the audit trail', async () => {
    const { body } = await gate.api('POST', '/keys', {
      name: 'caller',
      grants: [{ connection: 'api', allow: ['read'] }],
    })
    const file = files.file('x.txt', '$SECRET(api:oauth_access_token)')
    for (const args of [
      ['run', 'api', '--', 'true'],
      ['render', file],
    ]) {
      const ran = await octroi(args, { env: env(body.key) })
      expect(ran).toMatchObject({ code: 1, stdout: '' })
    }
    // A line before it is answered; the one after it is on disk a little later.
    const readings = async () =>
      (await gate.api('GET', '/audit?connection=api')).body.items.filter(
        (line: { action: string; phase: string; key: string }) =>
          line.action === 'connections.credentials' && line.phase === 'started' && gate.adminKey.includes(line.key),
      ).length
    const before = await readings()
    expect(before).toBeGreaterThan(0)
    expect((await octroi(['render', file], { env: env() })).stdout).toMatch(/^\S{10,}\n$/)
    expect(await readings()).toBe(before + 1)
  })

  it('on a terminal Ctrl-C reaches the program once: the terminal sends it to both', async () => {
    const code = `let heard = 0
      process.on('SIGINT', () => console.log('heard ' + ++heard))
      process.stdin.once('data', () => { console.log('in all ' + heard); process.exit() })
      console.log('ready')`
    const { screen } = await octroiOnTerminal(
      ['run', 'api', '--on-rotation', 'ignore', '--', ...program(code)],
      [
        ['ready', '\x03'],
        ['heard 1', 'q\n'],
        ['in all', ''],
      ],
      env(),
    )
    expect(screen).toContain('in all 1')
  })
})
