// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are references of a state file
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { folder, octroi } from './octroi.ts'

let one: TestGate
let two: TestGate
const files = folder()
const SECRETS = { client_id: 'an-id', client_secret: 'canary-app-secret' }
const ENV = { GENERIC_OAUTH2_APP_CLIENT_ID: 'an-id', GENERIC_OAUTH2_APP_CLIENT_SECRET: 'canary-app-secret' }
const settings = {
  base_url: 'https://a.example',
  authorization_url: 'https://a.example/a',
  token_url: 'https://a.example/t',
}

beforeAll(async () => {
  ;[one, two] = await Promise.all([startTestGate(), startTestGate()])
  await one.api('PUT', '/connectors/generic-oauth2/app', { settings, secrets: SECRETS })
  const own = { client_id: 'own', client_secret: 'own-secret' }
  await one.api('POST', '/connections', { id: 'lent', connector: 'generic-oauth2', settings, secrets: {} })
  await one.api('POST', '/connections', { id: 'own', connector: 'generic-oauth2', settings, secrets: own })
})
afterAll(async () => {
  files.remove()
  await Promise.all([one?.stop(), two?.stop()])
})

async function run(gate: TestGate, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const ran = await octroi(args, { env: { OCTROI_URL: gate.url, OCTROI_KEY: gate.adminKey, ...env }, cwd: files.path })
  expect(ran.stdout + ran.stderr).not.toContain('canary-app-secret')
  return ran
}
const text = (name: string) => readFileSync(join(files.path, name), 'utf8')
const app = (gate: TestGate) => gate.api('GET', '/connectors/generic-oauth2/app')

describe('applications in export and apply', () => {
  it('are written without their secrets, and those that use one ask for none of its own', async () => {
    expect((await run(one, ['export', 'one.yaml'])).stderr).toContain('1 applications')
    expect(text('one.yaml')).toContain('client_id: ${env:GENERIC_OAUTH2_APP_CLIENT_ID} # Client ID')
    expect(text('one.yaml')).toContain('client_id: ${env:OWN_CLIENT_ID}')
    expect(text('one.yaml')).toContain('# to be added if it has any: client_secret')
    expect(text('one.yaml')).not.toMatch(/LENT_CLIENT/)
  })

  it('come over before the connections that use them; what waits for its person waits there too', async () => {
    const env = { ...ENV, OWN_CLIENT_ID: 'own', OWN_CLIENT_SECRET: 'own-secret' }
    const done = await run(two, ['apply', 'one.yaml', '--yes'], env)
    expect([done.code, done.stderr]).toEqual([
      0,
      expect.stringMatching(/\+ app generic-oauth2\n[\s\S]*\+ connection lent/),
    ])
    for (const [id, shared] of Object.entries({ lent: 'generic-oauth2', own: null }))
      expect((await two.api('GET', `/connections/${id}`)).body).toMatchObject({ app: shared, state: 'pending' })
    expect((await run(two, ['apply', 'one.yaml', '--check'], env)).stdout).toContain('Nothing to do')
    await run(two, ['export', 'two.yaml'])
    expect(text('two.yaml')).toBe(text('one.yaml'))
  })

  it('are changed with their secrets; an application of nobody goes with --prune, and only where the file speaks of them', async () => {
    const bare = files.file('bare.yaml', 'connections: []\n')
    expect((await run(two, ['apply', bare, '--prune'])).stdout).not.toContain('app generic-oauth2')
    const moved = text('one.yaml').replaceAll('https://a.example/t', 'https://a.example/token')
    const refused = await run(two, ['apply', files.file('moved.yaml', moved), '--yes'], {
      ...ENV,
      OWN_CLIENT_ID: 'o',
      OWN_CLIENT_SECRET: 'o',
    })
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('its addresses stay')])
    const gone = files.file('gone.yaml', 'apps: []\nconnections: []\n')
    const pruned = await run(two, ['apply', gone, '--prune', '--yes'])
    expect([pruned.code, pruned.stderr]).toEqual([
      0,
      expect.stringMatching(/- connection lent[\s\S]*- app generic-oauth2/),
    ])
    expect((await app(two)).status).toBe(404)
  })

  it('78 for a connector that is not there, a secret that is not of an application, and one that is there twice', async () => {
    const file = files.file(
      'wrong.yaml',
      'apps:\n  - { connector: nosuch }\n  - { connector: generic-oauth2, secrets: { oauth_access_token: x } }\n',
    )
    const ran = await run(two, ['apply', file])
    expect(ran.code).toBe(78)
    expect(ran.stderr).toContain('there is no connector nosuch')
    expect(ran.stderr).toContain('no secret oauth_access_token of an application')
    const twice = files.file('twice.yaml', 'apps: [{ connector: paheko }, { connector: paheko }]\n')
    expect((await run(two, ['apply', twice])).stderr).toContain('is there twice')
  })
})
