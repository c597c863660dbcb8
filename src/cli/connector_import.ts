import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { command, EXIT, FailedError, UsageError } from './command.ts'
import { textOf } from './input.ts'
import { translateEntry } from './nango/connector_text.ts'
import { Untranslatable } from './nango/translation.ts'
import { plain } from './table.ts'

type Entry = Readonly<Record<string, unknown>>

interface Outcome {
  readonly entry: string
  readonly file?: string
  readonly scheme?: string
  readonly left?: readonly string[]
  /** Why there is no file. */
  readonly reason?: string
}

export const importNango = command({
  name: 'connector import-nango',
  args: ['FILE'],
  summary: 'Make connector files of the entries of a providers.yaml of Nango',
  description:
    'FILE is yours; none comes with Octroi. Of API_KEY, BASIC, OAUTH2, OAUTH2_CC, TWO_STEP and OAUTH1 it makes what can be said in a connector file; for each entry it says what was left out, or why there is no file. Every file is checked like any connector before it is written, and no file is written over. Nothing of it was tried at a service: read each, and test it. Exit 1 when no entry could be used.',
  examples: [
    'connector import-nango providers.yaml',
    'connector import-nango providers.yaml --only acme --output ./connectors',
  ],
  on: 'files',
  options: {
    output: { type: 'string', value: 'DIR', describes: 'Write the files there; without it nothing is written.' },
    only: { type: 'string', multiple: true, value: 'NAME', describes: 'This entry only.' },
  },
  async run({ args: [file], options: { output, only }, terminal }) {
    const entries = entriesOf(textOf('FILE', file), file)
    const unknown = only?.find((name) => !entries.has(name))
    if (unknown !== undefined) throw new UsageError(`${file} has no entry ${unknown}.`)
    if (output !== undefined) makeFolder(output)
    const names = [...entries.keys()].filter((name) => only === undefined || only.includes(name))
    const made = new Set<string>()
    const outcomes = names.map((name) => outcome(name, entries, output, made))
    terminal.answer(outcomes, () => outcomes.map(told).map(plain).join('\n'))
    const good = outcomes.filter(({ reason }) => reason === undefined).length
    terminal.say(
      `\n${good} of ${outcomes.length}${output === undefined ? ' could be written: --output DIR' : ' written'}.`,
    )
    return good === 0 ? EXIT.failed : EXIT.done
  },
})

function entriesOf(text: string, file: string): Map<string, Entry> {
  let data: unknown
  try {
    data = parse(text, { maxAliasCount: 1000 })
  } catch (error) {
    throw new UsageError(`${file}: is not YAML (${(error as Error).message.split('\n')[0]}).`)
  }
  if (data === null || typeof data !== 'object' || Array.isArray(data)) {
    throw new UsageError(`${file}: is not a mapping of names and entries.`)
  }
  return new Map(Object.entries(data).filter((pair): pair is [string, Entry] => isEntry(pair[1])))
}

function isEntry(value: unknown): value is Entry {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

function outcome(
  name: string,
  entries: ReadonlyMap<string, Entry>,
  output: string | undefined,
  made: Set<string>,
): Outcome {
  try {
    const { id, text, connector, left } = translateEntry(name, inherited(name, entries))
    if (made.has(id)) throw new Untranslatable(`another entry has become ${id}.yaml`)
    made.add(id)
    const file = `${id}.yaml`
    if (output !== undefined) write(join(output, file), text)
    return { entry: name, file, scheme: connector.schemes[0] as string, left }
  } catch (error) {
    if (!(error instanceof Untranslatable)) throw error
    return { entry: name, reason: error.message }
  }
}

const MOST_ALIASES = 5

/** `alias: other` takes what the other has and says the rest anew. */
function inherited(name: string, entries: ReadonlyMap<string, Entry>): Entry {
  let entry = entries.get(name) as Entry
  for (let depth = 0; 'alias' in entry; depth++) {
    const { alias, ...own } = entry
    const other = entries.get(String(alias))
    if (other === undefined || depth >= MOST_ALIASES) throw new Untranslatable(`its alias leads nowhere`)
    entry = { ...other, ...own }
  }
  return entry
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true })
  } catch (error) {
    throw new FailedError(`${folder}: cannot be made (${(error as NodeJS.ErrnoException).code}).`)
  }
}

function write(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: 'wx' })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') throw new Untranslatable(`${path} is there already, and is not written over`)
    throw new FailedError(`${path}: cannot be written (${code}).`)
  }
}

function told({ entry, file, scheme, left = [], reason }: Outcome): string {
  if (reason !== undefined) return `${entry}: no file: ${reason}`
  return `${entry}: ${file} (${scheme})${left.length === 0 ? '' : `, without ${left.join(', ')}`}`
}
