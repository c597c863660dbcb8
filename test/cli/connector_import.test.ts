import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { parseConnector } from '../../src/outbound/connectors/connector.ts'
import { folder, octroi } from './octroi.ts'

/** Invented services, in the shape of such a file. */
const PROVIDERS = String.raw`
key-in-header:
  display_name: Key in a header
  categories: [crm]
  auth_mode: API_KEY
  proxy:
    base_url: https://api.key.example/v1/
    headers: { X-Api-Key: "\${apiKey}", x-version: "3.0", content-type: application/json }
    query: { tenant: "\${connectionConfig.tenantId}" }
    retry: { after: retry-after }
    verification: { method: GET, endpoints: [/me] }
  credentials:
    apiKey: { type: string, title: The key, description: Where it is made. }
  connection_config:
    tenantId: { type: string, title: Tenant, example: acme }
  docs: https://docs.key.example/
on-a-subdomain:
  auth_mode: BASIC
  proxy:
    base_url: https://\${connectionConfig.subdomain}.desk.example/\${connectionConfig.area}
    headers: { authorization: "Basic \${base64(\${username}/token:\${password})}" }
  docs: https://docs.desk.example/
consent:
  auth_mode: OAUTH2
  authorization_url: https://login.consent.example/authorize
  token_url: https://login.consent.example/token
  authorization_params: { response_type: code, access_type: offline }
  token_params: { grant_type: authorization_code }
  default_scopes: [read, write]
  scope_separator: ","
  token_request_auth_method: basic
  disable_pkce: true
  expires_in_unit: milliseconds
  proxy: { base_url: https://api.consent.example }
  invented_key: [x]
heir: { alias: consent, display_name: Heir, proxy: { base_url: https://api.heir.example } }
machine:
  auth_mode: OAUTH2_CC
  token_url: https://\${connectionConfig.domain}/oauth/token
  body_format: json
  token_params: { audience: "https://\${connectionConfig.domain}/" }
  proxy: { base_url: "https://\${connectionConfig.domain}/api", headers: { X-Token: "\${accessToken}" } }
  docs: https://docs.machine.example/
login:
  auth_mode: TWO_STEP
  token_url: https://api.login.example/session
  token_params: { user: "\${credentials.userName}", pass: "\${credentials.pass-word}" }
  token_response: { token: data.token, token_expiration: data.expires, token_expiration_strategy: expireAt }
  token_expires_in_ms: 3600000
  proxy: { base_url: https://api.login.example, headers: { token: "\${accessToken}" } }
three-legs:
  auth_mode: OAUTH1
  request_url: https://l.example/request
  authorization_url: https://l.example/authorize
  token_url: https://l.example/access
  proxy: { base_url: https://l.example/api }
../../outside: { auth_mode: API_KEY, proxy: { base_url: https://x.example, headers: { a: "\${apiKey}" } } }
`.replaceAll('\\$', '$')

const NO_FILE: readonly (readonly [name: string, entry: string, reason: string])[] = [
  [
    'Key_In_Header',
    'auth_mode: API_KEY, proxy: {base_url: https://x.example, headers: {a: "$(apiKey)"}}',
    'has become',
  ],
  ['signs', 'auth_mode: JWT, proxy: {base_url: https://x.example}', 'see the schemes jwt_bearer'],
  ['circle', 'alias: circle', 'its alias leads nowhere'],
  [
    'discovered',
    'auth_mode: API_KEY, connection_config: {h: {automated: true}}, proxy: {base_url: "https://$(connectionConfig.h)"}',
    'comes from the service itself',
  ],
  ['either', 'auth_mode: API_KEY, proxy: {base_url: "$(connectionConfig.a || 1)"}', 'has no counterpart'],
  ['nowhere', 'auth_mode: API_KEY, proxy: {headers: {a: "$(apiKey)"}}', 'does not say where the API is'],
  ['keyless', 'auth_mode: API_KEY, proxy: {base_url: https://x.example}', 'does not say where the key goes'],
  ['file', 'auth_mode: API_KEY, proxy: {base_url: "file:///etc/passwd"}', 'is not an address'],
  ['in-address', 'auth_mode: API_KEY, proxy: {base_url: "https://x.example/$(apiKey)"}', 'in an address'],
  [
    'several',
    'auth_mode: TWO_STEP, token_url: https://x.example, token_response: {token: t}, additional_steps: [], proxy: {base_url: https://x.example}',
    'several requests',
  ],
  [
    'host-header',
    'auth_mode: API_KEY, proxy: {base_url: https://x.example, headers: {Host: "$(apiKey)"}}',
    'may not be the header host',
  ],
  ['constructor', 'auth_mode: constructor', 'constructor has no counterpart'],
  ['...', 'auth_mode: BASIC, proxy: {base_url: https://x.example}', 'neither letter nor digit'],
  ['shapeless', 'auth_mode: [1]', 'not of the shape'],
]

const files = folder()
const output = join(files.path, 'out')
afterAll(() => files.remove())

const run = (...args: readonly string[]) =>
  octroi(['connector', 'import-nango', 'providers.yaml', ...args], { cwd: files.path })

// biome-ignore lint/suspicious/noExplicitAny: tests read whatever key they ask about
const made = (id: string): any => parse(readFileSync(join(output, `${id}.yaml`), 'utf8'))

