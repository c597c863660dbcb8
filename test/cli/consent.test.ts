import { chmodSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { delimiter } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Browser, connectAsPerson, onwardOf, sendForm, startPublicGate } from '../requirements/person.ts'
import type { TestGate } from '../support/gate.ts'
import { type OAuth2Server, startOAuth2Server } from '../support/vendors/oauth2_server.ts'
import { folder, octroi, octroiOnTerminal, start } from './octroi.ts'

/** Commands that wait for a person, with a person who follows the pages. */

let gate: TestGate
let server: OAuth2Server
const files = folder()

beforeAll(async () => {
  gate = await startPublicGate()
  const ids = ['crm', 'shown', 'given-up', 'refused', 'again', 'opened', 'generic-oauth2']
  server = await startOAuth2Server({
    settings: {
      redirectUris: [
        ...ids.map((id) => `${gate.url}/connect/callback/generic-oauth2/${id}`),
        `${gate.url}/connect/callback/generic-oauth2`,
      ],
    },
  })
})
afterAll(async () => {
  files.remove()
  await Promise.all([gate?.stop(), server?.stop()])
})
beforeEach(() => {
  Object.assign(server.settings, { signInError: undefined })
})

const env = () => ({
  OCTROI_URL: gate.url,
  OCTROI_KEY: gate.adminKey,
  ID: server.clientId,
  SECRET: server.clientSecret,
})
const place = () => [
  ...['--set', `base_url=${server.url}`, '--set', `authorization_url=${server.url}/authorize`],
  ...['--set', `token_url=${server.url}/token`, '--set', 'test_path=/whoami'],
  ...['--allow-private', '--allow-http'],
]
const SECRETS = ['--secret-env', 'client_id=ID', '--secret-env', 'client_secret=SECRET']
const adding = (id: string, ...more: string[]) => [
  ...['connection', 'add', 'generic-oauth2', '--id', id, ...place(), ...SECRETS, ...more],
]
const LINK = /http:\/\/\S+\/connect\/[\w-]{43}/

/** The command, up to the link that it prints. */
async function waiting(args: readonly string[], more: Readonly<Record<string, string>> = {}) {
  const child = start(args, { ...env(), ...more })
  child.stdin.end()
  let said = ''
  let answer = ''
  child.stdout.on('data', (chunk) => (answer += chunk))
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  const link = await new Promise<string>((resolve, reject) => {
    child.stderr.on('data', (chunk) => {
      said += chunk
      if (/Waiting/.test(said)) resolve(LINK.exec(said)?.[0] ?? '')
    })
    ended.then(() => reject(new Error(said)))
  })
  return { child, link, end: async () => ({ code: await ended, said, answer }) }
}

