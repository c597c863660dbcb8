import { describe, expect, it } from 'vitest'
import { OctroiError } from '../../core/errors.ts'
import { resolveBaseUrl, resolveTest, validateSecrets, validateSettings } from './connection_input.ts'
import { parseConnector } from './connector.ts'

const connector = parseConnector(
  `
id: acme
name: Acme
docs: https://acme.example/docs
scheme: [basic, api_key]
settings:
  subdomain: { title: Subdomain, pattern: "[a-z]+" }
  plan: { title: Plan, enum: [free, paid], default: free }
  prefix: { title: Prefix, default: "Bearer " }
  me: { title: Test, optional: true }
secrets:
  username: { title: User }
  api_key: { title: Key, aliases: [token] }
base_url: https://\${settings.subdomain}.acme.example/v1
headers: { X-Plan: "\${settings.plan}" }
test: GET \${settings.me}
api_key:
  - { header: Authorization, value: "\${settings.prefix}\${secrets.api_key}" }
`,
  'acme.yaml',
)

function errors(act: () => unknown): Record<string, string> {
  try {
    act()
  } catch (error) {
    if (!(error instanceof OctroiError)) throw error
    expect(error.code).toBe('invalid_request')
    return Object.fromEntries((error.errors ?? []).map(({ path, message }) => [path, message]))
  }
  return {}
}

describe('settings', () => {
  it('get their defaults', () => {
    expect(validateSettings(connector, { subdomain: 'a' })).toEqual({ subdomain: 'a', plan: 'free', prefix: 'Bearer ' })
  })

  it('may be empty where there is a default, and are absent where they are optional', () => {
    const given = { subdomain: 'a', prefix: '', me: '' }
    expect(validateSettings(connector, given)).toEqual({ subdomain: 'a', plan: 'free', prefix: '' })
  })

  it('are all told when they are wrong', () => {
    const given = { subdomain: 'evil.example/#', plan: 'gold', other: 'x', prefix: 'a\nb', me: 7 }
    expect(errors(() => validateSettings(connector, given))).toEqual({
      'settings.subdomain': 'must match [a-z]+',
      'settings.plan': 'must be one of free, paid',
      'settings.other': expect.stringContaining('is not known'),
      'settings.prefix': 'contains a line break or another control character',
      'settings.me': 'must be a string',
    })
  })

  it('may not be longer than 2048 characters', () => {
    expect(errors(() => validateSettings(connector, { subdomain: 'a'.repeat(2049) }))).toHaveProperty([
      'settings.subdomain',
    ])
  })

  it('a required one is named', () => {
    expect(errors(() => validateSettings(connector, {}))).toEqual({ 'settings.subdomain': 'is required' })
    expect(errors(() => validateSettings(connector, { subdomain: '' }))).toEqual({
      'settings.subdomain': 'is required',
    })
  })

  it.each([null, [], 'x', 3])('%j is not a set of settings', (given) => {
    expect(errors(() => validateSettings(connector, given))).toHaveProperty('settings')
  })

  it('are not read from a prototype', () => {
    expect(errors(() => validateSettings(connector, JSON.parse('{"__proto__":"x","subdomain":"a"}')))).toHaveProperty([
      'settings.__proto__',
    ])
  })
})

describe('address', () => {
  it('comes from the connector', () => {
    expect(resolveBaseUrl(connector, validateSettings(connector, { subdomain: 'a' }))).toBe('https://a.acme.example/v1')
  })

  it('is overridden by base_url, and then needs no setting that only makes up the address', () => {
    const settings = validateSettings(connector, { base_url: 'http://127.0.0.1:8080/' })
    expect(settings.base_url).toBe('http://127.0.0.1:8080')
    expect(resolveBaseUrl(connector, settings)).toBe('http://127.0.0.1:8080')
  })

  it('has no user name, query or fragment', () => {
    for (const base_url of ['https://a@b.example', 'https://b.example?x', 'https://b.example#x', 'b.example'])
      expect(errors(() => validateSettings(connector, { base_url }))).toHaveProperty(['settings.base_url'])
  })
})

describe('test request', () => {
  it('is there when its path is', () => {
    expect(resolveTest(connector, { me: '/me?x=1' })).toEqual({ method: 'GET', path: '/me?x=1' })
    expect(resolveTest(connector, {})).toBeUndefined()
  })

  it('has a path', () => {
    expect(errors(() => validateSettings(connector, { subdomain: 'a', me: '//evil.example' }))).toHaveProperty([
      'settings.me',
    ])
  })
})

describe('secrets', () => {
  it('are those of the scheme', () => {
    expect(validateSecrets(connector, 'basic', { username: 'u', password: 'p' })).toEqual({
      username: 'u',
      password: 'p',
    })
    expect(validateSecrets(connector, 'api_key', { token: 'k' })).toEqual({ api_key: 'k' })
  })

  it('under a name and its alias must be the same', () => {
    expect(validateSecrets(connector, 'api_key', { token: 'k', api_key: 'k' })).toEqual({ api_key: 'k' })
    expect(errors(() => validateSecrets(connector, 'api_key', { token: 'k', api_key: 'l' }))).toEqual({
      'secrets.api_key': 'is given twice (api_key, token)',
    })
  })

  it('are all told when they are wrong', () => {
    expect(errors(() => validateSecrets(connector, 'basic', { username: 'a:b', api_key: 'x' }))).toEqual({
      'secrets.username': expect.stringContaining('":"'),
      'secrets.password': 'is required',
      'secrets.api_key': expect.stringContaining('is not known'),
    })
  })

  it.each([
    ['a line break', 'golden-secret\n'],
    ['a line break', 'golden\r\nsecret'],
    ['control character', 'golden\0secret'],
    ['white space', ' golden-secret'],
    ['outside ASCII', 'golden-sécret'],
    ['longer than 16384', 'golden'.repeat(3000)],
    ['Unicode', 'golden\ud800'],
  ])('with %s are refused, and never repeated', (why, api_key) => {
    try {
      validateSecrets(connector, 'api_key', { api_key })
      expect.unreachable()
    } catch (error) {
      expect(error).toBeInstanceOf(OctroiError)
      const said = JSON.stringify([(error as OctroiError).message, (error as OctroiError).errors])
      expect(said).toContain(why)
      expect(said).not.toContain('golden')
    }
  })

  it('of a scheme that the connector does not offer are refused', () => {
    expect(() => validateSecrets(connector, 'oauth2', {})).toThrow('does not offer the scheme oauth2')
  })
})
