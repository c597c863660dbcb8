import { OctroiError } from '../core/errors.ts'
import { type Call, type Command, EXIT, UsageError } from './command.ts'
import { NOUNS, type Noun } from './commands.ts'
import type { DataFolderOperations } from './data_folder.ts'
import { commandHelp, nounHelp, overview } from './help.ts'
import { didYouMean } from './nearest.ts'
import { optionsOf, type Parsed, parseCommandLine } from './parse.ts'
import { connect, type RemoteOptions } from './remote.ts'
import { reportJson, reportOf, reportText } from './report.ts'
import { type Streams, Terminal } from './terminal.ts'

/** What a process is to the CLI. */
export interface World extends Streams {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly version: string
  readonly now: () => number
  readonly data: DataFolderOperations
}

/** argv (without node and script) → exit code. Never throws. */
export async function runCli(argv: readonly string[], world: World): Promise<number> {
  // Before anything is understood: a script that asked for JSON must get its usage errors as JSON, too.
  const terminal = new Terminal(world, ownWords(argv).includes('--json'))
  try {
    return await dispatch(argv, world, terminal)
  } catch (error) {
    const report = reportOf(error)
    world.stderr.write(`${terminal.json ? reportJson(report) : reportText(report)}\n`)
    if (['debug', 'trace'].includes(world.env.OCTROI_LOG_LEVEL ?? '')) world.stderr.write(`${debugText(error)}\n`)
    return report.exit
  } finally {
    terminal.close()
  }
}

async function dispatch(argv: readonly string[], world: World, terminal: Terminal): Promise<number> {
  const [first, ...rest] = argv
  if (first === '--version' || first === '-V') {
    terminal.print(world.version)
    return EXIT.done
  }
  if (first === undefined || (isHelp(first) && rest.length === 0)) {
    terminal.print(overview(world.version))
    return EXIT.done
  }
  if (isHelp(first)) return dispatch([...rest, '--help'], world, terminal)
  return runNoun(nounNamed(first), rest, world, terminal)
}

async function runNoun(noun: Noun, words: readonly string[], world: World, terminal: Terminal): Promise<number> {
  const commands = await noun.load()
  const [verb = ''] = words
  // `doctor forward-auth` before `doctor`.
  const longestFirst = commands.toSorted((a, b) => b.name.length - a.name.length)
  const command = longestFirst.find(({ name }) => startsWith([noun.name, ...words], name.split(' ')))
  if (command !== undefined)
    return runCommand(command, words.slice(command.name.split(' ').length - 1), world, terminal)
  if (isHelp(verb)) {
    terminal.print(nounHelp(noun, commands))
    return EXIT.done
  }
  const verbs = commands.map(({ name }) => name.slice(noun.name.length + 1))
  if (verb === '' || verb.startsWith('-')) {
    throw new UsageError(`octroi ${noun.name} needs one of ${verbs.join(', ')}.`, [`See: octroi help ${noun.name}`])
  }
  const below = verbs.filter((known) => known.startsWith(`${words.join(' ')} `))
  if (below.length > 0) throw new UsageError(`octroi ${noun.name} needs one of ${below.join(', ')}.`)
  const hint = didYouMean(verb, verbs, `octroi ${noun.name} `) || ` It has ${verbs.join(', ')}.`
  throw new UsageError(`There is no command octroi ${noun.name} ${verb}.${hint}`)
}

function startsWith(words: readonly string[], name: readonly string[]): boolean {
  return name.every((word, i) => word === words[i])
}

async function runCommand(
  command: Command,
  words: readonly string[],
  world: World,
  terminal: Terminal,
): Promise<number> {
  const parsed = parseCommandLine(command, words)
  if (parsed.options.help === true) {
    terminal.print(commandHelp(command))
    return EXIT.done
  }
  return (await command.run(callOf(command, parsed, world, terminal))) ?? EXIT.done
}

function callOf(command: Command, { options, args }: Parsed, world: World, terminal: Terminal): Call {
  const { env, now, data } = world
  return {
    options: options as Call['options'],
    args,
    terminal,
    env,
    now,
    data,
    get server() {
      return connect(options as RemoteOptions, env)
    },
    async settings() {
      const { settingsFrom } = await import('./boot.ts')
      return settingsFrom(optionsOf(command), options, env)
    },
  }
}

function nounNamed(name: string): Noun {
  const noun = NOUNS.find((candidate) => candidate.name === name)
  if (noun !== undefined) return noun
  const names = NOUNS.map((candidate) => candidate.name)
  if (name.startsWith('-')) throw new UsageError(`The command comes first, then its options: octroi COMMAND ${name}`)
  throw new UsageError(`There is no command ${name}.${didYouMean(name, names, 'octroi ')}`, ['See: octroi help'])
}

/** What follows `--` are words of somebody else's program. */
function ownWords(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf('--')
  return end < 0 ? argv : argv.slice(0, end)
}

function isHelp(word: string): boolean {
  return word === 'help' || word === '--help' || word === '-h'
}

function debugText(error: unknown): string {
  const cause = error instanceof OctroiError ? (error.cause ?? error) : error
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)
}
