import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { PAHEKO_WRITER, type Paheko, startPaheko } from '../support/paheko.ts'
import { folder, octroi, start } from './octroi.ts'

let gate: TestGate
let paheko: Paheko
const files = folder()
const { username, password } = PAHEKO_WRITER

beforeAll(async () => {
  ;[gate, paheko] = await Promise.all([startTestGate(), startPaheko()])
  for (const id of ['paheko', 'second']) {
    await gate.api('POST', '/connections', {
      id,
      connector: 'paheko',
      settings: { base_url: paheko.url },
      secrets: { username, password },
      tags: { customer: '42' },
      network: { allow_private: true, allow_http: true },
    })
  }
})
afterAll(async () => {
  files.remove()
  await Promise.all([gate?.stop(), paheko?.stop()])
})

/** As the administrator, with the secrets of Paheko in the environment. No secret may ever come out. */
async function run(args: readonly string[], stdin = '', env: Readonly<Record<string, string>> = {}) {
  const ran = await octroi(args, {
    env: { OCTROI_URL: gate.url, OCTROI_KEY: gate.adminKey, P_USER: username, P_PASS: password, ...env },
    stdin,
  })
  for (const secret of [gate.adminKey, password]) expect(ran.stdout + ran.stderr).not.toContain(secret)
  return ran
}

