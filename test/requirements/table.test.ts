import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

/** `docs/requirements.md` must not promise a test or a page that is not there, nor forget a sentence. */

const ROOT = new URL('../../', import.meta.url)
const SENTENCES = { S0: 26, S1: 11, S2: 22, S3: 13, S4: 13 }
const IDS = Object.entries(SENTENCES).flatMap(([text, count]) =>
  Array.from({ length: count }, (_, i) => `${text}-${String(i + 1).padStart(2, '0')}`),
)

/** What a team with RecyClique and Paheko needs; the eighth in two parts. */
const NEEDS = 'C3-01 C3-02 C3-03 C3-04 C3-05 C3-06 C3-07 C3-08a C3-08b C3-09 C3-10'.split(' ')

/** What the keys of Odoo do, row by row. */
const ODOO_ROWS = [
  ...['01', '02', '03', '04', '05', '06', '07', '08', '09', '10', '11', '12', '13', '20', '21', '22', '23', '24'],
  ...['30', '31', '32', '33', '34', '40', '41', '42', '43', '50', '51', '52', '53', '54', '55', '56'],
  ...['60', '61', '62', '63', '64', '65', '66', '67'],
].map((number) => `A-${number}`)

/** What signing in has to do, and what is tried against it. */
const SIGN_IN_ROWS = Array.from({ length: 12 }, (_, i) => `B-${30 + i}`)
const ATTACK_ROWS = 'T15 T16 T17 T18 T19 T20 T21 T22 T28 T29 T30 T31 T34 T35 T36 T37 T38 T39 T40 T41 T42 T43'.split(' ')

/** What the work so far has to show by a test, whatever the page says. */
const SHOWN_BY_A_TEST =
  'S0-01 S0-02 S0-03 S0-04 S0-05 S0-06 S0-11 S0-13 S0-14 S0-15 S0-16 S0-17 S0-20 S0-22 S0-23 S0-24 S0-25 ' +
  'S1-01 S1-03 S1-06 S1-09 S2-01 S2-02 S2-03 S2-04 S2-05 S2-06 S2-07 S2-08 S2-09 S2-10 S2-11 S2-12 S2-13 S2-14 ' +
  'S2-15 S2-16 S2-17 S2-18 S2-19 S2-20 S2-21 S2-22 ' +
  'S0-07 S0-08 S0-18 S0-19 S0-21 S0-26 S1-04 S1-08 S3-01 S3-02 S3-03 S3-04 S3-05 S3-06 S3-07 S3-08 S3-09 S3-11 S3-12 S3-13 ' +
  'S4-01 S4-02 S4-03 S4-04 S4-05 S4-06 S4-07 S4-08 S4-09 S4-11 S4-12 S4-13 C3-08a C3-08b'

interface Row {
  readonly id: string
  readonly asked: string
  readonly state: string
  readonly tests: readonly (readonly [file: string, title: string])[]
  readonly pages: readonly string[]
}

const page = readFileSync(new URL('docs/requirements.md', ROOT), 'utf8')
const rows = page
  .split('\n')
  .filter((line) => /^\| (S\d|C3|A-\d|B-\d|T\d)/.test(line))
  .map(readRow)
const LATER = [...page.matchAll(/^- \*\*(.+?)\*\*:/gm)].map(([, title]) => title as string)

function readRow(line: string): Row {
  const [, id = '', asked = '', state = '', shown = ''] = line.split('|').map((cell) => cell.trim())
  return {
    id,
    asked,
    state,
    tests: shown.split('<br>').flatMap((part) => {
      const [, file, title] = /^`([^`]+\.test\.ts)`: (.+)$/.exec(part.trim()) ?? []
      return file === undefined || title === undefined ? [] : [[file, title] as const]
    }),
    pages: [...shown.matchAll(/\]\(([^)]+)\)/g)].map(([, path]) => path as string),
  }
}

function sourceOf(file: string): string {
  const url = new URL(file, ROOT)
  return existsSync(url) ? readFileSync(url, 'utf8').replaceAll("\\'", "'") : ''
}

describe('the table of requirements', () => {
  it('has each of the 85 sentences, of the rows of Odoo’s keys and of the needs once, in order', () => {
    expect([IDS.length, ODOO_ROWS.length]).toEqual([85, 42])
    expect(rows.map(({ id }) => id)).toEqual([...IDS, ...ODOO_ROWS, ...SIGN_IN_ROWS, ...ATTACK_ROWS, ...NEEDS])
  })

  it.each(ODOO_ROWS)('%s says what is there and what is here, and tests of its number show it', (id) => {
    const { asked = '', tests = [] } = rows.find((row) => row.id === id) ?? {}
    expect(asked.split(' → ')).toHaveLength(2)
    expect(tests).not.toEqual([])
    for (const [, title] of tests) expect(title).toContain(id)
  })

  it.each([...SIGN_IN_ROWS, ...ATTACK_ROWS])('%s is shown by a test of its number', (id) => {
    const tests = rows.find((row) => row.id === id)?.tests ?? []
    expect(tests.map(([, title]) => title).join('\n')).toContain(id)
  })

  it.each(rows)('$id says what is asked and where it stands', ({ id, asked, state, tests, pages }) => {
    expect(asked).not.toBe('')
    const later = /^(?:done in part, )?later: (.+)$/.exec(state)?.[1]
    if (later === undefined) expect(['done', 'documented', 'not for a gate']).toContain(state)
    else expect(LATER).toContain(later)
    if (state === 'done') expect(tests).not.toEqual([])
    if (state === 'documented') expect(pages).not.toEqual([])
    if (id.startsWith('S2')) expect(state).toBe('done')
    if (state.startsWith('done in part')) expect([...tests, ...pages]).not.toEqual([])
  })

  it.each(rows.flatMap(({ id, tests }) => tests.map(([file, title]) => ({ id, file, title }))))(
    '$id: $file has a test "$title"',
    ({ file, title }) => {
      expect(sourceOf(file)).toMatch(new RegExp(`['"\`]${title.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}['"\`]`))
    },
  )

  it.each(rows.flatMap(({ id, pages }) => pages.map((path) => ({ id, path }))))(
    '$id: the page $path exists',
    ({ path }) => {
      expect(existsSync(new URL(path, new URL('docs/', ROOT)))).toBe(true)
    },
  )

  it.each(SHOWN_BY_A_TEST.split(' '))('%s is shown by a test', (id) => {
    expect(rows.find((row) => row.id === id)?.tests).not.toEqual([])
  })

  it('names no piece of later work that no row waits for', () => {
    for (const title of LATER) expect(rows.some(({ state }) => state.endsWith(`later: ${title}`))).toBe(true)
  })
})
