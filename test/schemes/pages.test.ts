import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseConnector } from '../../src/outbound/connectors/connector.ts'
import { TEMPLATE_FUNCTIONS } from '../../src/outbound/connectors/template_functions.ts'
import { SCHEMES } from '../../src/outbound/schemes/index.ts'

/** What the pages show must load as it stands: people copy it. */

const docs = join(import.meta.dirname, '../../docs')
const page = (name: string) => readFileSync(join(docs, name), 'utf8')

function examples(id: string): string[] {
  const blocks = [...page(`schemes/${id}.md`).matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text]) => text ?? '')
  return blocks.filter((text) => new RegExp(`^${id}:`, 'm').test(text))
}

const HEAD = `id: acme
name: Acme
docs: https://acme.example
settings:
  base_url: { title: B, format: url }
  login_url: { title: L, format: url }
  refresh_url: { title: R, format: url, optional: true }
  client: { title: C }
  company: { title: N }
`
const SECRETS = ['username', 'password', 'code', 'api_key']

describe.each(['token_exchange', 'jwt'])('the page of %s', (id) => {
  it.each(examples(id))('shows what loads: %s', (example) => {
    const used = SECRETS.filter((name) => example.includes(`secrets.${name}`))
    const secrets = used.map((name) => `  ${name}: { title: T${name === 'code' ? ', optional: true' : ''} }\n`).join('')
    const base = example.includes('base_url: ${token') ? '' : 'base_url: https://acme.example\n'
    const connector = parseConnector(`${HEAD}scheme: ${id}\n${base}secrets:\n${secrets}${example}`, 'acme.yaml')
    expect(Object.keys(SCHEMES[id]?.requires(connector) ?? {}).sort()).toEqual(used.sort())
  })

  it('has examples', () => {
    expect(examples(id).length).toBeGreaterThanOrEqual(2)
  })

  it('names every key of the section', () => {
    const schema = JSON.stringify(SCHEMES[id]?.section?.schema.toJSONSchema({ io: 'input' }))
    const keys = [...schema.matchAll(/"([a-z_$]+)":\{"(?:type|anyOf|description|\$ref|allOf|default|minItems|enum)/g)]
    const names = new Set(keys.map(([, name]) => name ?? '').filter((name) => !STRUCTURE.has(name)))
    expect(names.size).toBeGreaterThan(15)
    const texts = `${page(`schemes/${id}.md`)}${page('schemes/token_exchange.md')}${page('schemes/api_key.md')}`
    expect([...names].filter((name) => !texts.includes(name))).toEqual([])
  })
})

/** Words of JSON Schema that look like keys. */
const STRUCTURE = new Set(['items', 'properties', 'propertyNames', 'additionalProperties', '$defs', 'not'])

it('the page of templates names every function', () => {
  const text = page('templates.md')
  expect(Object.keys(TEMPLATE_FUNCTIONS).filter((name) => !text.includes(`\`${name}`))).toEqual([])
})
