// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are references of a state file
import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { folder, octroi } from './octroi.ts'

let one: TestGate
let two: TestGate
const files = folder()
const ERP = 'canary-of-the-erp-1'
const jwk = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })

beforeAll(async () => {
  ;[one, two] = await Promise.all([startTestGate(), startTestGate()])
  await fill(one)
})
afterAll(async () => {
  files.remove()
  await Promise.all([one?.stop(), two?.stop()])
})

/** One of everything, with every field set somewhere. */
async function fill(gate: TestGate): Promise<void> {
  const grants = [{ connection: 'paheko', allow: ['GET /api/**'] }]
  await made(gate, '/groups', { id: 'partners', name: 'Our partners', description: 'from outside', grants })
  await made(gate, '/groups', { id: 'staff', name: 'staff' })
  await made(gate, '/accounts', { kind: 'person', id: 'ada', name: 'Ada', email: 'ada@example.org', groups: ['staff'] })
  await made(gate, '/accounts', {
    kind: 'service',
    id: 'erp',
    name: 'ERP',
    groups: ['partners', 'staff'],
    grants,
    certificate_subjects: ['CN=erp,O=Shop'],
    password: ERP,
  })
  const till = { name: 'till', account: 'erp', groups: ['partners'], tech_name: 'till_api' }
  const { id: key } = await made(gate, '/keys', { ...till, usable_when_owner_inactive: true })
  const { id: over } = await made(gate, '/keys', { name: 'over', account: 'erp' })
  await made(gate, '/keys', { name: 'alone', account: 'ada', groups: [] })
  await made(gate, '/keys', { name: 'with ada', account: 'ada' })
  await made(gate, '/issuers', { issuer: 'https://id.example.org/x', jwks_uri: 'https://203.0.113.7/j', audience: 'a' })
  await made(gate, '/issuers', {
    id: 'ci',
    name: 'Builds',
    issuer: 'ci',
    jwks: { keys: [{ ...jwk, kid: 'one' }] },
    audience: ['b', 'a'],
    algorithms: ['ES256'],
    typ: 'at+jwt',
    subject_claim: 'job',
    account: 'erp',
    subject: 'deploy',
    conditions: { ref: ['main', 'release'] },
    clock_skew_s: 0,
    disabled: true,
  })
  await made(gate, '/routes', {
    id: 'shop',
    name: 'Shop',
    description: 'the back door',
    host: 'shop.example.org',
    path: '/api/**',
    methods: ['POST', 'GET'],
    accept: { any: ['jwt', 'api_key', 'session'] },
    allow: { keys: [key, over], accounts: ['ada'], groups: ['staff'] },
    cors: { origins: ['https://app.example.org'] },
    session: { mfa: true, max_age_s: 3_600 },
  })
  const both = { all: ['mtls', 'api_key'] }
  await made(gate, '/routes', { host: '*', path: '/**', accept: both, allow: { authenticated: true } })
  await gate.api('DELETE', `/keys/${over}`)
}

async function made(gate: TestGate, path: string, body: object) {
  const answer = await gate.api('POST', path, body)
  expect(answer.status, JSON.stringify(answer.body)).toBe(201)
  return answer.body
}

