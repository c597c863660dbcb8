// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are references of a state file
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { PAHEKO_WRITER, type Paheko, startPaheko } from '../support/paheko.ts'
import { folder, octroi } from './octroi.ts'

let one: TestGate
let two: TestGate
let paheko: Paheko
const files = folder()
const { username, password } = PAHEKO_WRITER
const ENV = { PAHEKO_USERNAME: username, PAHEKO_PASSWORD: password, RECYCLIQUE_OLD_TILL: 'an-old-key-of-another-gate' }

beforeAll(async () => {
  ;[one, two, paheko] = await Promise.all([startTestGate(), startTestGate(), startPaheko()])
})
afterAll(async () => {
  files.remove()
  await Promise.all([one?.stop(), two?.stop(), paheko?.stop()])
})

async function run(gate: TestGate, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const ran = await octroi(args, { env: { OCTROI_URL: gate.url, OCTROI_KEY: gate.adminKey, ...env }, cwd: files.path })
  for (const secret of [gate.adminKey, password]) expect(ran.stdout + ran.stderr).not.toContain(secret)
  return ran
}

function state(text: string): string {
  return files.file('case.yaml', text)
}

const at = (name: string) => join(files.path, name)

describe('export and apply', () => {
  it('an empty installation exports what init made, and applying it does nothing', async () => {
    expect(await run(one, ['export', 'empty.yaml'])).toMatchObject({ code: 0, stdout: '' })
    expect(await run(one, ['apply', 'empty.yaml', '--check'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Nothing to do'),
    })
  })

  it('what one gate exports, another becomes; its export is the same; applying again changes nothing', async () => {
    const key = {
      name: 'till',
      account: 'recyclique',
      description: 'at the door',
      grants: [
        { connection: 'paheko', allow: ['accounting-post', 'GET /api/accounting/**'] },
        { connector: 'paheko', tags: { customer: '42' }, allow: [], credentials: true },
      ],
      permissions: ['connections.read', { permission: 'connections.write', connection: 'paheko' }],
      cidrs: ['10.0.0.0/8'],
      rate_limit: { limit: 5, window_s: 60 },
      expires_at: '2999-01-01T00:00:00+01:00',
      usable_when_owner_inactive: true,
    }
    await one.api('POST', '/accounts', {
      kind: 'service',
      name: 'RecyClique',
      description: 'yes: "quoted" # no comment',
    })
    await one.api('POST', '/accounts', { kind: 'service', name: 'Asleep' })
    await one.api('POST', '/accounts/asleep/disable')
    await one.api('POST', '/connections', {
      connector: 'paheko',
      name: 'Paheko of the club',
      settings: { base_url: `${paheko.url}/` },
      secrets: { username, password },
      tags: { customer: '42' },
      network: { allow_private: ['127.0.0.0/8'], allow_http: true },
      limits: { concurrent_writes: 2, queue: 0 },
      timeouts: { connect_ms: 1000 },
      allow_never: ['* /api/sql*'],
      replay_s: 60,
    })
    const made = await one.api('POST', '/keys', key)
    await one.api('PATCH', `/keys/${made.body.id}`, { disabled: true })
    await one.api('POST', '/keys/import', { name: 'old till', account: 'recyclique', secret: ENV.RECYCLIQUE_OLD_TILL })
    const gone = await one.api('POST', '/keys', { name: 'gone' })
    await one.api('DELETE', `/keys/${gone.body.id}`)

    expect(await run(one, ['export', 'one.yaml'])).toMatchObject({ code: 0 })
    const text = readFileSync(at('one.yaml'), 'utf8')
    for (const secret of [made.body.key, ENV.RECYCLIQUE_OLD_TILL, password]) expect(text).not.toContain(secret)
    expect(text).toContain('password: ${env:PAHEKO_PASSWORD} # API password')

    const plan = await run(two, ['apply', 'one.yaml', '--check'])
    expect(plan.code).toBe(1)
    expect(plan.stdout).toMatch(
      /\+ account asleep\n\+ account recyclique\n\+ connection paheko\n\+ key recyclique old till\n\+ key recyclique till\n5 to create/,
    )
    expect(plan.stderr).toContain('${env:PAHEKO_PASSWORD} is not set')
    expect((await two.api('GET', '/connections')).body.items).toEqual([])

    const done = await run(two, ['apply', 'one.yaml', '--yes'], ENV)
    expect(done.code, done.stderr).toBe(0)
    expect(done.stdout).toMatch(/^recyclique till oct_key_\w+\n$/)
    expect(await run(two, ['export', 'two.yaml'])).toMatchObject({ code: 0 })
    expect(readFileSync(at('two.yaml'), 'utf8')).toBe(text)

    const again = await run(two, ['apply', 'one.yaml', '--yes', '--json'])
    expect(again).toMatchObject({ code: 0, stderr: '', json: { applied: true, changes: 0, keys: [] } })
    expect((await two.api('POST', '/connections/paheko/test')).body.ok).toBe(true)
  })

  it('--json is a state file as well', async () => {
    const ran = await run(one, ['export', '--json'])
    expect(ran).toMatchObject({ code: 0, stderr: '', json: { connections: [{ id: 'paheko' }] } })
    const file = files.file('state.json', ran.stdout)
    expect(await run(two, ['apply', file, '--check'])).toMatchObject({ code: 0 })
  })

  it('only what differs is sent, and secrets only where the address or the network changes, or with --secrets', async () => {
    const text = readFileSync(at('one.yaml'), 'utf8')
    const renamed = state(
      text
        .replace('Paheko of the club', 'Paheko')
        .replace('replay_s: 60', 'replay_s: 0')
        .replace('customer: "42"', 'town: Rennes'),
    )
    expect((await run(two, ['apply', renamed])).stdout).toMatch(/^~ connection paheko \((name|tags|replay_s|, ){5}\)\n/)
    expect(await run(two, ['apply', renamed, '--yes'])).toMatchObject({ code: 0 })
    expect((await two.api('GET', '/connections/paheko')).body).toMatchObject({
      name: 'Paheko',
      tags: { town: 'Rennes' },
      replay_s: 0,
    })
    const moved = state(text.replace('- 127.0.0.0/8', '- 127.0.0.1/32'))
    const refused = await run(two, ['apply', moved, '--yes'])
    expect(refused).toMatchObject({ code: 78, stderr: expect.stringContaining('PAHEKO_PASSWORD') })
    expect(await run(two, ['apply', moved, '--yes'], ENV)).toMatchObject({ code: 0 })
    const sent = await run(two, ['apply', moved, '--secrets', '--json'], ENV)
    expect(sent.json.steps.find(({ noun }: { noun: string }) => noun === 'connection')).toMatchObject({
      action: 'update',
      fields: ['secrets'],
    })
  })

  it('--prune deletes what is not named, never the key in use; without it nothing', async () => {
    const bare = state('accounts: []\n')
    expect((await run(two, ['apply', bare])).stdout).toContain('Nothing to do')
    const done = await run(two, ['apply', bare, '--prune', '--yes', '--json'])
    expect(done).toMatchObject({ code: 0, json: { changes: 5 } })
    expect((await two.api('GET', '/connections')).body.items).toEqual([])
    expect((await two.api('GET', '/keys/self')).body.state).toBe('active')
    expect((await two.api('GET', '/accounts')).body.items.map(({ id }: { id: string }) => id)).toEqual([
      'administrator',
    ])
  })

  it('--keys-out writes new keys 0600, and refuses a file that is there before anything is made', async () => {
    const file = state('accounts: [{ id: a, name: A }]\nkeys: [{ account: a, name: k }]\n')
    const done = await run(two, ['apply', file, '--yes', '--keys-out', 'keys.jsonl'])
    expect(done).toMatchObject({ code: 0, stdout: '' })
    expect(statSync(at('keys.jsonl')).mode & 0o777).toBe(0o600)
    expect(JSON.parse(readFileSync(at('keys.jsonl'), 'utf8'))).toMatchObject({
      account: 'a',
      name: 'k',
      key: expect.stringMatching(/^oct_/),
    })
    const more = state('keys: [{ account: a, name: other }]\n')
    expect(await run(two, ['apply', more, '--yes', '--keys-out', 'keys.jsonl'])).toMatchObject({ code: 64 })
    expect((await two.api('GET', '/keys?account=a')).body.items).toHaveLength(1)
  })

  it('1 when the server refuses half-way: what was done is told, a new key too, and the rest follows next time', async () => {
    const broken = state(`
accounts: [{ id: b, name: B }]
keys:
  - { account: b, name: first }
  - { account: b, name: second, grants: [{ connector: paheko, allow: [nosuch] }] }`)
    const ran = await run(two, ['apply', broken, '--yes'])
    expect(ran.code).toBe(1)
    expect(ran.stdout).toMatch(/^b first oct_key_\w+\n$/)
    expect(ran.stderr).toMatch(/\+ account b\n\+ key b first\nStopped;[^\n]*\noctroi: .*\n.*nosuch/)
  })
})

describe('the file is checked whole, first', () => {
  it('78 with every fault at once, each with its place', async () => {
    const file = state(`
accounts:
  - { id: UPPER, name: "" }
connections:
  - { id: c, connector: paheko, settings: { base_url: 1 } }
keys:
  - { account: a, name: k, grant: [] }
  - { account: a, name: k2, rate_limit: { limit: 0, window_s: 1 } }
other: 1`)
    const ran = await run(two, ['apply', file])
    expect(ran).toMatchObject({ code: 78, stdout: '' })
    for (const place of [
      'accounts.0.id',
      'accounts.0.name',
      'connections.0.settings.base_url',
      'keys.0.grant',
      'keys.1.rate_limit.limit',
      'other',
    ]) {
      expect(ran.stderr).toMatch(new RegExp(`^octroi: .*case\\.yaml: ${place}: .*`, 'm'))
    }
    expect(ran.stderr).toMatch(/accounts\.0\.id: .*\(line 3\)/)
  })

  it('78 for what the connector of the server does not know, for an unknown account, for a thing twice', async () => {
    const file = state(`
connections:
  - { id: c, connector: paheko, settings: { base: x }, secrets: { pasword: x } }
  - { id: d, connector: nosuch }
keys:
  - { account: nobody, name: k }`)
    const ran = await run(two, ['apply', file])
    expect(ran.code).toBe(78)
    for (const fault of [
      'no setting base;',
      'no secret pasword;',
      'setting base_url is missing',
      'no connector nosuch',
      'no account nobody',
    ]) {
      expect(ran.stderr).toContain(fault)
    }
    const twice = await run(two, ['apply', state('accounts: [{ id: a, name: A }, { id: a, name: B }]')])
    expect(twice).toMatchObject({ code: 78, stderr: expect.stringContaining('accounts.1: is there twice') })
  })

  it('78 for what is not YAML, or not there', async () => {
    expect(await run(two, ['apply', state('a: [')])).toMatchObject({ code: 78 })
    expect(await run(two, ['apply', state('- just a list')])).toMatchObject({ code: 78 })
    expect(await run(two, ['apply', 'nosuch.yaml'])).toMatchObject({ code: 64 })
  })
})

describe('D11 references are read here, in secret fields only, and never what is Octroi’s', () => {
  const MASTER = Buffer.alloc(32, 7).toString('base64')
  const connection = (secret: string, base = paheko.url, more = '') =>
    state(
      `connections: [{ id: d11, connector: paheko, settings: { base_url: ${JSON.stringify(base)} }, secrets: { username: ${JSON.stringify(username)}, password: ${JSON.stringify(secret)} }, network: { allow_private: true, allow_http: true }${more} }]`,
    )

  it.each([
    ['the master key in a secret', () => connection('${env:OCTROI_MASTER_KEY}'), 'OCTROI_MASTER_KEY is a setting'],
    ['the key in use, in any case', () => connection('x${env:octroi_key}'), 'never sent'],
    ['a variable in an address', () => connection('x', 'http://h/${env:HOME}'), 'takes no reference'],
    ['the master key in an address', () => connection('x', 'http://h/${env:OCTROI_MASTER_KEY}'), 'takes no reference'],
    ['a file in a name', () => connection('x', undefined, ', name: "${file:/etc/hostname}"'), 'takes no reference'],
    ['a reference as a tag', () => connection('x', undefined, ', tags: { a: "${env:HOME}" }'), 'takes no reference'],
    ['one that is not closed', () => connection('${env:HOME'), 'not closed'],
  ])('78 at once for %s', async (_, file, fault) => {
    const ran = await run(two, ['apply', file()], { OCTROI_MASTER_KEY: MASTER })
    expect(ran).toMatchObject({ code: 78, stdout: '', stderr: expect.stringContaining(fault) })
    expect(ran.stderr).not.toContain(MASTER)
  })

  it('78 for the environment as a file, the file of the master key, and a variable that holds the same', async () => {
    const own = files.file('mine.key', `${MASTER}\n`)
    files.file('master.key', 'anything')
    const env = { OCTROI_MASTER_KEY: MASTER, COPY: MASTER }
    for (const secret of [
      '${file:/proc/self/environ}',
      '${file:master.key}',
      `\${file:${own}}`,
      '${env:COPY}',
      '${file:/nosuch}',
      '${env:NOSUCH}',
    ]) {
      const ran = await run(two, ['apply', connection(secret), '--yes'], env)
      expect(ran, secret).toMatchObject({ code: 78 })
      expect(ran.stderr).not.toContain(MASTER)
    }
    const named = await run(two, ['apply', connection(`\${file:${own}}`), '--yes'], { OCTROI_MASTER_KEY_FILE: own })
    expect(named.code).toBe(78)
    expect((await two.api('GET', '/connections/d11')).status).toBe(404)
  })

  it('0 for a secret from a file beside the state file', async () => {
    files.file('paheko-password', `${password}\n`)
    const ran = await run(two, ['apply', connection('${file:paheko-password}'), '--yes'])
    expect(ran.code, ran.stderr).toBe(0)
    expect((await two.api('GET', '/connections/d11')).body.state).toBe('ready')
  })
})