describe('connection add where a person agrees', () => {
  it('0 with --no-browser, when somebody has followed the link', async () => {
    const { link, end } = await waiting(adding('crm', '--no-browser'))
    await connectAsPerson(link)
    const { code, said, answer } = await end()
    expect([code, answer]).toEqual([0, expect.stringMatching(/state +ready/)])
    expect(said).toContain(`${gate.url}/connect/callback/generic-oauth2/crm`)
    expect(said).toContain('Tried: it works.')
    expect(said).not.toContain(server.clientSecret)
    expect((await gate.api('GET', '/connections/crm')).body).toMatchObject({
      state: 'ready',
      token: expect.any(Object),
    })
  })

  it('0 without a terminal: the connection waits, and how to go on is said', async () => {
    const ran = await octroi(adding('shown'), { env: env() })
    expect([ran.code, ran.stdout]).toEqual([0, expect.stringMatching(/state +pending/)])
    expect(ran.stderr).toContain('octroi connection link shown')
    const link = await octroi(['connection', 'link', 'shown'], { env: env() })
    expect(link.stdout).toMatch(LINK)
    await connectAsPerson(link.stdout.trim())
    const shown = await octroi(['connection', 'show', 'shown'], { env: env() })
    expect(shown.stdout).toMatch(/state +ready/)
    expect(shown.stdout).toMatch(/token +obtained_at=.*expires_at=/)
    const refreshed = await octroi(['connection', 'refresh', 'shown'], { env: env() })
    expect([refreshed.code, refreshed.stdout]).toEqual([0, 'shown has a new token; it is ready.\n'])
  })

  it('1 after Ctrl-C, and nothing half made is left', async () => {
    const { child, end } = await waiting(adding('given-up', '--no-browser'))
    child.kill('SIGINT')
    const { code, said } = await end()
    expect(code).toBe(1)
    expect(said).toContain('The connection given-up was not kept.\noctroi: given up')
    expect((await gate.api('GET', '/connections/given-up')).status).toBe(404)
  })

  it('1 after Ctrl-C on a terminal that has asked for secrets before', async () => {
    const { code, screen } = await octroiOnTerminal(
      ['connection', 'add', 'generic-oauth2', '--id', 'given-up', ...place(), '--no-browser'],
      [
        ['Client ID (hidden): ', `${server.clientId}\r`],
        ['Waiting', '\x03'],
      ],
      env(),
    )
    expect(screen).toMatch(/The connection given-up was not kept\.\s+octroi: given up/)
    // 130 where the shell that the terminal runs was told as well.
    expect([1, 130]).toContain(code)
    expect((await gate.api('GET', '/connections/given-up')).status).toBe(404)
  })

  it('1 with --no-browser and a limited key, which is told what it can do instead', async () => {
    const limit = { tags: { team: 'blue' } }
    const permissions = [
      'connect-sessions.write',
      'connectors.read',
      ...['read', 'write', 'write_network'].map((right) => ({ permission: `connections.${right}`, ...limit })),
    ]
    const { body } = await gate.api('POST', '/keys', { name: 'limited', permissions })
    const ran = await octroi(adding('limited', '--tag', 'team=blue', '--no-browser'), {
      env: { ...env(), OCTROI_KEY: body.key },
    })
    expect([ran.code, ran.stderr]).toEqual([1, expect.stringContaining('your key is limited')])
    expect((await gate.api('GET', '/connections/limited')).status).toBe(404)
  })

  it('64 with --json and --no-browser, which exclude each other', async () => {
    expect((await octroi(adding('never', '--no-browser', '--json'), { env: env() })).code).toBe(64)
  })
})

describe('connection reconnect where a person agrees', () => {
  it('0 with --no-browser: the same connection with another token', async () => {
    const before = (await gate.api('GET', '/connections/crm/credentials')).body.secrets
    const { link, end } = await waiting(['connection', 'reconnect', 'crm', '--no-browser'])
    await connectAsPerson(link)
    expect(await end()).toMatchObject({ code: 0, answer: 'crm is connected again; it is ready.\n' })
    const after = (await gate.api('GET', '/connections/crm/credentials')).body.secrets
    expect(after.oauth_access_token).not.toBe(before.oauth_access_token)
  })

  it('64 without a terminal, naming the link command', async () => {
    const ran = await octroi(['connection', 'reconnect', 'crm'], { env: env() })
    expect([ran.code, ran.stderr]).toEqual([64, expect.stringContaining('octroi connection link crm')])
  })
})

