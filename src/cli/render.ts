import { resolve } from 'node:path'
import { ConfigurationError } from '../core/errors.ts'
import { type Call, command, UsageError } from './command.ts'
import { readCredentials } from './credentials.ts'
import { textOf } from './input.ts'
import { fillIn, type Placeholder, placeholdersIn, position } from './placeholders.ts'
import { writePrivately } from './private_file.ts'

const render = command({
  name: 'render',
  args: ['FILE'],
  summary: 'Fill the secrets of connections into a file',
  description:
    '$SECRET(name) becomes a secret of the connection of --connection, $SECRET(connection:name) one of another, $ENV(name) a variable of the environment (never one of OCTROI_). Everything else stays, {{@ ... @}} too. In a file that ends in .json a value is written as JSON writes it inside quotes; elsewhere as it is. A name that is not there is told with its line and column, and nothing is written (exit 78). Needs the permission connections.read_credentials.',
  examples: ['render system.conf.json --connection superoffice --output rendered.json', 'render env.template > .env'],
  on: 'server',
  options: {
    output: {
      type: 'string',
      value: 'PATH',
      describes: 'Write here (0600, whole or not at all) instead of on stdout.',
    },
    connection: { type: 'string', value: 'ID', describes: 'Whose secrets $SECRET(name) means.' },
    format: {
      type: 'string',
      value: 'FORMAT',
      describes: 'json or text, where the ending of the name does not say it.',
    },
  },
  async run({ args: [file], options, terminal, env, server }) {
    const { output } = options
    if (output !== undefined && resolve(output) === resolve(file)) {
      throw new UsageError('--output would write over the file that is filled in.')
    }
    const written = formatOf(options.format, file)
    const text = textOf('FILE', file)
    const { found, faults } = placeholdersIn(text)
    const sources = await sourcesOf(found, options.connection, env, server)
    const values = new Map<Placeholder, string>()
    const told = faults.map(({ start, message }) => ({ start, message }))
    for (const placeholder of found) {
      const { value, fault } = lookedUp(placeholder, options.connection, sources)
      if (value === undefined) told.push({ start: placeholder.start, message: fault ?? '' })
      else values.set(placeholder, written(value))
    }
    if (told.length > 0) {
      const inOrder = told.sort((a, b) => a.start - b.start)
      throw new ConfigurationError(inOrder.map(({ start, message }) => `${file}:${position(text, start)}: ${message}.`))
    }
    const filled = fillIn(text, found, (placeholder) => values.get(placeholder) as string)
    if (output === undefined) {
      terminal.answer({ text: filled }, () => filled.replace(/\n$/, ''))
      return
    }
    writePrivately(output, filled)
    terminal.answer({ output, filled: found.length }, () => `${output} is written; ${found.length} filled in.`)
  },
})

type Writing = (value: string) => string

function formatOf(given: string | undefined, file: string): Writing {
  const format = given ?? (file.endsWith('.json') ? 'json' : 'text')
  if (format === 'text') return (value) => value
  if (format !== 'json') throw new UsageError('--format takes json or text.')
  return (value) => JSON.stringify(value).slice(1, -1)
}

interface Sources {
  readonly env: Call['env']
  readonly connections: ReadonlyMap<string, Readonly<Record<string, string>>>
}

/** Each connection is read once, and only those that the file names: every reading is recorded. */
async function sourcesOf(
  found: readonly Placeholder[],
  own: string | undefined,
  env: Call['env'],
  server: Call['server'],
): Promise<Sources> {
  const named = found.flatMap(({ kind, connection = own }) =>
    kind === 'SECRET' && connection !== undefined ? [connection] : [],
  )
  const connections = new Map<string, Readonly<Record<string, string>>>()
  for (const id of new Set(named)) connections.set(id, (await readCredentials(server, id)).secrets)
  return { env, connections }
}

function lookedUp({ kind, connection, name }: Placeholder, own: string | undefined, { env, connections }: Sources) {
  if (kind === 'ENV') {
    if (/^OCTROI_/i.test(name)) return { fault: `$ENV(${name}): what begins with OCTROI_ is never given` }
    return { value: Object.hasOwn(env, name) ? env[name] : undefined, fault: `there is no variable ${name}` }
  }
  const id = connection ?? own
  if (id === undefined) return { fault: `$SECRET(${name}) needs --connection ID, or $SECRET(connection:${name})` }
  const secrets = connections.get(id) ?? {}
  const there = Object.keys(secrets).join(', ') || 'nothing'
  return {
    value: Object.hasOwn(secrets, name) ? secrets[name] : undefined,
    fault: `${id} has no ${name}; it has ${there}`,
  }
}

export const commands = [render]
