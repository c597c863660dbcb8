import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

/** What pages name is there: packages in `docs/dependencies.md`, tests in `docs/threat-model.md`, folders in `docs/architecture.md`. */

const root = join(import.meta.dirname, '..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')

function section(page: string, title: string): string {
  return page.split(/^## /m).find((part) => part.startsWith(`${title}\n`)) ?? ''
}

/** The names in the first column of a table. */
function named(text: string): string[] {
  const rows = text.split('\n').filter((line) => line.startsWith('| `'))
  return rows.flatMap((line) =>
    [...(line.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, name]) => name as string),
  )
}

describe('docs/dependencies.md', () => {
  const page = read('docs/dependencies.md')
  const { dependencies, devDependencies } = JSON.parse(read('package.json'))

  it.each([
    ['At run time', dependencies],
    ['For development', devDependencies],
  ])('%s: every package of package.json, and no other', (title, wanted) => {
    expect(named(section(page, title)).sort()).toEqual(Object.keys(wanted).sort())
  })

  it('what was not taken is not there', () => {
    const taken = new Set([...Object.keys(dependencies), ...Object.keys(devDependencies)])
    expect(named(section(page, 'Weighed and not taken')).filter((name) => taken.has(name))).toEqual([])
  })
})

describe('docs/threat-model.md', () => {
  const rows = [...read('docs/threat-model.md').matchAll(/^\| (D\d+) .*$/gm)]
  const shown = rows.flatMap(([row, rule]) => [...row.matchAll(/`([^`]+\.test\.ts)`/g)].map(([, file]) => [rule, file]))

  it('says of some rules where they are shown', () => {
    const rules = 'D1 D2 D3 D4 D5 D6 D7 D8 D10 D14 D15 D16 D17 D18 D19 D20'
    expect(rows.map(([, rule]) => rule)).toEqual(rules.split(' '))
  })
  it.each(shown as [string, string][])('%s is the name of tests in %s', (rule, file) => {
    expect(existsSync(join(root, file)) ? read(file) : 'not there').toMatch(
      new RegExp(`(it|describe)[^\\n]*(\\n[^\\n]*){0,12}?['"\`][^'"\`\\n]*\\b${rule}\\b`),
    )
  })
})

describe('docs/architecture.md', () => {
  const [, tree = ''] = /## Folders[\s\S]*?```\n([\s\S]*?)```/.exec(read('docs/architecture.md')) ?? []
  const parents: string[] = []
  const paths = tree.split('\n').flatMap((line) => {
    const [, indent = '', name] = /^( *)([a-z_]+(?:\/|\.ts))(?= |$)/.exec(line) ?? []
    if (name === undefined) return []
    parents.splice(indent.length / 2)
    parents.push(name)
    return [parents.join('')]
  })

  it('draws what is there', () => {
    expect(paths.length).toBeGreaterThan(20)
    expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([])
  })
})