describe('accounts and keys', () => {
  it('stdout of key create is the key and nothing else, and it works as granted', async () => {
    expect((await run(['account', 'add', 'RecyClique', '--json'])).json).toMatchObject({ id: 'recyclique' })
    const rights = [
      '--grant',
      'paheko:accounting-read',
      '--grant',
      'paheko:GET /api/user/{n}',
      '--grant',
      'second:accounting-post',
    ]
    const made = await run([
      'key',
      'create',
      'till',
      '--account',
      'recyclique',
      ...rights,
      '--expires',
      '90d',
      '--rate',
      '100/m',
      '--cidr',
      '127.0.0.0/8',
    ])
    expect(made.code).toBe(0)
    expect(made.stdout).toMatch(/^oct_key_\w+\n$/)
    const key = made.stdout.trim()
    const call = await fetch(`${gate.url}/proxy/paheko/api/accounting/years`, { headers: { 'API-KEY': key } })
    expect(call.status).toBe(200)
    const shown = await run(['key', 'show', 'self', '--json'], '', { OCTROI_KEY: key })
    expect(shown.json).toMatchObject({
      name: 'till',
      account: 'recyclique',
      grants: [
        { connection: 'paheko', allow: ['accounting-read', 'GET /api/user/{n}'] },
        { connection: 'second', allow: ['accounting-post'] },
      ],
      rate_limit: { limit: 100, window_s: 60 },
      cidrs: ['127.0.0.0/8'],
    })
    expect(Date.parse(shown.json.expires_at) - Date.now()).toBeGreaterThan(89 * 86_400_000)
    expect(shown.stdout).not.toContain(key)
  })

  it('set, disable, enable, rotate, revoke', async () => {
    const { id } = (
      await run([
        'key',
        'create',
        'life',
        '--grant-json',
        '{"connector":"paheko","tags":{"customer":"42"},"allow":["GET /**"]}',
        '--json',
      ])
    ).json
    const set = await run([
      'key',
      'set',
      id,
      '--permission',
      'connections.read',
      '--permission',
      '{"permission":"connections.write","connection":"paheko"}',
      '--expires',
      'never',
      '--json',
    ])
    expect(set.json.permissions).toHaveLength(2)
    expect((await run(['key', 'set', id, '--permission', 'none', '--json'])).json.permissions).toEqual([])
    expect(await run(['key', 'set', id])).toMatchObject({ code: 64 })
    expect((await run(['key', 'disable', id, '--json'])).json.state).toBe('disabled')
    expect((await run(['key', 'enable', id, '--json'])).json.state).toBe('active')
    const rotated = await run(['key', 'rotate', id, '--overlap', '0'])
    expect(rotated.stdout).toMatch(/^oct_key_\w+\n$/)
    expect(await run(['key', 'revoke', id])).toMatchObject({ code: 64 })
    expect(await run(['key', 'revoke', id, '--yes'])).toMatchObject({ code: 0 })
    expect(await run(['key', 'rotate', id])).toMatchObject({ code: 1, stdout: '' })
    expect((await run(['key', 'ls', '--account', 'recyclique', '--json'])).json).toHaveLength(1)
    expect((await run(['key', 'ls'])).stdout).toMatch(/life.*revoked/)
  })

  it('import takes a file or a variable; a weak one needs more', async () => {
    const file = files.file('old.key', 'an-old-key-of-another-gate\n')
    const made = await run([
      'key',
      'import',
      '--name',
      'old',
      '--account',
      'recyclique',
      '--secret-file',
      file,
      '--grant',
      'paheko:accounting-read',
      '--json',
    ])
    expect(made).toMatchObject({ code: 0, json: { imported: true } })
    expect(made.stdout).not.toContain('an-old-key')
    const weak = await run(['key', 'import', '--name', 'w', '--secret-env', 'WEAK'], '', { WEAK: 'short-one' })
    expect(weak.code).toBe(1)
    expect(weak.stderr).toMatch(/allow_weak: .*\n.*cidrs: .*\n.*expires_at: /)
    const more = ['--allow-weak', '--cidr', '10.0.0.9/32', '--expires', '30d']
    expect(
      await run(['key', 'import', '--name', 'w', '--secret-env', 'WEAK', ...more], '', { WEAK: 'short-one' }),
    ).toMatchObject({ code: 0 })
    expect(await run(['key', 'import', '--name', 'w'])).toMatchObject({ code: 64 })
  })

  it('account ls, show, disable, enable, rm', async () => {
    expect((await run(['account', 'ls'])).stdout).toContain('recyclique')
    expect((await run(['account', 'disable', 'recyclique', '--json'])).json.disabled_at).not.toBeNull()
    expect((await run(['account', 'enable', 'recyclique', '--json'])).json.disabled_at).toBeNull()
    expect((await run(['account', 'show', 'recyclique'])).stdout).toContain('RecyClique')
    expect(await run(['account', 'rm', 'recyclique', '--yes', '--json'])).toMatchObject({
      code: 1,
      problem: { code: 'conflict' },
    })
    await run(['account', 'add', 'Gone'])
    expect(await run(['account', 'rm', 'gone', '--yes'])).toMatchObject({ code: 0 })
  })
})

describe('what happened', () => {
  it('audit ls filters; event ls', async () => {
    const lines = (await run(['audit', 'ls', '--connection', 'paheko', '--since', '1h', '--limit', '2', '--json'])).json
    expect(lines).toHaveLength(2)
    for (const line of lines) expect(line.connection).toBe('paheko')
    expect((await run(['audit', 'ls'])).stdout).toMatch(/^AT +STATUS/)
    const events = (await run(['event', 'ls', '--type', 'key.revoked', '--json'])).json
    expect(events).toHaveLength(1)
  })

  it('audit ls --follow --json goes on, a document a line', async () => {
    const child = start(['audit', 'ls', '--follow', '--json', '--limit', '1'], {
      OCTROI_URL: gate.url,
      OCTROI_KEY: gate.adminKey,
    })
    let text = ''
    child.stdout.on('data', (chunk) => (text += chunk))
    await expect.poll(() => text, { timeout: 10_000 }).not.toBe('')
    await run(['account', 'add', 'Followed'])
    await expect.poll(() => text, { timeout: 10_000 }).toContain('"account:followed"')
    child.kill()
    const marks = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
      .map(({ request, phase }) => `${request} ${phase}`)
    expect(new Set(marks).size).toBe(marks.length)
  })
})
