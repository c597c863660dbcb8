import { describe, expect, it } from 'vitest'
import { OctroiError } from '../../../core/errors.ts'
import { parseConnector } from '../../connectors/connector.ts'

function faults(section: string, rest = ''): string {
  try {
    parseConnector(
      `id: acme\nname: Acme\ndocs: https://acme.example\nscheme: oauth2\nbase_url: https://acme.example\n${rest}\noauth2: ${section}\n`,
      'acme.yaml',
    )
    return ''
  } catch (error) {
    if (!(error instanceof OctroiError)) throw error
    return (error.errors ?? []).map(({ path, message }) => `${path}: ${message}`).join('; ')
  }
}

const CODE = 'authorization_url: https://a.example/a, token_url: https://a.example/t'
const CC = 'grant: client_credentials, token_url: https://a.example/t'

describe('the section oauth2', () => {
  it.each([CODE, CC, `${CODE}, issuer: "https://a.example", jwks_uri: https://a.example/k, iss_required: true`])(
    'may be {%s}',
    (section) => {
      expect(faults(`{ ${section} }`)).toBe('')
    },
  )

  it.each([
    ['{}', 'oauth2.token_url: is required'],
    ['{ token_url: https://a.example/t }', 'authorization_url is required'],
    [`{ ${CC}, authorization_url: https://a.example/a }`, 'authorization_url is not used'],
    [`{ ${CC}, client_auth: none }`, 'needs a client that proves itself'],
    [`{ ${CODE}, jwks_uri: https://a.example/k }`, 'jwks_uri needs issuer'],
    [`{ ${CODE}, iss_required: true }`, 'iss_required needs issuer'],
    [`{ ${CODE}, keep: { t: { from: id_token, path: [tid] } } }`, 'needs jwks_uri'],
    [`{ ${CODE}, identity: { from: userinfo, path: [sub] } }`, 'needs userinfo_url'],
    [`{ ${CC}, keep: { r: { from: callback, path: [realmId] } } }`, 'has no callback'],
    [`{ ${CODE}, keep: { access_token: [x] } }`, 'oauth2.keep'],
    [`{ ${CODE}, assertion: { algorithm: ES256 } }`, 'assertion is for client_auth private_key_jwt'],
    [`{ ${CODE}, client_auth: private_key_jwt, assertion: { algorithm: HS256 } }`, 'oauth2.assertion.algorithm'],
    [`{ ${CODE}, authorize_params: { state: mine } }`, 'state is set by Octroi'],
    [`{ ${CODE}, authorize_params: { redirect_uri: "https://evil.example" } }`, 'redirect_uri is set by Octroi'],
    [`{ ${CODE}, authorize_params: { s: "\${secrets.client_secret}" } }`, 'may not stand in an address'],
    [`{ ${CODE}, token_params: { s: "\${secrets.unknown}" } }`, 'is not known here'],
    [`{ ${CODE}, scope: "\${secrets.client_id}" }`, 'is not known here'],
    [`{ ${CODE}, token_headers: { Content-Type: x } }`, 'is set by the scheme'],
    [`{ ${CODE}, token_headers: { Authorization: x } }`, 'is set by the scheme'],
    [`{ ${CODE}, token_headers: { Host: x } }`, 'may not be the header host'],
    [`{ ${CODE}, pkce: plain }`, 'oauth2.pkce'],
    [`{ ${CODE}, apply: [{ header: X, value: "\${token.unknown}" }] }`, 'is not known here'],
    [`{ ${CODE}, ok: { path: [x] } }`, 'needs one of'],
    [`{ ${CODE}, response: { unit: d } }`, 'oauth2.response.unit'],
    [`{ ${CODE}, tokenurl: x }`, 'oauth2.tokenurl: is not a known key'],
    ['{ authorization_url: "javascript:alert(1)", token_url: https://a.example/t }', 'http:// or https://'],
  ])('refuses %s', (section, message) => {
    expect(faults(section)).toContain(message)
  })

  it('is required', () => {
    expect(faults('')).not.toBe('')
  })

  it('an address of a free text would go anywhere, also an optional one', () => {
    const settings = 'settings: { where: { title: Where, optional: true } }'
    expect(faults(`{ ${CODE}, revocation_url: "https://\${settings.where}/r" }`, settings)).toContain(
      'settings.where: is part of an address',
    )
  })
})
