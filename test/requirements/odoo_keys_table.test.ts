import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

/** Every row of what is known of `auth_api_key` is shown by a test that begins with its number. */

const ROWS: readonly (readonly [from: number, to: number])[] = [
  [1, 13],
  [20, 24],
  [30, 34],
  [40, 43],
  [50, 56],
  [60, 67],
]

const titles = readdirSync(import.meta.dirname)
  .filter((name) => name.startsWith('odoo_keys_'))
  .map((name) => readFileSync(join(import.meta.dirname, name), 'utf8'))
  .flatMap((text) => [...text.matchAll(/\(\s*'((?:A-\d\d(?:, )?)+): /g)].map(([, ids]) => ids))

const ids = ROWS.flatMap(([from, to]) =>
  Array.from({ length: to - from + 1 }, (_, i) => `A-${String(from + i).padStart(2, '0')}`),
)

it.each(ids)('%s has a test of its own', (id) => {
  expect(ids).toHaveLength(42)
  expect(titles).toContain(id)
})
