// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are references of a state file
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { folder, octroi } from './octroi.ts'

let gate: TestGate
const files = folder()

beforeAll(async () => {
  gate = await startTestGate()
  await gate.api('POST', '/accounts', { kind: 'person', name: 'Ada' })
  await gate.api('POST', '/accounts', { kind: 'service', name: 'ERP' })
})
afterAll(async () => {
  files.remove()
  await gate?.stop()
})

const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  octroi(args, { env: { OCTROI_URL: gate.url, OCTROI_KEY: gate.adminKey, ...env }, cwd: files.path })
const apply = (state: string, env: Readonly<Record<string, string>> = {}) =>
  run(['apply', files.file('case.yaml', state)], env)

describe('the file is checked whole, first', () => {
  it('78 with every fault at once, each with its line', async () => {
    const ran = await apply(
      `groups:
  - { id: UPPER, name: x }
accounts:
  - { id: a, name: A, certificate_subjects: ["nonsense"] }
  - { id: b, name: B, email: "\${env:HOME}" }
issuers:
  - { id: i, issuer: i, audience: a, algorithms: [HS256], jwks_uri: "https://x" }
routes:
  - { id: r, host: "a:80", path: api, accept: { any: [cookie] }, allow: { keys: [{ account: a }] } }
`,
    )
    expect(ran).toMatchObject({ code: 78, stdout: '' })
    for (const place of [
      /groups\.0\.id: .*\(line 2\)/,
      /accounts\.0\.certificate_subjects\.0: .*\(line 4\)/,
      /accounts\.1\.email: takes no reference .*\(line 5\)/,
      /issuers\.0\.algorithms\.0: .*\(line 7\)/,
      /routes\.0\.host: .*\(line 9\)/,
      /routes\.0\.path: .*\(line 9\)/,
      /routes\.0\.accept: .*\(line 9\)/,
      /routes\.0\.allow\.keys\.0: must be a key as .*\(line 9\)/,
    ])
      expect(ran.stderr).toMatch(place)
  })

  it('78 for what is named and is nowhere, for another kind of account, for a thing twice', async () => {
    const ran = await apply(`
accounts: [{ id: ada, name: Ada, groups: [nosuch] }]
keys: [{ account: erp, name: k, groups: [nosuch] }]
issuers: [{ id: i, issuer: i, audience: a, jwks_uri: "https://x", account: nobody, conditions: { a: b } }]
routes:
  - { id: r, host: a, path: /, accept: { any: [jwt] }, allow: { keys: [{ account: erp, name: gone }, abcdefgh], accounts: [nobody], groups: [nosuch] } }
`)
    expect(ran).toMatchObject({ code: 78, stdout: '' })
    for (const fault of [
      'accounts: ada: there is no group nosuch',
      'accounts: ada: it is a person, which cannot be changed',
      'keys: erp k: there is no group nosuch',
      'issuers: i: there is no account nobody',
      'routes: r: there is no key erp gone',
      'routes: r: there is no key abcdefgh at the server',
      'routes: r: there is no account nobody',
      'routes: r: there is no group nosuch',
    ])
      expect(ran.stderr).toContain(fault)
    const place = (id: string, host: string) => `{ id: ${id}, host: ${host}, path: "/a/", accept: { any: [jwt] } }`
    const same = `routes: [${place('a', 'X.example')}, ${place('b', 'x.example')}, ${place('c', 'y.example')}]`
    expect(await apply(same)).toMatchObject({
      code: 78,
      stderr: expect.stringMatching(/^octroi: routes: b: the route a is for the same host and path .*\n$/),
    })
    const twice = await apply('groups: [{ id: a, name: A }, { id: a, name: B }]')
    expect(twice).toMatchObject({ code: 78, stderr: expect.stringContaining('groups.1: is there twice') })
  })

  it('what the key may not read is left out of an export and said so, and refused in a file', async () => {
    const permissions = ['accounts.read', 'connections.read', 'keys.read', 'connectors.read']
    const { key } = (await gate.api('POST', '/keys', { name: 'x', permissions })).body
    const ran = await run(['export'], { OCTROI_KEY: key })
    expect(ran.code, ran.stderr).toBe(0)
    for (const list of ['groups', 'issuers', 'routes', 'webhooks']) {
      expect(ran.stderr).toContain(`${list} are left out`)
      expect(ran.stdout).not.toMatch(new RegExp(`^${list}:`, 'm'))
    }
    const state = `groups: [{ id: g, name: g }]
issuers: [{ id: i, issuer: i, audience: a, jwks_uri: "https://x" }]
routes: [{ id: r, host: a, path: /, accept: { any: [jwt] } }]`
    const refused = await apply(state, { OCTROI_KEY: key })
    expect(refused).toMatchObject({ code: 78 })
    for (const permission of ['groups.read', 'issuers.read', 'routes.read'])
      expect(refused.stderr).toContain(`your key may not read them (${permission})`)
  })
})
