import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Endpoint } from '../../src/api/endpoint.ts'
import { OPERATIONS } from '../../src/api/index.ts'
import { ERROR_CODES } from '../../src/core/errors.ts'

/** A new operation without its tests fails here: its block of tests beside the operations must name every kind of answer. */

const folder = join(import.meta.dirname, '../../src/api')
const files = readdirSync(folder).filter((name) => name.endsWith('.test.ts'))
const texts = files.map((name) => readFileSync(join(folder, name), 'utf8'))

/** `describe('keys.create', ...` to the line that closes it. */
function blockOf(name: string): string {
  const blocks = texts.flatMap((text) => {
    const start = text.indexOf(`\ndescribe('${name}', `)
    return start === -1 ? [] : [text.slice(start, text.indexOf('\n})', start))]
  })
  expect(blocks, `describe('${name}', ...) in one file of src/api`).toHaveLength(1)
  return blocks[0] as string
}

describe('every operation of the management API', () => {
  it.each(OPERATIONS.map(({ name }) => name))(
    '%s has tests for its 2xx, 400, 401, 403 and each declared error',
    (name) => {
      const operation = OPERATIONS.find((known) => known.name === name) as Endpoint
      const block = blockOf(name)
      const success = new RegExp(`'${operation.status ?? 200}[ ,]`)
      expect(block).toMatch(success)
      // 400, 401 and 403 of every operation are in `refusals`, which takes them from the declaration.
      expect(block).toMatch(new RegExp(`\\brefusals\\(\\s*'${name}'`))
      for (const code of operation.errors ?? []) expect(block).toContain(`${ERROR_CODES[code].status} ${code}`)
      const page = (operation.query as { shape?: object } | undefined)?.shape
      if (page !== undefined && 'cursor' in page) expect(block).toContain('200 page by page')
    },
  )

  it('has a name, a path and a method of its own, and a summary', () => {
    const routes = OPERATIONS.map(({ method, path }) => `${method} ${path}`)
    expect(new Set(routes).size).toBe(OPERATIONS.length)
    expect(new Set(OPERATIONS.map(({ name }) => name)).size).toBe(OPERATIONS.length)
    for (const { name, summary } of OPERATIONS) {
      expect(name).toMatch(/^[a-z]+(-[a-z]+)*\.[a-z]+(_[a-z]+)*$/)
      expect(summary).toMatch(/^[A-Z].{9,}[^.]$/)
    }
  })

  it.each(OPERATIONS.map(({ name }) => name))('%s is the file named like it', (name) => {
    const file = join(folder, `${name.replaceAll(/[.-]/g, '_')}.ts`)
    expect(readFileSync(file, 'utf8')).toContain(`name: '${name}'`)
  })
})
