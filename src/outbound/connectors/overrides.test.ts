import { describe, expect, it } from 'vitest'
import { SCHEMES } from '../schemes/index.ts'
import { validateSettings } from './connection_input.ts'
import { parseConnector } from './connector.ts'

const connector = parseConnector(
  `id: acme
name: Acme
docs: https://acme.example
scheme: oauth2
base_url: https://api.acme.example
oauth2:
  authorization_url: https://login.acme.example/authorize
  token_url: https://login.acme.example/token
`,
  'acme.yaml',
)
const endpoints = (given: Record<string, string>) =>
  SCHEMES.oauth2?.exchange?.endpoints({ connector, settings: validateSettings(connector, given) })

describe('endpoints that a connection has elsewhere', () => {
  it('are those of the file unless a setting says otherwise', () => {
    expect(endpoints({})).toEqual(['https://login.acme.example/authorize', 'https://login.acme.example/token'])
    expect(endpoints({ token_url: 'https://sandbox.acme.example/token?v=2' })).toEqual([
      'https://login.acme.example/authorize',
      'https://sandbox.acme.example/token?v=2',
    ])
  })
  it('what stands at the origin of the service moves with base_url, unless the connection names it', () => {
    const sandbox = parseConnector(
      `id: acme\nname: Acme\ndocs: https://acme.example\nscheme: oauth2\nbase_url: https://api.acme.example/v5
oauth2: { grant: client_credentials, token_url: "https://api.acme.example/oauth2/token" }\n`,
      'acme.yaml',
    )
    const at = (given: Record<string, string>) =>
      SCHEMES.oauth2?.exchange?.endpoints({ connector: sandbox, settings: validateSettings(sandbox, given) })
    expect(at({})).toEqual(['https://api.acme.example/oauth2/token'])
    expect(at({ base_url: 'http://127.0.0.1:9/v5' })).toEqual(['http://127.0.0.1:9/oauth2/token'])
    const token_url = 'https://api.acme.example/oauth2/token?x=1'
    expect(at({ base_url: 'http://127.0.0.1:9/v5', token_url })).toEqual([token_url])
    expect(endpoints({ base_url: 'http://127.0.0.1:9' })).toContain('https://login.acme.example/token')
  })
  it.each([
    ['token_url', 'ftp://x'],
    ['token_url', 'https://u:p@x.example/'],
    ['revocation_url', 'https://x.example'],
    ['other', 'x'],
  ])('invalid_request with %s = %s', (name, value) => {
    expect(() => endpoints({ [name]: value })).toThrow(new RegExp(`^invalid_request.*settings\\.${name}`))
  })
})
