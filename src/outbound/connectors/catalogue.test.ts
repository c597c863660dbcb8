import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Catalogue } from './catalogue.ts'

let root: string
let shipped: string
let own: string
let time: number

const file = (id: string, name = id) =>
  `id: ${id}\nname: ${name}\ndocs: https://a.example\nscheme: basic\nbase_url: https://a.example\n`
const put = (folder: string, name: string, text: string) => writeFileSync(join(folder, name), text)
const open = (folders = [own]) => new Catalogue({ shipped, folders, now: () => time })

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'catalogue-'))
  shipped = join(root, 'shipped')
  own = join(root, 'own')
  mkdirSync(shipped)
  mkdirSync(own)
  time = 0
  put(shipped, 'acme.yaml', file('acme'))
})
afterEach(() => rmSync(root, { recursive: true }))

describe('catalogue', () => {
  it('has the shipped connectors and those of the operator, which win', () => {
    put(own, 'mine.yaml', file('mine'))
    put(own, 'acme.yaml', file('acme', 'My Acme'))
    const catalogue = open()
    expect(catalogue.list().map(({ connector, source }) => [connector.name, source])).toEqual([
      ['My Acme', join(own, 'acme.yaml')],
      ['mine', join(own, 'mine.yaml')],
    ])
    expect(catalogue.get('unknown')).toBeUndefined()
    expect(catalogue.get('__proto__')).toBeUndefined()
  })

  it('a shipped connector says so', () => {
    expect(
      open()
        .list()
        .map(({ source }) => source),
    ).toEqual(['shipped'])
  })

  it('a broken file takes no other down and is reported', () => {
    put(own, 'broken.yaml', 'id: broken\nfoo: 1\n')
    put(own, 'other.yaml', file('not-other'))
    const catalogue = open()
    expect(catalogue.get('acme')?.name).toBe('acme')
    expect(catalogue.get('broken')).toBeUndefined()
    expect(catalogue.problems().map((problem) => problem.message)).toEqual([
      expect.stringContaining('foo: is not a known key'),
      expect.stringContaining('the name of the file says other'),
    ])
  })

  it('a broken file of the operator does not bring the shipped one back: it may be the stricter one', () => {
    put(own, 'acme.yaml', 'id: acme\n')
    expect(open().get('acme')).toBeUndefined()
  })

  it('two files for one id: the first folder is used, both are named', () => {
    const second = join(root, 'second')
    mkdirSync(second)
    put(own, 'mine.yaml', file('mine', 'First'))
    put(second, 'mine.yaml', file('mine', 'Second'))
    const catalogue = open([own, second])
    expect(catalogue.get('mine')?.name).toBe('First')
    expect(catalogue.problems()).toEqual([
      { file: join(second, 'mine.yaml'), message: `the id mine is taken by ${join(own, 'mine.yaml')}, which is used` },
    ])
  })

  it('a folder that is not there is empty, and is seen when it comes', () => {
    const later = join(root, 'later')
    const catalogue = open([later])
    expect(catalogue.problems()).toEqual([])
    mkdirSync(later)
    put(later, 'mine.yaml', file('mine'))
    time = 1000
    expect(catalogue.get('mine')?.name).toBe('mine')
  })

  it('sees new, changed and removed files within a second, and not before', () => {
    const catalogue = open()
    const first = catalogue.version
    put(own, 'acme.yaml', file('acme', 'New'))
    time = 999
    expect(catalogue.get('acme')?.name).toBe('acme')
    expect(catalogue.version).toBe(first)
    time = 1000
    expect(catalogue.get('acme')?.name).toBe('New')
    expect(catalogue.version).toBe(first + 1)
    put(own, 'acme.yaml', file('acme', 'Changed'))
    time = 2000
    expect(catalogue.get('acme')?.name).toBe('Changed')
    rmSync(join(own, 'acme.yaml'))
    time = 3000
    expect(catalogue.get('acme')?.name).toBe('acme')
    expect(catalogue.version).toBe(first + 3)
  })

  it('does not read again what did not change', () => {
    put(own, 'mine.yaml', file('mine'))
    const catalogue = open()
    const before = catalogue.get('mine')
    put(own, 'other.yaml', file('other'))
    time = 1000
    expect(catalogue.get('mine')).toBe(before)
  })

  it('keeps the last good version of a file that breaks while running', () => {
    put(own, 'mine.yaml', file('mine', 'Good'))
    const catalogue = open()
    expect(catalogue.get('mine')?.name).toBe('Good')
    put(own, 'mine.yaml', 'id: mine\n')
    time = 1000
    expect(catalogue.get('mine')?.name).toBe('Good')
    expect(catalogue.problems()).toHaveLength(1)
    put(own, 'mine.yaml', file('mine', 'Better'))
    time = 2000
    expect(catalogue.get('mine')?.name).toBe('Better')
    expect(catalogue.problems()).toEqual([])
  })

  it('a clock that was set back does not stop it', () => {
    time = 10_000
    const catalogue = open()
    put(own, 'mine.yaml', file('mine'))
    time = 5
    expect(catalogue.get('mine')?.name).toBe('mine')
  })

  it('ignores hidden files and what is not YAML', () => {
    put(own, '.mine.yaml', 'x')
    put(own, 'notes.txt', 'x')
    mkdirSync(join(own, 'folder.yaml'))
    expect(open().problems()).toEqual([])
  })
})