describe('connector app', () => {
  const app = (...args: string[]) => octroi(['connector', 'app', ...args], { env: env() })

  it('0: set, shown without its secrets, used by what is added, and kept while that is there', async () => {
    const set = await app('set', 'generic-oauth2', ...place(), ...SECRETS)
    expect([set.code, set.stderr]).toEqual([0, expect.stringContaining('/connect/callback/generic-oauth2\n')])
    const shown = await app('show', 'generic-oauth2')
    expect(shown.stdout).toContain(`token_url=${server.url}/token`)
    expect(shown.stdout + set.stdout).not.toContain(server.clientSecret)
    const { link, end } = await waiting(['connection', 'add', 'generic-oauth2', '--id', 'lent', '--no-browser'])
    await connectAsPerson(link)
    expect(await end()).toMatchObject({ code: 0 })
    expect((await gate.api('GET', '/connections/lent')).body).toMatchObject({ app: 'generic-oauth2', state: 'ready' })
    expect((await app('rm', 'generic-oauth2', '--yes')).code).toBe(1)
    await octroi(['connection', 'rm', 'lent', '--yes'], { env: env() })
    expect((await app('rm', 'generic-oauth2', '--yes')).code).toBe(0)
    expect((await app('show', 'generic-oauth2')).code).toBe(1)
  })

  it('64 without a terminal, naming what is missing; a secret on the command line is refused', async () => {
    const missing = await app('set', 'generic-oauth2', ...place())
    expect([missing.code, missing.stderr]).toEqual([64, expect.stringContaining('the secret client_id')])
    const visible = await app('set', 'generic-oauth2', '--secret', 'client_secret=canary')
    expect([visible.code, visible.stderr.includes('canary')]).toEqual([64, false])
  })
})

describe('connection link', () => {
  const link = (...args: string[]) => octroi(['connection', 'link', ...args], { env: env() })

  it('0 with a link to a new connection, which leads back to an application', async () => {
    const ran = await link('generic-oauth2', '--id', 'refused', ...place(), '--return-url', 'http://127.0.0.1:9/back')
    expect([ran.code, ran.stdout]).toEqual([0, expect.stringMatching(LINK)])
    expect(ran.stderr).toContain('/connect/callback/generic-oauth2/refused')
    const browser = new Browser()
    const url = ran.stdout.trim()
    const fields = { 'secrets.client_id': server.clientId, 'secrets.client_secret': server.clientSecret }
    const onward = onwardOf(await sendForm(browser, url, await browser.visit(url), fields)) as string
    expect(onwardOf(await browser.visit(onward))).toMatch(/^http:\/\/127\.0\.0\.1:9\/back\?session=.+&code=/)
  })

  it('64 for what a connection that exists has already; 1 for what is neither', async () => {
    expect((await link('crm', '--tag', 'a=b')).code).toBe(64)
    expect((await link('nosuch')).code).toBe(1)
  })
})

describe('with a browser on this machine', () => {
  it('0: the browser is led to the link by a local address, and what comes back is redeemed', async () => {
    // In place of the desktop's own program: says what it was asked to open, and with which environment.
    const asked = `${files.path}/asked`
    const opener = files.file('xdg-open', `#!/bin/sh\n{ echo "$1"; env; } > ${asked}.new && mv ${asked}.new ${asked}\n`)
    chmodSync(opener, 0o700)
    const terminal = { DISPLAY: ':99', PATH: `${files.path}${delimiter}${process.env.PATH}` }
    const running = octroiOnTerminal(adding('opened'), [], { ...env(), ...terminal })
    const lines = (await appeared(asked)).split('\n')
    expect(lines[0]).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/)
    expect(lines.join('\n')).not.toContain(gate.adminKey)
    const browser = new Browser()
    const page = await browser.ask(lines[0] as string)
    const link = page.location as string
    expect(link).toMatch(LINK)
    expect((await browser.ask(lines[0] as string)).status).toBe(410)
    const onward = onwardOf(await sendForm(browser, link, await browser.visit(link), {})) as string
    const back = onwardOf(await browser.visit(onward)) as string
    const { origin } = new URL(back)
    expect((await browser.ask(`${origin}/back?session=another&code=x`)).status).toBe(404)
    expect((await browser.ask(back)).text).toContain('go back to the terminal')
    const { code, screen } = await running
    expect(screen).toContain('Tried: it works.')
    expect(code).toBe(0)
    expect((await gate.api('GET', '/connections/opened')).body.state).toBe('ready')
  })
})

async function appeared(file: string): Promise<string> {
  for (;;) {
    const text = await readFile(file, 'utf8').catch(() => undefined)
    if (text !== undefined) return text
    await wait(50)
  }
}
