// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are references of a state file
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseState } from '../../src/cli/state_file.ts'

const page = readFileSync(join(import.meta.dirname, '../../docs/state.md'), 'utf8')
const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(page) ?? []

describe('docs/state.md', () => {
  it('has an example without a fault, with one of each but applications', () => {
    const { apps, ...state } = parseState(example, 'docs/state.md')
    expect(apps).toBeUndefined()
    for (const [list, entries] of Object.entries(state)) expect(entries?.length, list).toBeGreaterThan(0)
  })

  it('names every list, and by what a thing of it is found again', () => {
    const lists = Object.keys(parseState(`apps: []\n${example}`, 'docs/state.md'))
    const rows = page.split('## How a thing is found again')[1]?.split('## ')[0] ?? ''
    const named = [...rows.matchAll(/^\| (`[^|]*`) \|/gm)].flatMap(([, cell = '']) =>
      cell.replaceAll('`', '').split(' '),
    )
    expect(named.sort()).toEqual(lists.sort())
  })

  it('names every field that takes a reference', () => {
    const fields = [...page.matchAll(/^\| `(\w+): (\w+)` \|/gm)].map(([, list, field]) => [list, field])
    expect(fields).toHaveLength(6)
    for (const [list, field] of fields) {
      const value = field === 'secrets' ? '{ a: "${env:A}" }' : '"${env:A}"'
      expect(faultsOf(`${list}: [{ ${field}: ${value} }]`)).not.toContain('takes no reference')
      expect(faultsOf(`${list}: [{ name: "\${env:A}" }]`)).toContain('takes no reference')
    }
  })
})

function faultsOf(text: string): string {
  try {
    parseState(text, 'x')
    return ''
  } catch (error) {
    return (error as { faults: readonly string[] }).faults.join('\n')
  }
}