beforeAll(async () => {
  const others = NO_FILE.map(([name, entry]) => `"${name}": { ${entry.replace(/\$\(([^)]*)\)/g, '$${$1}')} }\n`)
  files.file('providers.yaml', PROVIDERS + others.join(''))
  expect(await run('--output', 'out')).toMatchObject({ code: 0, stderr: expect.stringContaining('8 of 22 written') })
})

describe('octroi connector import-nango', () => {
  it('writes files that are connectors, all inside the folder', () => {
    const names = 'consent heir key-in-header login machine on-a-subdomain outside three-legs'.split(' ')
    expect(readdirSync(output).sort()).toEqual(names.map((name) => `${name}.yaml`))
    for (const name of names) {
      const connector = parseConnector(readFileSync(join(output, `${name}.yaml`), 'utf8'), name)
      expect(connector.id).toBe(name)
    }
    expect(existsSync(join(files.path, '..', 'outside.yaml'))).toBe(false)
  })

  it('API_KEY: where the key goes, constants, settings, the test', () => {
    expect(made('key-in-header')).toMatchObject({
      name: 'Key in a header',
      docs: 'https://docs.key.example/',
      base_url: 'https://api.key.example/v1',
      settings: { tenant_id: { title: 'Tenant', example: 'acme' } },
      secrets: { api_key: { title: 'The key', description: 'Where it is made.' } },
      headers: { 'x-version': '3.0' },
      query: { tenant: '$' + '{settings.tenant_id}' },
      api_key: [{ header: 'X-Api-Key', value: '$' + '{secrets.api_key}' }],
      test: 'GET /me',
    })
  })

  it('a setting in an address cannot lead to another host', () => {
    const text = readFileSync(join(output, 'on-a-subdomain.yaml'), 'utf8')
    const { settings } = parseConnector(text, 'x')
    const fits = (name: string, value: string) => new RegExp(`^(?:${settings[name]?.pattern})$`, 'u').test(value)
    expect([fits('subdomain', 'acme'), fits('area', 'eu-1')]).toEqual([true, true])
    for (const value of ['evil.example/', 'evil.example#', 'a@evil.example', 'a:8', '', '..', 'a?b', 'a\\b']) {
      expect([value, fits('subdomain', value), fits('area', value)]).toEqual([value, false, false])
    }
    expect(made('on-a-subdomain').basic).toEqual({
      username: '$' + '{secrets.username}/token',
      password: '$' + '{secrets.password}',
    })
  })

  it('OAUTH2, OAUTH2_CC, TWO_STEP, OAUTH1, and what an alias inherits', () => {
    expect(made('consent').oauth2).toEqual({
      authorization_url: 'https://login.consent.example/authorize',
      authorize_params: { access_type: 'offline' },
      pkce: false,
      token_url: 'https://login.consent.example/token',
      scope: '$' + '{settings.scope}',
      scope_separator: ',',
      client_auth: 'basic',
      response: { unit: 'ms' },
    })
    expect(made('heir')).toMatchObject({ name: 'Heir', base_url: 'https://api.heir.example', oauth2: { pkce: false } })
    expect(made('machine').oauth2).toMatchObject({
      grant: 'client_credentials',
      client_auth: 'post',
      token_format: 'json',
      apply: [{ header: 'X-Token', value: '$' + '{token.access_token}' }],
    })
    expect(made('login').token_exchange).toMatchObject({
      login: [{ json: { user: '$' + '{secrets.user_name}', pass: '$' + '{secrets.pass_word}' } }],
      lifetime: { expires_at: '$' + '{token.expires}', otherwise_s: 3600 },
    })
    expect(made('three-legs').oauth1).toMatchObject({ access_token_url: 'https://l.example/access' })
  })

  it('says what it left out of each, and why there is no file of the others', async () => {
    const ran = await run('--json')
    const outcomes = Object.fromEntries(ran.json.map((one: { entry: string }) => [one.entry, one]))
    expect(outcomes['key-in-header'].left).toEqual(['proxy.retry'])
    expect(outcomes.consent).toMatchObject({ file: 'consent.yaml', scheme: 'oauth2', left: ['invented_key'] })
    for (const [name, , reason] of NO_FILE) expect(outcomes[name].reason, name).toContain(reason)
    expect(ran.json).toHaveLength(22)
  })

  it('no file is written over; without --output nothing is written', async () => {
    const again = await run('--output', 'out', '--only', 'consent')
    expect(again).toMatchObject({ code: 1, stdout: expect.stringContaining('is there already') })
    const alone = await run('--only', 'consent')
    expect(alone).toMatchObject({ code: 0, stdout: 'consent: consent.yaml (oauth2), without invented_key\n' })
    expect(alone.stderr).toContain('could be written')
  })

  it('64 for an entry that is not there, and for what is no such file', async () => {
    expect(await run('--only', 'nosuch')).toMatchObject({ code: 64 })
    files.file('list.yaml', '- a\n')
    files.file('broken.yaml', 'a: [\n')
    for (const name of ['list.yaml', 'broken.yaml', 'nothing.yaml']) {
      expect(await octroi(['connector', 'import-nango', name], { cwd: files.path })).toMatchObject({ code: 64 })
    }
  })
})
