import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, describe, expect, it } from 'vitest'
import { folder, octroi } from './octroi.ts'

const files = folder()
afterAll(() => files.remove())

const KEY = { OCTROI_KEY: 'oct_key_abcdefgh_x' }

describe('usage', () => {
  it.each([[], ['help'], ['--help'], ['-h']])('0 and the overview for octroi %s', async (...args) => {
    const ran = await octroi(args)
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    expect(ran.stdout).toMatch(/connection {2}.*[\s\S]*octroi help COMMAND/)
  })

  it('0 and the version alone', async () => {
    expect(await octroi(['--version'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
  })

  it.each([
    [['conection', 'add'], 'Did you mean "octroi connection"?'],
    [['connection', 'shwo', 'x'], 'Did you mean "octroi connection show"?'],
    [['connection', 'add', 'x', '--allow-htp'], 'Did you mean "--allow-http"?'],
    [['connection', 'show'], 'needs ID'],
    [['connection', 'show', 'a', 'b'], '1 too many'],
    [['connection', 'add', 'x', '--allow-private', '10.0.0.0/8'], '--allow-private=VALUE'],
    [['connection', 'frobnicate'], 'It has add, ls'],
    [['--url', 'http://x', 'status'], 'The command comes first'],
    [['status', '--url'], '--url needs a value'],
    [['audit', 'ls', '--since', '--follow'], 'looks like an option'],
    [['status', '--json=1'], '--json takes no value'],
    [['status', '--url', 'http://a', '--url', 'http://b'], 'given twice'],
    [['key', 'create', 'x', '--grant', 'paheko'], 'CONNECTION:RIGHT'],
    [['key', 'create', 'x', '--expires', 'soon'], '--expires takes a duration'],
    [['key', 'create', 'x', '--rate', '9'], '--rate takes CALLS/TIME'],
    [['key', 'revoke'], 'needs ID'],
    [['key', 'set', 'x', '--group', 'a', '--inherit-groups'], '--no-groups and --inherit-groups exclude one another'],
    [['key', 'set', 'x', '--usable-when-owner-inactive=maybe'], 'takes nothing, or =no'],
    [['account', 'add', 'x', '--kind', 'robot'], '--kind takes service or person'],
    [['account', 'password', 'x', '--remove', '--password-file', '/dev/null'], '--remove excludes'],
    [['route', 'add', 'a.example', '/'], 'needs --any KIND or --all KIND'],
    [['route', 'set', 'x', '--any', 'jwt', '--all', 'mtls'], '--any and --all exclude each other'],
    [['issuer', 'add', '--issuer', 'x'], 'needs --audience AUD, --jwks-uri URL or --jwks-file PATH'],
    [['issuer', 'set', 'x', '--condition', 'main'], '--condition takes NAME=VALUE'],
    [['issuer', 'set', 'x', '--jwks-file', '/nosuch'], '--jwks-file /nosuch: cannot be read'],
    [['audit', 'ls', '--key', `oct_key_abcdefgh_${'0'.repeat(38)}`], 'never a key'],
    [['apply', 'x.yaml', '--yes', '--check'], 'exclude each other'],
    [['constructor'], 'no command constructor'],
    [['connection', 'add', 'x', '--__proto__', 'y'], 'has no option --__proto__'],
  ])('64 for octroi %j: %s', async (args, message) => {
    const ran = await octroi(args, { env: KEY, cwd: files.path })
    expect(ran).toMatchObject({ code: 64, stdout: '' })
    expect(ran.stderr).toMatch(/^octroi: /)
    expect(ran.stderr).toContain(message)
  })

  it.each([
    [['status', '--key', 'golden-secret'], 'OCTROI_KEY'],
    [['connection', 'add', 'x', '--secret', 'password=golden-secret'], '--secret-file'],
    [['connection', 'add', 'x', '--password=golden-secret'], '--secret-file'],
    [['account', 'password', 'x', '--password', 'golden-secret'], '--password-file PATH, or --password-env VARIABLE'],
    [['webhook', 'add', 'http://x', '--secret', 'golden-secret'], '--secret-file PATH, or --secret-env VARIABLE'],
    [['serve', '--master-key', 'golden-secret'], 'OCTROI_MASTER_KEY'],
    [['serve', '--database-url', 'postgres://u:golden-secret@h/d'], 'OCTROI_DATABASE_URL'],
    [['connection', 'add', 'x', '--set', 'golden-secret'], 'NAME=VALUE'],
    [['connection', 'add', 'x', '--stdin'], 'JSON object of strings'],
  ])('64 for a secret where others can read it, never repeated: %j', async (args, remedy) => {
    const ran = await octroi(args, { env: KEY, stdin: '{"password": golden-secret' })
    expect(ran.code).toBe(64)
    expect(ran.stderr).toContain(remedy)
    expect(ran.stdout + ran.stderr).not.toContain('golden-secret')
  })

  it('with --json a usage error is a JSON problem, too', async () => {
    const ran = await octroi(['status', '--jsn', '--json'])
    expect(ran).toMatchObject({ code: 64, stdout: '', problem: { code: 'usage', exit: 64 } })
  })
})

describe('configuration', () => {
  it('78 with every fault at once: no key, a wrong address', async () => {
    const ran = await octroi(['status'], { env: { OCTROI_URL: 'nonsense' } })
    expect(ran).toMatchObject({ code: 78, stdout: '' })
    expect(ran.stderr).toMatch(/^octroi: .*OCTROI_KEY.*\noctroi: OCTROI_URL: must be/)
  })

  it('78 with every fault of the boot settings', async () => {
    const config = files.file('octroi.yaml', 'listen: nowhere\nlog_levle: info\n')
    const ran = await octroi(['serve', '--config', config, '--environment', 'A B'])
    expect(ran.code).toBe(78)
    expect(ran.stderr.trimEnd().split('\n')).toHaveLength(3)
    expect(ran.stdout).toBe('')
  })

  it('78 for a key file that is not there; a key file works like OCTROI_KEY', async () => {
    expect(await octroi(['status', '--key-file', files.path])).toMatchObject({ code: 78 })
    const ran = await octroi(['status', '--key-file', files.file('key', 'k\n'), '--url', 'http://127.0.0.1:1'])
    expect(ran.code).toBe(1)
  })
})

describe('a server that cannot be used', () => {
  it('1 where nothing listens: says the address and how to set it', async () => {
    const ran = await octroi(['status'], { env: { ...KEY, OCTROI_URL: 'http://127.0.0.1:1' } })
    expect(ran).toMatchObject({ code: 1, stdout: '' })
    expect(ran.stderr).toMatch(/^octroi: .*http:\/\/127\.0\.0\.1:1.*\n.*OCTROI_URL/)
    const json = await octroi(['status', '--json', '--url', 'http://127.0.0.1:1'], { env: KEY })
    expect(json).toMatchObject({ code: 1, stdout: '', problem: { code: 'unreachable', exit: 1 } })
  })

  it('1 where something else answers', async () => {
    const server = createServer((_request, response) => response.end('<html>'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const ran = await octroi(['status', '--url', url], { env: KEY })
    server.close()
    expect(ran.code).toBe(1)
    expect(ran.stderr).toContain('not Octroi')
  })
})
