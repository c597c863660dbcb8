import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { scriptedFetch } from '../../../../test/support/scripted_fetch.ts'
import { parseConnector } from '../../connectors/connector.ts'
import { tokenExchange } from '../token_exchange.ts'

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: these are templates of a connector
const HEAD = `id: acme
name: Acme
docs: https://acme.example
scheme: token_exchange
settings: { name: { title: N, default: token }, free: { title: F }, maybe: { title: M, format: url, optional: true } }
secrets: { key: { title: Key } }
`
const load = (login: string, rest = '', more = 'base_url: https://acme.example') =>
  parseConnector(
    `${HEAD}${more}\ntoken_exchange:\n  login: [${login}]\n  apply: [{ header: X, value: "\${token.t}" }]\n${rest}`,
    'acme.yaml',
  )
const STEP = '{ url: "https://a.example/x", form: { key: "${secrets.key}" }, extract: { t: { json: [t] } } }'

describe('the section of token_exchange', () => {
  it('is good as it is used below', () => {
    expect(load(STEP).compiled.schemes.token_exchange).toMatchObject({ yields: ['t'], inject: ['t'], early: true })
  })

  const step = (extra: string, extract = 't: { json: [t] }') =>
    `{ url: "https://a.example/x", extract: { ${extract} }, form: { k: "\${secrets.key}" }, ${extra} }`

  it.each([
    ['a secret in an address', STEP.replace('/x', '/${secrets.key}'), '', /\$\{secrets.key\} is not known here/],
    [
      'an unknown secret',
      STEP.replace('secrets.key', 'secrets.kee'),
      '',
      /login.0: \$\{secrets.kee\} is not known here/,
    ],
    ['a value before it is there', STEP.replace('secrets.key', 'token.t'), '', /\$\{token.t\} is not known here/],
    [
      'a free text in an address',
      STEP.replace('a.example', '${settings.free}'),
      '',
      /settings.free: is part of an address/,
    ],
    [
      'an optional address of a login',
      STEP.replace('https://a.example', '${settings.maybe}'),
      '',
      /cannot be optional/,
    ],
    ['two bodies', step('json: {}'), '', /more than one of form, json/],
    ['a body of a GET', step('method: GET'), '', /is a GET, which has no body/],
    [
      'raw without its type',
      '{ url: "https://a.example/x", raw: x, extract: { t: { json: [t] } } }',
      '',
      /needs a content_type/,
    ],
    ['a reserved header', step('headers: { Host: x }'), '', /may not be the header host/],
    ['an unknown key', step('bodyy: x'), '', /bodyy: is not a known key/],
    ['an empty condition', step('ok: [{}]'), '', /says nothing/],
    ['a condition without a test', step('ok: [{ path: [a] }]'), '', /needs equals, not or exists/],
    ['a test without a place', step('ok: [{ equals: 1 }]'), '', /needs the path or header/],
    [
      'a claim of nothing',
      step('', 't: { jwt: u, claim: [a], verify: { algorithms: [RS256], jwks_url: "https://a.example/k" } }'),
      '',
      /u was not extracted before/,
    ],
    [
      'a claim without key',
      step('', 't: { jwt: u, claim: [a], verify: { algorithms: [RS256] } }'),
      '',
      /has none of the shapes|needs one of jwks_url/,
    ],
    [
      'a value that apply does not have',
      STEP.replace('{ t: {', '{ u: {'),
      '',
      /apply: \$\{token.t\} is not known here/,
    ],
    ['an unknown durable value', STEP, '  durable: [u]', /durable: u is not a value/],
    ['an unknown value to inject', STEP, '  inject: [u]', /inject: u is not a value/],
    ['a refresh without durable values', STEP, `  refresh: [${STEP}]`, /"durable" must name some/],
    [
      'a refresh that sends none of them',
      STEP,
      `  durable: [t]\n  refresh: [${STEP}]`,
      /sends none of the durable values/,
    ],
    ['a lifetime that is none', STEP, '  lifetime: { hours: 3 }', /must be \{expires_in, unit\}|none of the shapes/],
    ['an unknown format', STEP, '  lifetime: { expires_at: "${token.t}", format: soon }', /shapes|not a format/],
    ['an unknown jwt', STEP, '  lifetime: { jwt_exp: u }', /lifetime: u is not a value/],
    ['an address of the service without hosts', `${STEP}, { url: "\${token.t}/x" }`, '', /"hosts" must say/],
    ['a bare value in a path', `${STEP}, { url: "https://a.example/\${token.t}" }`, '', /write \$\{url\(token.t\)\}/],
    [
      'a number that is not alone',
      '{ url: "https://a.example/x", json: { a: { $number: "1", b: 2 } }, extract: { t: { json: [t] } } }',
      '',
      /takes one text, alone/,
    ],
  ])('refuses %s', (_, login, rest, message) => {
    expect(() => load(login, rest)).toThrow(message)
  })

  it('a value that the refresh neither gives nor keeps is not there to be used', () => {
    const login = STEP.replace('{ t: {', '{ u: { json: [u] }, d: { json: [d] }, t: {')
    const refresh =
      '  durable: [d]\n  refresh: [{ url: "https://a.example/r", form: { d: "${token.d}" }, extract: { t: { json: [t] } } }]'
    expect(load(login, refresh).compiled.schemes.token_exchange).toMatchObject({ yields: ['d', 't'] })
    expect(() => load(login, `${refresh}\n  identity: "\${token.u}"`)).toThrow(
      /token.u\} is not known here; known: .*token.d, token.t/,
    )
  })

  it('an address that the service gives is asked only where it is one of the hosts', async () => {
    const connector = load(
      STEP.replace('{ t: {', '{ api: { json: [api] }, t: {') +
        ', { url: "${token.api}/me", method: GET, extract: { id: { json: [id] } } }',
      '',
      'base_url: ${token.api}\nhosts: ["*.acme.example"]',
    )
    const ask = (api: string) => {
      const script = scriptedFetch([{ body: { t: 't', api } }, { body: { id: 1 } }])
      const settings = { name: 'token', free: 'f' }
      const result = tokenExchange.exchange!.run({ connector, settings, secrets: { key: 'k' } }, script.context)
      return { result, script }
    }
    const good = ask('https://eu.acme.example')
    expect(await good.result).toMatchObject({ values: { api: 'https://eu.acme.example', id: '1' } })
    expect(good.script.requests[1]?.url).toBe('https://eu.acme.example/me')
    for (const api of [
      'https://evil.example',
      'https://acme.example.evil.example',
      'javascript:1',
      'https://a@eu.acme.example',
      '//eu.acme.example',
      'http://eu.acme.example',
      'https://eu.acme.example.',
    ]) {
      const bad = ask(api)
      await expect(bad.result).rejects.toMatchObject({
        kind: 'human',
        detail: expect.stringContaining('is not one of the hosts'),
      })
      expect(bad.script.requests).toHaveLength(1)
    }
  })

  it('no value leaves its place in a path, whatever it is', async () => {
    const connector = load(
      `${STEP}, { url: "https://a.example/v/\${url(token.t)}/x", extract: { z: { status: true } } }`,
    )
    const property = fc.asyncProperty(fc.string({ minLength: 1, unit: 'binary' }), async (t) => {
      const script = scriptedFetch([{ body: { t } }, {}])
      const settings = { name: 'token', free: 'f' }
      await tokenExchange.exchange!.run({ connector, settings, secrets: { key: 'k' } }, script.context).catch(() => {})
      const url = script.requests[1]?.url
      if (url !== undefined) expect(new URL(url).pathname).toMatch(/^\/v\/[^/]+\/x$/)
    })
    await fc.assert(property)
  })
})
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: these are templates of a connector
