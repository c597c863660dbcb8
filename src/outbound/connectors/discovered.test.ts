import { describe, expect, it } from 'vitest'
import { parseConnector } from './connector.ts'
import { discoveredAllowed } from './discovered.ts'

const connector = parseConnector(
  `id: acme
name: Acme
docs: https://acme.example
scheme: basic
settings:
  login_url: { title: L, format: url, optional: true }
  name: { title: N, optional: true }
base_url: https://acme.example
hosts: ["*.acme.example"]
`,
  'acme.yaml',
)

describe('an address that the service gave', () => {
  it.each([
    ['https://sod2.acme.example/Cust1/api', {}, true],
    ['https://sod2.acme.example:8443/api', {}, true],
    ['http://sod2.acme.example/api', {}, false],
    ['https://acme.example/api', {}, false],
    ['https://acme.example.evil.example/api', {}, false],
    ['http://127.0.0.1:9/api', {}, false],
    ['http://127.0.0.1:9/api', { login_url: 'http://127.0.0.1:8' }, true],
    ['https://127.0.0.1:9/api', { login_url: 'http://127.0.0.1:8' }, false],
    ['http://127.0.0.2:8/api', { login_url: 'http://127.0.0.1:8' }, false],
    ['https://login.sandbox.example/api', { login_url: 'https://login.sandbox.example' }, true],
    ['https://other.sandbox.example/api', { login_url: 'https://login.sandbox.example' }, false],
    ['http://login.sandbox.example/api', { login_url: 'https://login.sandbox.example' }, false],
    ['https://own.example/v2', { base_url: 'https://own.example' }, true],
    ['https://evil.example', { name: 'https://evil.example' }, false],
    ['https://evil.example', { unknown: 'https://evil.example' }, false],
  ])('%s with %j: %s', (address, settings, allowed) => {
    expect(discoveredAllowed(connector, settings as Record<string, string>, address)).toBe(allowed)
  })
})
