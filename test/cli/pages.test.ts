import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { allCommands } from '../../src/cli/commands.ts'
import { parseCommandLine } from '../../src/cli/parse.ts'

/** What pages tell readers to type is a use of a command that there is. */

const root = join(import.meta.dirname, '../..')
/** `doctor forward-auth` before `doctor`. */
const longestFirst = (await allCommands()).toSorted((a, b) => b.name.length - a.name.length)
const pages = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.md') && name !== 'cli.md')
  .map((name) => join('docs', name))

/** Lines of a shell in fenced blocks; one that goes on (`\`) is one line. */
function lines(page: string): string[] {
  const text = readFileSync(join(root, page), 'utf8')
  const blocks = [...text.matchAll(/^ *```(.*)\n([\s\S]*?)^ *```/gm)]
  const ofShell = blocks.filter(([, language = '']) => ['', 'sh', 'shell', 'console', 'bash'].includes(language.trim()))
  return ofShell.flatMap(([, , block = '']) => block.replace(/\\\n\s*/g, ' ').split('\n'))
}

/** `KEY=$(./octroi key rotate ID)` → `key rotate ID`. */
function typed(line: string): string[] {
  const match = /^(?:[$#] )?(?:\w+=\S+ )*(?:\w+=\$\()?(?:\.\/)?octroi ([a-z].*)$/.exec(line.trim())
  return match === null ? [] : [(match[1] as string).replace(/\)$/, '')]
}

/** A shell's words, as far as pages go: up to a comment, a pipe or a redirection. */
function words(text: string): string[] {
  const found = [...text.matchAll(/(?:[^\s'"]+|'[^']*'|"[^"]*")+/g)].map(([word]) => word)
  const end = found.findIndex((word) => /^(?:#|\||[<>]|\d>|&|;)/.test(word))
  return (end < 0 ? found : found.slice(0, end)).map((word) => word.replace(/'([^']*)'|"([^"]*)"/g, '$1$2'))
}

const uses = pages.flatMap((page) =>
  lines(page)
    .flatMap(typed)
    .map((use) => [page, use] as const),
)

describe('commands in pages', () => {
  it('are found', () => {
    expect(uses.length).toBeGreaterThan(50)
  })

  it.each(uses)('%s: octroi %s', (_, use) => {
    const given = words(use)
    if (given.includes('COMMAND')) return
    const command = longestFirst.find(({ name }) => name.split(' ').every((word, i) => word === given[i]))
    expect(command, 'there is no such command').toBeDefined()
    if (command !== undefined) parseCommandLine(command, given.slice(command.name.split(' ').length))
  })
})
