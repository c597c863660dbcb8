import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { PAHEKO_WRITER, type Paheko, startPaheko } from '../support/paheko.ts'
import { folder, octroi } from './octroi.ts'

let gate: TestGate
let paheko: Paheko
const files = folder()
const { username, password } = PAHEKO_WRITER

beforeAll(async () => {
  ;[gate, paheko] = await Promise.all([startTestGate(), startPaheko()])
})
afterAll(async () => {
  files.remove()
  await Promise.all([gate?.stop(), paheko?.stop()])
})

/** No value of a file may ever come out. */
async function run(...args: readonly string[]) {
  const ran = await octroi(['connection', 'import', ...args], {
    env: { OCTROI_URL: gate.url, OCTROI_KEY: gate.adminKey },
    cwd: files.path,
  })
  expect(ran.stdout + ran.stderr).not.toMatch(/golden/)
  expect(ran.stdout + ran.stderr).not.toContain(password)
  return ran
}

const open = () => ['--set', `base_url=${paheko.url}`, '--allow-private=127.0.0.0/8', '--allow-http']

describe('octroi connection import', () => {
  it('--dry-run says which keys would be taken and why not the others; nothing is made', async () => {
    files.file('.authconfig', `user=${username}\npassword=${password}\nbase_url=http://golden\nso_ticket=golden\n`)
    const ran = await run('.authconfig', '--connector', 'paheko', '--dry-run')
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    expect(ran.stdout).toMatch(/user +username +-\npassword +password +-\nbase_url +- +is a setting/)
    expect((await gate.api('GET', '/connections')).body.items).toEqual([])
  })

  it('makes a connection that works, and gives one that is there new secrets', async () => {
    const made = await run('.authconfig', '--connector', 'paheko', ...open())
    expect(made).toMatchObject({ code: 0, stdout: 'paheko is ready.\n' })
    expect(made.stderr).toContain('so_ticket')
    files.file('wrong.json', JSON.stringify({ username, password: 'golden-other' }))
    expect(await run('wrong.json', '--id', 'paheko')).toMatchObject({ code: 1 })
    expect((await gate.api('POST', '/connections/paheko/test')).body.ok).toBe(true)
    files.file('right.json', JSON.stringify({ username, password }))
    const again = await run('right.json', '--id', 'paheko', '--json')
    expect(again).toMatchObject({
      code: 0,
      stderr: '',
      json: { connection: { id: 'paheko' }, taken: { username: 'username', password: 'password' }, left: {} },
    })
  })

  it('a refresh token that was obtained elsewhere begins the connection', async () => {
    files.file(
      'sesam.json',
      JSON.stringify({
        oauth_client_id: 'golden-client',
        oauth_client_secret: 'golden-secret',
        oauth_refresh_token: 'golden-refresh',
        oauth_access_token: 'golden-access',
      }),
    )
    const ran = await run('sesam.json', '--connector', 'hubspot', '--id', 'crm', '--no-verify')
    expect(ran).toMatchObject({ code: 0, stdout: 'crm is ready.\n' })
    expect(ran.stderr).toMatch(/oauth_refresh_token +oauth_refresh_token +the connection begins with it/)
    const { body } = await gate.api('GET', '/connections/crm/credentials')
    expect(body.secrets).toMatchObject({
      oauth_client_id: 'golden-client',
      oauth_access_token: 'golden-access',
      oauth_refresh_token: 'golden-refresh',
    })
  })

  it.each([
    [['right.json'], 'needs --connector ID'],
    [['right.json', '--id', 'paheko', '--connector', 'brevo'], 'is a connection of paheko, not of brevo'],
    [['none.json', '--connector', 'paheko'], 'has nothing that paheko (basic) asks for'],
    [['twice.json', '--connector', 'paheko'], 'user and username both mean username'],
  ])('64 for octroi connection import %j: %s', async (args, message) => {
    files.file('none.json', '{"colour": "golden"}')
    files.file('twice.json', '{"user": "golden-1", "username": "golden-2"}')
    const ran = await run(...args)
    expect(ran).toMatchObject({ code: 64, stdout: '' })
    expect(ran.stderr).toContain(message)
  })

  it('1 where the server misses a secret, named by its field', async () => {
    files.file('half.json', JSON.stringify({ username }))
    const ran = await run('half.json', '--connector', 'paheko', '--id', 'half', ...open())
    expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining('secrets.password: is required') })
  })
})
