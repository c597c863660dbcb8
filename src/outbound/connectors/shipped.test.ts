import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseRule, pathMatches, splitPath } from '../../policy/pattern.ts'
import { SCHEMES } from '../schemes/index.ts'
import { connectorJsonSchema, parseConnector } from './connector.ts'

const root = join(import.meta.dirname, '../../..')
const folder = join(root, 'connectors')
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'))

describe('shipped connectors', () => {
  it('the JSON Schema for editors is that of the code (write it with connectorJsonSchema())', () => {
    const committed = JSON.parse(readFileSync(join(folder, 'connector.schema.json'), 'utf8'))
    expect(committed).toEqual(JSON.parse(JSON.stringify(connectorJsonSchema())))
  })

  it.each(files)('%s is good, named like its id, and says where its facts come from', (name) => {
    const text = readFileSync(join(folder, name), 'utf8')
    const connector = parseConnector(text, name)
    expect(`${connector.id}.yaml`).toBe(name)
    expect(connector.sources.length).toBeGreaterThan(0)
    expect(text.split('\n')[0]).toBe('# yaml-language-server: $schema=./connector.schema.json')
  })

  it('the members-read grant of Paheko does not open user/new, which creates a member', () => {
    const paheko = parseConnector(readFileSync(join(folder, 'paheko.yaml'), 'utf8'), 'paheko.yaml')
    const rules = (paheko.grants['members-read'] ?? []).map(parseRule)
    const open = (path: string) => rules.some((rule) => pathMatches(rule, splitPath(path)))
    expect([open('/api/user/12'), open('/api/user/new'), open('/api/user/import')]).toEqual([true, false, false])
  })

  it.each(Object.keys(SCHEMES))('the scheme %s has its docs page and is listed under its own id', (id) => {
    expect(existsSync(join(root, 'docs/schemes', `${id}.md`))).toBe(true)
    expect(SCHEMES[id]?.id).toBe(id)
  })
})
