import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { folder, octroi } from './octroi.ts'

const files = folder()
afterAll(() => files.remove())

const connector = (version: string) =>
  files.file(
    'acme.yaml',
    `id: acme\nname: Acme\ndocs: https://acme.example/\nscheme: api_key\nbase_url: https://api.acme.example/${version}\ntest: GET /me\napi_key: [{ header: X-Key, value: "\${secrets.api_key}" }]\n`,
  )
const recording = (answer: string) =>
  files.file('acme.txt', `connector: acme\nsecrets:\n  api_key: golden-key\n----------\ntest\n----------\n${answer}\n`)

/** No server, no key, no data folder: nothing but the files. */
const test = (...args: readonly string[]) => octroi(['connector', 'test', ...args], { cwd: files.path })

describe('octroi connector test', () => {
  it('--update writes what goes out, then it is the same: 0', async () => {
    connector('v1')
    recording('?')
    const made = await test('acme.txt', '--update')
    expect(made).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('+X-Key: golden-key') })
    expect(readFileSync(join(files.path, 'acme.txt'), 'utf8')).toMatch(/GET \/v1\/me\nHost: api.acme.example\nX-Key:/)
    expect(await test('acme.txt')).toMatchObject({ code: 0, stdout: 'acme.txt: goes out as recorded.\n' })
  })

  it('1 with the difference when something else goes out, and the file stays', async () => {
    connector('v2')
    const before = readFileSync(join(files.path, 'acme.txt'), 'utf8')
    const ran = await test('acme.txt')
    expect(ran.code).toBe(1)
    expect(ran.stdout).toContain('-GET /v1/me\n+GET /v2/me\n Host: api.acme.example')
    expect(await test('acme.txt', '--json')).toMatchObject({ code: 1, json: { ok: false, updated: false } })
    expect(readFileSync(join(files.path, 'acme.txt'), 'utf8')).toBe(before)
  })

  it('a connector in another folder, and one that comes with Octroi', async () => {
    const elsewhere = folder()
    const secret = 'connector: acme\nsecrets: { api_key: golden }\n----------\ntest\n----------\n'
    const file = elsewhere.file('mine.txt', secret)
    expect(await test(file)).toMatchObject({ code: 1, stderr: expect.stringContaining('no connector acme') })
    expect(await test(file, '--connectors', files.path, '--update')).toMatchObject({ code: 0 })
    const shipped = elsewhere.file('p.txt', 'connector: brevo\nsecrets: { api_key: golden }\n')
    expect(await test(shipped)).toMatchObject({ code: 0 })
    elsewhere.remove()
  })

  it('1 with the faults of a broken connector, with their lines; 64 for a file that is not there', async () => {
    files.file('acme.yaml', 'id: acme\nname: Acme\nscheme: api_key\nbase_url: nowhere\n')
    recording('?')
    expect(await test('acme.txt')).toMatchObject({ code: 1, stderr: expect.stringMatching(/acme\.yaml: .*docs/) })
    expect(await test('nothing.txt')).toMatchObject({ code: 64 })
  })
})
