import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Connector, parseConnector } from '../src/outbound/connectors/connector.ts'

/** The table of connectors says what the files say: no more, no less, and how well it is known. */

const root = join(import.meta.dirname, '..')
const connectors = readdirSync(join(root, 'connectors'))
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => parseConnector(readFileSync(join(root, 'connectors', name), 'utf8'), name))
const rows = readFileSync(join(root, 'docs/connectors.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| `'))
const idOf = (line: string) => /^\| `([^`]+)`/.exec(line)?.[1] ?? line

/** What the sources of a file claim, weakest word first: a fact nobody read is one, whatever stands beside it. */
function known({ sources }: Connector): string {
  if (sources.some((source) => source.startsWith('Answers of a running'))) return 'tried'
  if (sources.some((source) => source.startsWith('General knowledge'))) return 'general'
  if (sources.some((source) => /^public (programs|clients)/i.test(source))) return 'programs'
  if (sources.every((source) => source.startsWith('RFC '))) return 'standard'
  return sources.some((source) => source.includes('https://')) ? 'vendor' : 'programs'
}

function row(connector: Connector): string {
  const { id, name, docs, grants } = connector
  const schemes = connector.schemes.map((scheme) => `[${scheme}](schemes/${scheme}.md)`).join(', ')
  const named = Object.keys(grants).map((grant) => `\`${grant}\``)
  return `| \`${id}\` | [${name}](${docs}) | ${schemes} | ${named.join(' ') || '-'} | ${known(connector)} |`
}

describe('docs/connectors.md', () => {
  it('has one row for each file of the folder and none besides', () => {
    expect(rows.map(idOf).sort()).toEqual(connectors.map(({ id }) => id).sort())
  })

  it.each(connectors.map((connector) => [connector.id, connector] as const))(
    'says of %s what its file says',
    (id, connector) => {
      expect(rows.find((line) => idOf(line) === id)).toBe(row(connector))
    },
  )

  it('the catalogue has at least 75 connectors, each with a grant or a test', () => {
    expect(connectors.length).toBeGreaterThanOrEqual(75)
    const bare = connectors.filter(({ grants, test }) => Object.keys(grants).length === 0 && test === undefined)
    expect(bare.map(({ id }) => id)).toEqual([])
  })
})
