import { parseArgs } from 'node:util'
import { type Command, type Option, type Options, UsageError } from './command.ts'
import { didYouMean } from './nearest.ts'

const COMMON: Options = {
  json: { type: 'boolean', describes: 'One JSON document on stdout, problems as JSON on stderr.' },
  help: { type: 'boolean', describes: 'This text.' },
}

const SERVER: Options = {
  url: {
    type: 'string',
    value: 'URL',
    describes: 'The server; otherwise OCTROI_URL, otherwise http://127.0.0.1:8700.',
  },
  'key-file': { type: 'string', value: 'PATH', describes: 'A file that holds your key; otherwise OCTROI_KEY.' },
}

const DATA_FOLDER: Options = {
  config: {
    type: 'string',
    value: 'FILE',
    describes: 'The boot file; otherwise OCTROI_CONFIG, otherwise octroi.yaml.',
  },
  'data-dir': {
    type: 'string',
    value: 'DIR',
    setting: 'data_dir',
    describes: 'The data folder; otherwise OCTROI_DATA_DIR, otherwise ./octroi-data.',
  },
}

const OF_KIND: Readonly<Record<Command['on'], Options>> = { server: SERVER, 'data folder': DATA_FOLDER, files: {} }

/** A command line can be read by every user of the machine (`ps`), and shells keep it. */
const VISIBLE = 'other users of this machine can read a command line, and the shell keeps it'

const REFUSED: Readonly<Record<string, string>> = {
  key: `${VISIBLE}. Set OCTROI_KEY, or give --key-file PATH`,
  secret: `${VISIBLE}. Give --secret-file NAME=PATH, --secret-env NAME=VARIABLE, or a JSON object with --stdin`,
  password: `${VISIBLE}. Give --secret-file password=PATH, or a JSON object with --stdin`,
  token: `${VISIBLE}. Give --secret-file NAME=PATH, or a JSON object with --stdin`,
  'master-key': `${VISIBLE}. Set OCTROI_MASTER_KEY, or OCTROI_MASTER_KEY_FILE`,
  'database-url': `it may hold a password, and ${VISIBLE}. Set OCTROI_DATABASE_URL`,
}

/** The command's own options, then those of all commands of its kind. */
export function optionsOf(command: Command): Options {
  return { ...command.options, ...commonOptions(command.on) }
}

export function commonOptions(on: Command['on']): Options {
  return { ...OF_KIND[on], ...COMMON }
}

export interface Parsed {
  readonly options: Readonly<Record<string, string | boolean | readonly (string | boolean)[]>>
  readonly args: readonly string[]
}

/** What follows the name of a command. Throws `UsageError`. */
export function parseCommandLine(command: Command, argv: readonly string[]): Parsed {
  const known = optionsOf(command)
  const { tokens } = parseArgs({
    args: withBareValues(argv, known),
    options: {
      ...Object.fromEntries(Object.entries(known).map(([name, { type }]) => [name, { type }])),
      help: { type: 'boolean', short: 'h' },
    },
    strict: false,
    tokens: true,
  })
  const options: Record<string, string | boolean | (string | boolean)[]> = {}
  const args: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') args.push(token.value)
    if (token.kind !== 'option') continue
    const option = Object.hasOwn(known, token.name) ? known[token.name] : undefined
    if (option === undefined) throw unknownOption(command, token.name, token.rawName, known)
    put(options, token.name, option, givenValue(token, option))
  }
  if (options.help !== true) checkCount(command, args)
  return { options, args }
}

/** `--allow-private` without a value means something too; `parseArgs` knows no such option. */
function withBareValues(argv: readonly string[], known: Options): string[] {
  const end = argv.indexOf('--')
  return argv.map((word, i) => {
    const bare = word.startsWith('--') && (end < 0 || i < end) ? known[word.slice(2)]?.bare : undefined
    return bare === undefined ? word : `${word}=${bare}`
  })
}

function givenValue(
  token: { rawName: string; value?: string | undefined; inlineValue?: boolean | undefined },
  option: Option,
) {
  const { rawName, value, inlineValue } = token
  if (option.type === 'boolean') {
    if (value !== undefined) throw new UsageError(`${rawName} takes no value.`)
    return true
  }
  if (value === undefined) throw new UsageError(`${rawName} needs a value: ${rawName} ${option.value ?? 'VALUE'}.`)
  if (inlineValue !== true && /^-./.test(value)) {
    throw new UsageError(
      `${rawName} needs a value, and ${value} looks like an option. If it is the value: ${rawName}=${value}`,
    )
  }
  return value
}

function put(
  options: Record<string, string | boolean | (string | boolean)[]>,
  name: string,
  { multiple, type }: Option,
  value: string | boolean,
): void {
  const before = options[name]
  if (multiple) options[name] = [...((before as (string | boolean)[] | undefined) ?? []), value]
  else if (before === undefined || type === 'boolean') options[name] = value
  else throw new UsageError(`--${name} is given twice.`)
}

/** The value may be a secret that was meant to be hidden: it is never repeated. */
function unknownOption(command: Command, name: string, rawName: string, known: Options): UsageError {
  const reason = pathRemedy(name, known) ?? (Object.hasOwn(REFUSED, name) ? REFUSED[name] : undefined)
  if (reason !== undefined) return new UsageError(`${rawName} is refused: ${reason}.`)
  const hint = didYouMean(name, Object.keys(known), '--')
  const others = takesMore(command) ? ['Options of the program come after --'] : []
  return new UsageError(`octroi ${command.name} has no option ${rawName}.${hint}`, [
    ...others,
    `See: octroi ${command.name} --help`,
  ])
}

/** Where the command takes this one secret from a file or a variable. */
function pathRemedy(name: string, known: Options): string | undefined {
  if (known[`${name}-file`]?.value !== 'PATH' || known[`${name}-env`] === undefined) return undefined
  return `${VISIBLE}. Give --${name}-file PATH, or --${name}-env VARIABLE`
}

/** Its last words are those of a program of the user's. */
export function takesMore(command: Command): boolean {
  return command.args.at(-1)?.endsWith('...]') === true
}

function checkCount(command: Command, args: readonly string[]): void {
  const see = [`See: octroi ${command.name} --help`]
  const missing = command.args.slice(args.length).find((name) => !name.startsWith('['))
  if (missing !== undefined) throw new UsageError(`octroi ${command.name} needs ${missing}.`, see)
  const many = args.length - command.args.length
  if (many <= 0 || takesMore(command)) return
  const takes = command.args.length === 0 ? 'no words' : `${command.args.join(' ')} and no more`
  const joined = Object.entries(command.options).find(([, { bare }]) => bare !== undefined)?.[0]
  const hint = joined === undefined ? [] : [`A value that is optional is joined to its option: --${joined}=VALUE`]
  throw new UsageError(
    `octroi ${command.name} takes ${takes}; there ${many === 1 ? 'is 1' : `are ${many}`} too many.`,
    [...hint, ...see],
  )
}
