import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OctroiError } from '../../core/errors.ts'
import { parseConnector } from './connector.ts'
import { ConnectorFile } from './connector_schema.ts'

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: these are templates of a connector
const GOOD = `
id: acme
name: Acme
docs: https://acme.example/docs
scheme: api_key
settings:
  base_url: { title: Address, format: url }
secrets:
  api_key: { title: Key }
base_url: \${settings.base_url}
api_key:
  - { header: X-Key, value: "\${secrets.api_key}" }
`

/** `path: message` of every fault, without the places in the file. */
function faults(text: string): string[] {
  try {
    parseConnector(text, 'acme.yaml')
  } catch (error) {
    if (!(error instanceof OctroiError)) throw error
    expect(error.code).toBe('invalid_request')
    return (error.errors ?? []).map(({ path, message }) => `${path}: ${message.replace(/ \(line.*/, '')}`)
  }
  return []
}

const edit = (from: string, to: string) => faults(GOOD.replace(from, to))

describe('connector file', () => {
  it('applies the safe defaults', () => {
    const connector = parseConnector(GOOD, 'acme.yaml')
    expect(connector).toMatchObject({
      id: 'acme',
      schemes: ['api_key'],
      encoded_slash: 'refuse',
      cookies: 'drop',
      unauthorized: 'rejected',
      rejected_when: [],
      grants: {},
      never: [],
      limits: {},
    })
    expect(connector.test).toBeUndefined()
  })

  it('reads a request as method and path', () => {
    const text = `${GOOD}test: GET /me?x=1\noverreach: [{ request: PUT /a, refused: [403], right: admin }]\n`
    const connector = parseConnector(text, 'acme.yaml')
    expect(connector.test).toEqual({ method: 'GET', path: '/me?x=1' })
    expect(connector.overreach).toEqual([
      { method: 'PUT', path: '/a', refused: [403], right: 'admin', unless_granted: [] },
    ])
  })

  it('keeps data and run time apart: the data survives JSON', () => {
    const { compiled, ...data } = parseConnector(GOOD, 'acme.yaml')
    expect(compiled.base_url.render({ settings: { base_url: 'x' } })).toBe('x')
    expect(JSON.parse(JSON.stringify(data))).toMatchObject({ sections: { api_key: [{ header: 'X-Key' }] } })
  })

  it('names an unknown key', () => {
    expect(faults(`${GOOD}retries: 3\n`)).toEqual(['retries: is not a known key'])
    expect(edit('title: Key', 'title: Key, hidden: true')).toEqual(['secrets.api_key.hidden: is not a known key'])
  })

  it('tells all faults at once, of the shape and of the texts', () => {
    const text = GOOD.replace('id: acme', 'id: Acme!')
      .replace('secrets.api_key}', 'secrets.apikey}')
      .replace('docs: ', 'doc: ')
    expect(
      faults(`${text}limits: { queue: 0 }\ngrants: { a: ["GET /a/**/b", "/x"] }\n`).map((fault) => fault.split(':')[0]),
    ).toEqual(['id', 'docs', 'limits.queue', 'grants.a.0', 'grants.a.1', 'doc', 'api_key'])
  })

  it('says line and column of a syntax error', () => {
    expect(() => parseConnector('id: acme\nname: [a\n', 'acme.yaml')).toThrow(/acme\.yaml: .*line \d, column \d/)
  })

  it('says line and column of a wrong value', () => {
    expect(() => parseConnector(GOOD.replace('id: acme', 'id: "A B"'), 'acme.yaml')).toThrow(
      /id: must be .*\(line 2, column 5\)/,
    )
  })

  it.each(['', '- a', 'null', '"text"', '42'])('refuses %j, which is no mapping', (text) => {
    expect(faults(text)).toEqual([': must be a mapping of keys'])
  })

  it('refuses a key that is there twice', () => {
    expect(faults(`${GOOD}id: other\n`)[0]).toContain('unique')
  })

  it('lets no secret into an address, a header name or a constant', () => {
    expect(edit('base_url: ${settings', 'base_url: https://x/${secrets')[0]).toContain(
      'base_url: ${secrets.base_url} is not known here',
    )
    expect(edit('header: X-Key', 'header: "${secrets.api_key}"')[0]).toContain('is not known here')
    expect(faults(`${GOOD}headers: { X-A: "\${secrets.api_key}" }\n`)[0]).toContain(
      'headers.X-A: ${secrets.api_key} is not known here',
    )
  })

  it('refuses a free text inside the address: it could name another host', () => {
    const text = GOOD.replace('format: url', 'format: text').replace(
      'base_url: ${settings.base_url}',
      'base_url: https://${settings.base_url}.acme.example',
    )
    expect(faults(text)).toEqual([
      'settings.base_url: is part of an address: it needs format: url or hostname, a pattern or an enum',
    ])
  })

  it('refuses a test that could change something', () => {
    expect(faults(`${GOOD}test: POST /me\n`)).toEqual([
      'test: must be "GET /path" or "HEAD /path": a test changes nothing',
    ])
  })

  it('refuses a section of a scheme that is not named, and a scheme without its section', () => {
    expect(faults(`${GOOD}basic: {}\n`)).toEqual(['basic: is for the scheme basic, which "scheme" does not name'])
    expect(edit('scheme: api_key', 'scheme: basic')).toEqual([
      'api_key: is for the scheme api_key, which "scheme" does not name',
    ])
    expect(faults(GOOD.slice(0, GOOD.indexOf('api_key:\n  -')))).toEqual([
      'api_key: is required: it says where the key goes',
    ])
  })

  it('refuses a secret that nothing uses', () => {
    expect(edit('api_key: { title: Key }', 'api_key: { title: Key }\n  other: { title: O }')).toEqual([
      'secrets.other: is not used by the scheme',
    ])
  })

  it('refuses the same header twice', () => {
    expect(faults(`${GOOD}headers: { x-key: a }\n`)).toEqual(['headers: x-key is set twice'])
  })

  it('refuses a header that Octroi sets itself', () => {
    expect(edit('header: X-Key', 'header: Host')[0]).toContain('may not be the header host')
  })

  it('takes several schemes, each with its own secrets', () => {
    const text = GOOD.replace('scheme: api_key', 'scheme: [api_key, basic]')
    expect(parseConnector(text, 'acme.yaml').schemes).toEqual(['api_key', 'basic'])
  })

  it('refuses aliases that multiply and nesting without end', () => {
    const bomb = [
      'a: &a [x, x, x, x, x, x, x, x, x]',
      ...'bcdefgh'.split('').map((key, i) => `${key}: &${key} [${Array(9).fill(`*${'abcdefg'[i]}`)}]`),
    ]
    expect(faults(bomb.join('\n'))[0]).toContain('cannot be read')
    expect(faults('['.repeat(20_000))).not.toEqual([])
  })

  it('whatever the file says, the answer is a connector or invalid_request', () => {
    const keys = [...Object.keys(ConnectorFile.shape), '__proto__']
    const text = fc.oneof(
      fc.string(),
      fc.constantFrom('api_key', 'basic', '${settings.a}', '${secrets.a}', 'https://a.example', 'GET /a'),
    )
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 3 },
        text,
        fc.constant(null),
        fc.integer(),
        fc.array(tie('any'), { maxLength: 3 }),
        tie('map'),
      ),
      map: fc.dictionary(
        fc.oneof(fc.constantFrom('a', 'title', 'header', 'value', 'status', ...keys), fc.string()),
        tie('any'),
        { maxKeys: 4 },
      ),
    })).any
    const good = { id: 'a', name: 'A', docs: 'https://a.example', scheme: 'basic', base_url: 'https://a.example' }
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...keys), value, { maxKeys: 6 }), fc.boolean(), (data, whole) => {
        const found = faults(JSON.stringify(whole ? { ...good, ...data } : data))
        for (const fault of found) expect(fault).not.toBe('')
      }),
      { numRuns: 500 },
    )
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (noise) => void faults(GOOD + noise)))
  })
})
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: these are templates of a connector
