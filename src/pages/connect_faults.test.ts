import { describe, expect, it } from 'vitest'
import { OctroiError } from '../core/errors.ts'
import { validateSecrets, validateSettings } from '../outbound/connectors/connection_input.ts'
import { parseConnector } from '../outbound/connectors/connector.ts'
import { fieldFault } from './connect_faults.ts'

/** The real validation of a connector that has a field of each kind: what it says today has its sentence here. */

const connector = parseConnector(
  `
id: acme
name: Acme
docs: https://acme.example/docs
scheme: [basic, api_key]
settings:
  base: { title: Address, format: url }
  host: { title: Host, format: hostname }
  plan: { title: Plan, enum: [free, paid] }
  account: { title: Account, pattern: "[a-z]+" }
  header: { title: Header }
  me: { title: Test }
secrets:
  api_key: { title: Key }
base_url: \${settings.base}
headers: { X-Host: "\${settings.host}", X-Plan: "\${settings.plan}", X-Account: "\${settings.account}" }
test: GET \${settings.me}
api_key:
  - { header: "\${settings.header}", value: "\${secrets.api_key}" }
`,
  'acme.yaml',
)
const GOOD = { base: 'https://a.example', host: 'a.example', plan: 'free', account: 'a', header: 'X-Key', me: '/me' }

function said(field: string, act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (!(error instanceof OctroiError)) throw error
    return error.errors?.find(({ path }) => path === field)?.message ?? ''
  }
  return ''
}

const setting = (name: string, value: string) =>
  said(`settings.${name}`, () => validateSettings(connector, { ...GOOD, [name]: value }))
const secret = (scheme: string, name: string, value: string) =>
  said(`secrets.${name}`, () =>
    validateSecrets(connector, scheme, {
      ...(scheme === 'basic' ? { username: 'u', password: 'p' } : {}),
      [name]: value,
    }),
  )

describe('what validation says becomes a sentence', () => {
  it.each<[string, string, string]>([
    ['nothing given', setting('host', ''), 'Please fill in this field.'],
    ['no address', setting('base', 'a.example'), 'Enter an address that begins with https://'],
    [
      'an address that cannot be',
      setting('base', 'https://a.example:99999'),
      'Enter an address that begins with https://',
    ],
    ['an address with "//"', setting('base', 'https://a.example//b'), 'The path of this address cannot be used.'],
    ['an address with a password', setting('base', 'https://u:p@a.example'), 'The address may not contain a user name'],
    ['no host name', setting('host', 'a b'), 'Enter a host name'],
    ['not of the list', setting('plan', 'other'), 'Choose one of the values of the list.'],
    ['not of the form', setting('account', '1'), 'This does not have the form that is expected here.'],
    ['too long', setting('account', 'a'.repeat(3000)), 'This is too long.'],
    ['no name of a header', setting('header', 'a b'), 'This name of a header cannot be used.'],
    ['a header of ours', setting('header', 'Host'), 'This name of a header cannot be used.'],
    ['no path', setting('me', 'me'), 'Enter a path that begins with'],
    ['a path with a fragment', setting('me', '/me#a'), 'Enter a path that begins with'],
    ['a path with ".."', setting('me', '/../me'), 'Enter a path that begins with'],
    ['no secret', secret('api_key', 'api_key', ''), 'Please fill in this field.'],
    [
      'a secret with a space behind',
      secret('api_key', 'api_key', 'k '),
      'There is a space at the start or at the end.',
    ],
    ['a secret with a line break', secret('api_key', 'api_key', 'k\nl'), 'This contains a line break'],
    ['a secret with an accent', secret('api_key', 'api_key', 'clé'), 'This contains a character that cannot be sent'],
    ['half a character', secret('api_key', 'api_key', '\ud800'), 'This contains a character that cannot be sent'],
    ['a user name with a colon', secret('basic', 'username', 'a:b'), 'A user name may not contain “:”.'],
  ])('%s: %s', (_, message, sentence) => {
    expect(message).not.toBe('')
    expect(String(fieldFault(message, {}, 'en'))).toContain(sentence)
  })
  it('the form that is expected is shown where the connector has an example', () => {
    expect(String(fieldFault('must match [0-9]{14}', { example: '13002526500013' }, 'fr'))).toBe(
      'Ce n’est pas la forme attendue ici. Exemple\u00a0: 13002526500013',
    )
  })
  it('what is not known is said as it was, as English, as text', () => {
    expect(String(fieldFault('is not <a key>', {}, 'fr'))).toBe(
      'Cette valeur ne peut pas être utilisée (<span lang="en">is not &lt;a key&gt;</span>).',
    )
  })
})
