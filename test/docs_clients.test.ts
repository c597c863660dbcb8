import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ClientOpenIdWhole } from '../src/api/client_openid_schemas.ts'
import { CLIENT_TEMPLATE_NAMES, CLIENT_TEMPLATES } from '../src/api/client_templates/index.ts'
import { filledIn } from '../src/api/client_templates/template.ts'
import { OPENID_FIELDS } from '../src/cli/client_openid_input.ts'
import { CLAIM_SOURCES, CLIENT_AUTH_METHODS, CLIENT_GRANT_TYPES, OPENID_SCOPES } from '../src/core/openid_types.ts'

/** A template without its page fails, and so does a page whose lines are others than those that the program prints. */

const docs = join(import.meta.dirname, '../docs')
/** Set up by hand: each has a test that follows its page. */
const BY_HAND = ['apache']
const folder = join(docs, 'clients')
const read = (name: string) => readFileSync(join(folder, `${name}.md`), 'utf8')

describe('docs/clients', () => {
  it('has a page for each template and each that is set up by hand, and no other; the first page names them all', () => {
    const pages = readdirSync(folder).map((name) => name.replace(/\.md$/, ''))
    expect(pages.filter((name) => name !== 'README').sort()).toEqual([...CLIENT_TEMPLATE_NAMES, ...BY_HAND].sort())
    for (const name of BY_HAND) {
      expect(read('README')).toContain(`](${name}.md)`)
      expect(existsSync(join(import.meta.dirname, `provider/${name}.test.ts`))).toBe(true)
    }
    const table = [...read('README').matchAll(/^\| `(\w+)` \|.*\]\((\w+)\.md\) \|$/gm)]
    expect(table.map(([, name, page]) => [name, page])).toEqual(CLIENT_TEMPLATE_NAMES.map((name) => [name, name]))
    expect(readFileSync(join(docs, 'README.md'), 'utf8')).toContain('(clients/README.md)')
  })
  it.each(CLIENT_TEMPLATE_NAMES)('%s: the lines as they are printed, and the command that prints them', (name) => {
    expect(existsSync(join(folder, `${name}.md`))).toBe(true)
    const url = `https://${name}.example.org`
    const told = { issuer: 'https://octroi.example.org/oidc', client_id: name, client_secret: 'ocs_…' }
    const page = read(name)
    expect(page).toContain(`\n${filledIn(CLIENT_TEMPLATES[name].instructions(url), told).join('\n')}\n\`\`\`\n`)
    expect(page).toContain(`octroi client add --template ${name} --app-url ${url}`)
  })
})

describe('docs/clients/README.md', () => {
  const page = read('README')
  const rows = [...page.matchAll(/^\| `([\w.]+)` \| `--/gm)].map(([, name = '']) => name.split('.')[0])

  it('has every field of an OpenID client, and every option', () => {
    expect([...new Set(rows)]).toEqual(Object.keys(ClientOpenIdWhole.shape))
    for (const option of Object.keys(OPENID_FIELDS)) expect(page).toContain(`--${option}`)
  })
  it.each([...CLIENT_AUTH_METHODS, ...CLIENT_GRANT_TYPES, ...CLAIM_SOURCES, ...OPENID_SCOPES])('names %s', (value) =>
    expect(page).toContain(`\`${value}\``),
  )
})
