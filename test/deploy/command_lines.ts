import { allCommands, NOUNS } from '../../src/cli/commands.ts'
import { parseCommandLine as parse } from '../../src/cli/parse.ts'

export interface CommandLine {
  readonly line: string
  /** Why Octroi would not take it. */
  readonly fault: string | undefined
}

const commands = await allCommands()
const PROGRAM = /^(?:\S*\/)?octroi(?:-admin)?$/

/** The commands of Octroi in a line of a shell, wherever they stand: by themselves, behind `docker exec` or `octroi-admin`. */
export function parseCommandLine(line: string): CommandLine[] {
  const bare = line.replace(/(?:^| )#.*$/, '').replace(/\s[<>]+ ?\S+/g, '')
  return bare.split(/&&|\|\||[;|]|\$\(/).flatMap((part) => {
    const words = part
      .trim()
      .split(/\s+/)
      .filter((word) => !/^[A-Z_]+=/.test(word))
    const at = words.findLastIndex((word) => PROGRAM.test(word))
    if (at === -1 || at === words.length - 1) return []
    const rest = words.slice(at + 1).map((word) => word.replace(/^["']|["']$/g, ''))
    if (!NOUNS.some(({ name }) => name === rest[0])) {
      // In the place of a command it is one; elsewhere a name of something: of an image, a service, a folder.
      const isCommand = at === 0 && !/^(?:octroi-backup|--version|"\$@")$/.test(rest[0] ?? '')
      return isCommand ? [{ line, fault: `${line}: there is no such command` }] : []
    }
    return [{ line, fault: faultOf(line, rest) }]
  })
}

function faultOf(line: string, words: readonly string[]): string | undefined {
  const command = commands
    .filter(({ name }) => name.split(' ').every((word, i) => words[i] === word))
    .sort((a, b) => b.name.length - a.name.length)[0]
  if (command === undefined) return `${line}: there is no such command`
  try {
    parse(command, words.slice(command.name.split(' ').length))
    return undefined
  } catch (error) {
    return `${line}: ${(error as Error).message}`
  }
}