async function run(gate: TestGate, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const ran = await octroi(args, { env: { OCTROI_URL: gate.url, OCTROI_KEY: gate.adminKey, ...env }, cwd: files.path })
  expect(ran.stdout + ran.stderr).not.toContain(ERP)
  return ran
}
const text = (name: string) => readFileSync(join(files.path, name), 'utf8')
const apply = (state: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  run(two, ['apply', files.file('case.yaml', state), ...args], env)
const read = async (path: string) => (await two.api('GET', path)).body
const basic = async (password: string) => {
  const authorization = `Basic ${Buffer.from(`erp:${password}`).toString('base64')}`
  return (await fetch(`${two.url}/proxy/paheko/api/x`, { headers: { authorization } })).headers.get('octroi-error')
}

describe('export and apply of who calls in', () => {
  it('what one gate exports, another becomes; its export is the same; applying again changes nothing', async () => {
    const exported = await run(one, ['export', 'one.yaml'])
    expect(exported).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/the route shop allows keys that are over/),
    })
    expect(exported.stderr).toMatch(/2 groups, 3 accounts, .*4 keys, 2 issuers, .*2 routes, 0 webhooks/)
    expect(text('one.yaml')).toContain('password: ${env:ERP_PASSWORD}')

    const plan = await run(two, ['apply', 'one.yaml', '--check'])
    expect(plan).toMatchObject({ code: 1, stderr: expect.stringContaining('${env:ERP_PASSWORD} is not set') })
    expect(plan.stdout).toMatch(
      /^\+ group partners\n\+ group staff\n\+ account ada\n\+ account erp\n(\+ key .*\n){3}(\+ issuer .*\n){2}(\+ route .*\n){2}11 to create/,
    )
    const done = await run(two, ['apply', 'one.yaml', '--yes'], { ERP_PASSWORD: ERP })
    expect(done.code, done.stderr).toBe(0)
    expect(done.stdout).toMatch(/^(\S.* oct_key_\w+\n){3}$/)

    await run(two, ['export', 'two.yaml'])
    expect(text('two.yaml')).toBe(text('one.yaml'))
    const again = await run(two, ['apply', 'one.yaml', '--yes', '--json'])
    expect(again).toMatchObject({ code: 0, stderr: '', json: { applied: true, changes: 0 } })
  })

  it('came over whole: the route allows the key of this installation, the password works', async () => {
    const key = (await read('/keys?account=erp')).items[0]
    expect(key).toMatchObject({ groups: ['partners'], tech_name: 'till_api', usable_when_owner_inactive: true })
    expect(await read('/routes/shop')).toMatchObject({
      allow: { keys: [key.id], accounts: ['ada'], groups: ['staff'] },
    })
    expect(await read('/issuers/ci')).toMatchObject({ clock_skew_s: 0, conditions: { job: ['deploy'] } })
    expect((await read('/issuers/ci')).disabled_at).not.toBeNull()
    const own = (await read('/keys?account=ada')).items.map(({ groups }: { groups: unknown }) => groups)
    expect(new Set(own)).toEqual(new Set([null, []]))
    expect(await basic(ERP)).toBe('not_granted')
    expect(await basic(`${ERP}!`)).toBe('unauthenticated')
  })

  it('only what differs is sent; a password only with --secrets, or where there is none', async () => {
    const changed = text('one.yaml')
      .replace('name: Our partners', 'name: Partners')
      .replace('email: ada@example.org', 'email: ada@example.com')
      .replace('groups: []', 'groups: [ staff ]')
      .replace('typ: at+jwt', 'typ: jwt')
      .replace('authenticated: true', 'authenticated: false')
    const ran = await apply(changed, ['--yes', '--json'])
    expect(ran.code, ran.stderr).toBe(0)
    const told = ran.json.steps.filter(({ action }: { action: string }) => action !== 'unchanged')
    expect(told.map(({ noun, fields }: { noun: string; fields: string[] }) => `${noun} ${fields}`)).toEqual([
      'group name',
      'account email',
      'key groups',
      'issuer typ',
      'route allow',
    ])
    expect(await read('/accounts/ada')).toMatchObject({ email: 'ada@example.com' })
    const env = { ERP_PASSWORD: 'another password' }
    const sent = await apply(changed, ['--yes', '--secrets', '--json'], env)
    expect(sent.json.steps.find(({ id }: { id: string }) => id === 'erp')).toMatchObject({ fields: ['password'] })
    expect(await basic(ERP)).toBe('unauthenticated')
    await two.api('DELETE', '/accounts/erp/password')
    expect(await apply(changed, ['--check'])).toMatchObject({
      stdout: expect.stringContaining('~ account erp (password)'),
    })
    expect(await apply(changed, ['--yes'], { ERP_PASSWORD: ERP })).toMatchObject({ code: 0 })
    expect(await basic(ERP)).toBe('not_granted')
    const without = changed.replace('password: ${env:ERP_PASSWORD}', '')
    expect(await apply(without, ['--check'])).toMatchObject({ code: 0 })
  })

  it('a key of the same file is named by its account and name', async () => {
    const state = `
keys: [{ account: erp, name: fresh }]
routes:
  - { id: first, host: new.example.org, path: /, accept: { any: [api_key] }, allow: { keys: [{ account: erp, name: fresh }] } }
`
    expect(await apply(state, ['--yes', '--json'])).toMatchObject({ code: 0, json: { changes: 2 } })
    const fresh = (await read('/keys?account=erp')).items.find(({ name }: { name: string }) => name === 'fresh')
    expect((await read('/routes/first')).allow.keys).toEqual([fresh.id])
    const byId = state.replace('keys: [{ account: erp, name: fresh }] }', `keys: [${fresh.id}] }`)
    expect(await apply(byId, ['--check'])).toMatchObject({ code: 0 })
  })

  it('78 where --prune would delete what something names that stays, and nothing is done', async () => {
    const ran = await apply('groups: []\nkeys: [{ account: erp, name: fresh }]\n', ['--yes', '--prune'])
    expect(ran).toMatchObject({ code: 78, stdout: '' })
    for (const fault of [
      'keys: erp fresh: there is no account erp',
      'accounts: erp: the issuer ci names it',
      'accounts: ada: the route shop names it',
      'groups: staff: the route shop names it',
    ])
      expect(ran.stderr).toContain(fault)
    expect((await read('/accounts')).items).toHaveLength(3)
  })

  it('with --prune a route takes the place of one that the file does not name', async () => {
    const routes = `
routes:
  - { id: second, host: new.example.org, path: /, accept: { any: [api_key] }, allow: { authenticated: true } }
`
    const rest = text('one.yaml').slice(0, text('one.yaml').indexOf('routes:'))
    const moved = await apply(rest + routes, ['--yes', '--prune'], { ERP_PASSWORD: ERP })
    expect(moved.code, moved.stderr).toBe(0)
    // One of the two that go after it has an id that was drawn: they go in order of id.
    expect(moved.stderr).toMatch(/- route first\n\+ route second\n(?:- route \w+\n){2}/)
    expect(moved.stderr).toContain('- route shop\n')
    expect((await read('/routes')).items.map(({ id }: { id: string }) => id)).toEqual(['second'])
  })

  it('--prune goes backwards, only where the file has the list, and never through the key in use', async () => {
    await two.api('PATCH', '/accounts/administrator', { groups: ['staff'] })
    const named = text('one.yaml')
      .slice(0, text('one.yaml').indexOf('issuers:'))
      .replace(/^groups:[\s\S]*(?=^accounts:)/m, '')
    const kept = await apply(named, ['--prune'])
    expect(kept).toMatchObject({ code: 0, stdout: expect.not.stringMatching(/- (group|route|issuer)/) })
    const done = await apply('groups: []\nissuers: []\nroutes: []\n', ['--prune', '--yes', '--json'])
    expect(done.code, done.stderr).toBe(0)
    const gone = done.json.steps.filter(({ action }: { action: string }) => action === 'delete')
    expect([...new Set(gone.map(({ noun }: { noun: string }) => noun))]).toEqual(
      ['route', 'issuer', 'key', 'account', 'group'].filter((noun) =>
        gone.some((step: { noun: string }) => step.noun === noun),
      ),
    )
    expect((await read('/groups')).items.map(({ id }: { id: string }) => id)).toEqual(['staff'])
    expect((await read('/accounts')).items.map(({ id }: { id: string }) => id)).toEqual(['administrator'])
  })
})
