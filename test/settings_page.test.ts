import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { SETTINGS } from '../src/config/settings.ts'

const page = readFileSync(join(import.meta.dirname, '..', 'docs', 'settings.md'), 'utf8')

/** `| \`name\` | \`VARIABLE\` | \`default\` | meaning |` */
const rows = [...page.matchAll(/^\| `(\w+)` \| `(\w+)` \| ([^|]*) \|/gm)].map(([, name, env, standard]) => ({
  name,
  env,
  standard: (standard as string).replaceAll('`', '').trim(),
}))

describe('docs/settings.md', () => {
  it('names every setting and its variable, and no other', () => {
    const settings = Object.entries(SETTINGS).map(([name, { env }]) => ({ name, env }))
    expect(rows.map(({ name, env }) => ({ name, env }))).toEqual(settings)
  })

  it.each(rows)('gives the default of $name', ({ name, standard }) => {
    const result = SETTINGS[name as keyof typeof SETTINGS].schema.safeParse(undefined)
    expect(result.success).toBe(true)
    const value: unknown = result.data
    if (value === undefined || (Array.isArray(value) && value.length === 0)) expect(standard).not.toMatch(/^[\d./]/)
    else if (typeof value === 'object') expect(standard).toBe(Object.values(value as object).join(':'))
    else expect(standard).toBe(String(value))
  })
})
