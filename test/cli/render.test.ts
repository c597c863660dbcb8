import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CredentialsStandIn, startCredentials } from './credentials_stand_in.ts'
import { folder, octroi } from './octroi.ts'

const files = folder()
let gate: CredentialsStandIn
const ODD = 'golden "quoted" \\ $& $SECRET(password)\nsecond line'

beforeAll(async () => {
  gate = await startCredentials({
    crm: [{ secrets: { jwt_access_token: 'golden-jwt', odd: ODD } }],
    books: [{ secrets: { session_token: 'golden-session' } }],
  })
})
afterAll(async () => {
  files.remove()
  await gate?.stop()
})

function render(args: readonly string[]) {
  const env = { OCTROI_URL: gate.url, OCTROI_KEY: 'golden-key', base_url: 'https://crm.example' }
  return octroi(['render', ...args], { env, cwd: files.path })
}

describe('octroi render', () => {
  it('fills in $SECRET and $ENV, of one connection and of others, and leaves {{@ @}} alone', async () => {
    files.file(
      'system.conf.json',
      '{"url": "$ENV(base_url)/{{@ account @}}", "a": "bearer $SECRET(jwt_access_token)", "b": "$SECRET(books:session_token)", "c": "{{@ $SECRET(x) @}}"}\n',
    )
    const before = gate.asked.length
    const ran = await render(['system.conf.json', '--connection', 'crm'])
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    expect(ran.json).toEqual({
      url: 'https://crm.example/{{@ account @}}',
      a: 'bearer golden-jwt',
      b: 'golden-session',
      c: '{{@ $SECRET(x) @}}',
    })
    expect(gate.asked.slice(before)).toEqual(['crm', 'books'])
  })

  it('a value cannot leave its quotes in JSON, and is as it is elsewhere', async () => {
    files.file('odd.json', '{"key": "$SECRET(crm:odd)"}')
    expect((await render(['odd.json'])).json).toEqual({ key: ODD })
    files.file('odd.txt', '<$SECRET(crm:odd)>\n')
    expect((await render(['odd.txt'])).stdout).toBe(`<${ODD}>\n`)
    expect((await render(['odd.txt', '--format', 'json'])).stdout).toBe(`<${JSON.stringify(ODD).slice(1, -1)}>\n`)
  })

  it('--output: only its owner may read it, whatever it was before, and nothing else is left behind', async () => {
    files.file('env.template', 'TOKEN=$SECRET(crm:jwt_access_token)')
    const output = join(files.path, 'out.env')
    writeFileSync(output, 'older and longer than what comes now', { mode: 0o644 })
    const ran = await render(['env.template', '--output', output])
    expect(ran).toMatchObject({ code: 0, stdout: expect.stringContaining('1 filled in') })
    expect(ran.stdout + ran.stderr).not.toContain('golden')
    expect(readFileSync(output, 'utf8')).toBe('TOKEN=golden-jwt')
    expect(statSync(output).mode & 0o777).toBe(0o600)
    expect(readdirSync(files.path).filter((name) => name.startsWith('.octroi-'))).toEqual([])
  })

  it('78 with every place that cannot be filled in, and nothing is written', async () => {
    files.file(
      'wrong.txt',
      'a: $SECRET(crm:nothing)\nb: é $ENV(OCTROI_KEY) $ENV(octroi_url)\nc: $ENV(not_there) $SECRET(bare) $SECRET(\n',
    )
    const output = join(files.path, 'never')
    const ran = await render(['wrong.txt', '--output', output])
    expect(ran).toMatchObject({ code: 78, stdout: '' })
    expect(ran.stderr.trimEnd().split('\n')).toEqual([
      'octroi: wrong.txt:1:4: crm has no nothing; it has jwt_access_token, odd.',
      'octroi: wrong.txt:2:6: $ENV(OCTROI_KEY): what begins with OCTROI_ is never given.',
      'octroi: wrong.txt:2:23: $ENV(octroi_url): what begins with OCTROI_ is never given.',
      'octroi: wrong.txt:3:4: there is no variable not_there.',
      'octroi: wrong.txt:3:20: $SECRET(bare) needs --connection ID, or $SECRET(connection:bare).',
      'octroi: wrong.txt:3:34: $SECRET( is not followed by a name and ")".',
    ])
    expect(existsSync(output)).toBe(false)
  })

  it('1 where the connection cannot be read or the folder is not there; 64 for a file over itself', async () => {
    files.file('one.txt', '$SECRET(nosuch:x)')
    expect(await render(['one.txt'])).toMatchObject({ code: 1, stdout: '' })
    files.file('two.txt', '$SECRET(crm:odd)')
    const lost = await render(['two.txt', '--output', '/nowhere/x'])
    expect(lost).toMatchObject({ code: 1, stderr: expect.stringContaining('/nowhere/x: cannot be written (ENOENT)') })
    expect(await render(['two.txt', '--output', './two.txt'])).toMatchObject({ code: 64 })
    expect(await render(['three.txt'])).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('three.txt: cannot'),
    })
  })
})
