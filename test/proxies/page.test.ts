import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { IDENTITY } from './seen.ts'
import { INTEGRATIONS } from './snippet.ts'

/** The page shows the files as they are, and says which of them are tested. */

const root = join(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/guides/forward-auth.md'), 'utf8')
const french = readFileSync(join(root, 'docs/fr/forward-auth.md'), 'utf8')
const files = readdirSync(INTEGRATIONS, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => relative(INTEGRATIONS, join(entry.parentPath, entry.name)))
  .sort()

const textOf = (file: string) => readFileSync(join(INTEGRATIONS, file), 'utf8')
const shown = Object.fromEntries(
  [...page.matchAll(/^`integrations\/(\S+)`:\n\n```\w+\n(.*?)^```$/gms)].map(([, file, text]) => [
    file as string,
    text,
  ]),
)

/** What each proxy is told, all its files together. */
const PROXIES = Object.fromEntries(
  ['nginx', 'caddy', 'haproxy', 'traefik', 'envoy'].map((name) => {
    const own = files.filter((file) => file.startsWith(`${name}/`))
    return [name, own.map(textOf).join('\n').toLowerCase()]
  }),
)

describe('docs/guides/forward-auth.md', () => {
  it('shows every file of integrations, and no other', () => {
    expect(Object.keys(shown).sort()).toEqual(files)
  })
  it.each(files)('shows %s as it is', (file) => {
    expect(shown[file]).toBe(textOf(file))
  })
  it.each(['Traefik', 'Envoy'])('says that %s was not run', (name) => {
    const section = page.split(/^## /m).find((part) => part.startsWith(`${name}\n`)) ?? ''
    expect(section).toMatch(/^.*\n\nNot run here\./)
  })
  it.each(files)('the French page leads to %s', (file) => {
    expect(french).toContain(`(../../integrations/${file})`)
  })
})

describe('the files for every proxy', () => {
  it.each(Object.keys(PROXIES).flatMap((name) => IDENTITY.map((header) => [name, header] as const)))(
    '%s takes %s from the gate',
    (name, header) => {
      expect(PROXIES[name]).toContain(header.toLowerCase())
    },
  )
  it.each(['traefik', 'envoy'])('%s removes what the others remove', (name) => {
    const blanked = [...textOf('nginx/octroi_application.conf').matchAll(/^proxy_set_header (\S+) "";$/gm)]
      .map(([, header]) => (header as string).toLowerCase())
      .filter((header) => !['connection', 'http2-settings'].includes(header))
    expect(blanked.length).toBeGreaterThan(30)
    const removed = (header: string) =>
      [`${header}: ""\n`, `- remove: ${header}\n`, `- ${header}\n`].some((line) => PROXIES[name]?.includes(line))
    expect(blanked.filter((header) => !removed(header))).toEqual([])
  })
  it.each([
    [
      'nginx',
      ['octroi_redirect', 'octroi_set_cookie', 'x-requested-with', 'sec-fetch-mode', 'proxy_set_header cookie'],
    ],
    ['haproxy', ['"location"', '"set-cookie"', '[302]', '"x-requested-with"', '"sec-fetch-mode"', '"cookie"']],
    ['traefik', ['for=traefik', '          - cookie\n']],
    [
      'envoy',
      ['location', 'set-cookie', 'x-requested-with', 'sec-fetch-mode', 'cookie'].map((one) => `exact: ${one},`),
    ],
  ])('D2: %s leads people to the sign-in and back, and keeps their cookies from the application', (name, words) => {
    expect(words.filter((word) => !PROXIES[name]?.includes(word))).toEqual([])
  })
  it('T5: traefik shows the gate every name, since it cannot remove those with an underscore', () => {
    expect(PROXIES.traefik).not.toMatch(/^\s*authrequestheaders:/m)
  })
  it.each(files.filter((file) => file.endsWith('.yaml')))('%s is YAML', (file) => {
    expect(Object.keys(parse(textOf(file), { uniqueKeys: true })).length).toBeGreaterThan(0)
  })
})
