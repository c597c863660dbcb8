import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { OPERATIONS } from '../src/api/index.ts'
import { ERROR_CODES } from '../src/core/errors.ts'
import { SIGN_IN_KINDS } from '../src/core/people_types.ts'
import { CREDENTIAL_KINDS } from '../src/core/program_types.ts'
import { SCHEMES } from '../src/outbound/schemes/index.ts'

/** A listed unit without its page fails, and so does a page of what is not listed any more. */

const docs = join(import.meta.dirname, '../docs')

function pagesOf(folder: string): string[] {
  const path = join(docs, folder)
  return existsSync(path) ? readdirSync(path).flatMap((name) => (/^(.*)\.md$/.exec(name) ?? []).slice(1)) : []
}

describe.each([
  ['errors', Object.keys(ERROR_CODES)],
  ['schemes', Object.keys(SCHEMES)],
  ['authenticators', [...CREDENTIAL_KINDS, 'session']],
])('docs/%s', (folder, ids) => {
  it.each(ids)('has a page for %s, which names it', (id) => {
    const file = join(docs, folder, `${id}.md`)
    expect(existsSync(file)).toBe(true)
    expect(readFileSync(file, 'utf8')).toContain(id)
  })
  it('has no page of what is not listed', () => {
    expect(pagesOf(folder).filter((name) => name !== 'README' && !ids.includes(name))).toEqual([])
  })
})

describe('docs/sign-in', () => {
  it.each(SIGN_IN_KINDS)('has a page for %s, which the first page names', (kind) => {
    expect(pagesOf('sign-in')).toContain(kind)
    expect(readFileSync(join(docs, 'sign-in/README.md'), 'utf8')).toContain(`(${kind}.md)`)
  })
})

describe('the pages of the error codes', () => {
  it.each(Object.entries(ERROR_CODES))(
    '%s: its status, what happened and how to mend it',
    (code, { status, title }) => {
      const text = readFileSync(join(docs, 'errors', `${code}.md`), 'utf8')
      expect(text).toContain(String(status))
      expect(text).toContain(title)
      expect(text.length).toBeGreaterThan(300)
    },
  )
})

describe('every operation', () => {
  it.each(OPERATIONS.map((operation) => [operation.name, operation.summary]))('%s is documented: %s', (_, summary) => {
    expect(summary.length).toBeGreaterThan(10)
  })
})
