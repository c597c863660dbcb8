import type { ItemOf, OctroiClient } from '../client/index.ts'
import { UsageError } from './command.ts'
import { pairs, secretFromEnv, secretOf, textOf } from './input.ts'
import type { Terminal } from './terminal.ts'

/** How a connection is given its settings, secrets and network: by options, and by questions for what is missing. */

export type Connector = ItemOf<'/connectors'>

export const SECRET_OPTIONS = {
  'secret-file': { type: 'string', multiple: true, value: 'NAME=PATH', describes: 'A secret, read from a file here.' },
  'secret-env': {
    type: 'string',
    multiple: true,
    value: 'NAME=VARIABLE',
    describes: 'A secret, from the environment.',
  },
  stdin: { type: 'boolean', describes: 'Secrets as a JSON object on stdin: {"username": "...", "password": "..."}.' },
} as const

export const PLACE_OPTIONS = {
  set: { type: 'string', multiple: true, value: 'NAME=VALUE', describes: 'A setting, such as base_url.' },
  'allow-private': {
    type: 'string',
    value: 'CIDR,...',
    bare: 'yes',
    describes: 'Addresses inside your network may be called: all private ones, or those given; =no takes it back.',
  },
  'allow-http': { type: 'string', value: 'no', bare: 'yes', describes: 'Plain http may be used; =no takes it back.' },
  'ca-file': {
    type: 'string',
    value: 'PATH',
    describes: 'Trust only these certificates (PEM); the file is read here and sent as text.',
  },
} as const

export interface Secrets {
  readonly [name: string]: string
}

export async function givenSecrets(
  options: {
    readonly 'secret-file'?: readonly string[] | undefined
    readonly 'secret-env'?: readonly string[] | undefined
    readonly stdin?: boolean | undefined
  },
  terminal: Terminal,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Secrets> {
  const files = Object.entries(pairs('secret-file', options['secret-file']))
  const variables = Object.entries(pairs('secret-env', options['secret-env']))
  const all = [
    ...files.map(([name, path]) => [name, secretOf('secret-file', path)] as const),
    ...variables.map(([name, variable]) => [name, secretFromEnv('secret-env', variable, env)] as const),
    ...(options.stdin === true ? Object.entries(secretsIn(await terminal.readAll())) : []),
  ]
  const twice = all.find(([name], i) => all.findIndex(([other]) => other === name) !== i)
  if (twice !== undefined) throw new UsageError(`The secret ${twice[0]} is given twice.`)
  return Object.fromEntries(all)
}

function secretsIn(text: string): Secrets {
  const wrong = () => new UsageError('--stdin takes a JSON object of strings: {"username": "...", "password": "..."}.')
  try {
    const value: unknown = JSON.parse(text)
    if (value === null || typeof value !== 'object' || Array.isArray(value)) throw wrong()
    if (Object.values(value).every((secret) => typeof secret === 'string')) return value as Secrets
  } catch {
    // The parser's message would show a part of the text.
  }
  throw wrong()
}

export interface Network {
  readonly allow_private?: boolean | string[] | undefined
  readonly allow_http?: boolean | undefined
  readonly ca?: string | undefined
}

/** The network of a connection with what the options change of it; `undefined` when they say nothing. */
export function givenNetwork(
  options: {
    readonly 'allow-private'?: string | undefined
    readonly 'allow-http'?: string | undefined
    readonly 'ca-file'?: string | undefined
  },
  before: Network = {},
): Network | undefined {
  const { 'allow-private': reach, 'allow-http': http, 'ca-file': ca } = options
  if (reach === undefined && http === undefined && ca === undefined) return undefined
  const { allow_private, allow_http, ...rest } = before
  const reached = reach === undefined ? allow_private : (yesNo(reach, 'allow-private') ?? reach.split(','))
  const plain = http === undefined ? allow_http : (yesNo(http, 'allow-http') ?? false)
  return {
    ...rest,
    ...(reached === undefined || reached === false ? {} : { allow_private: reached }),
    ...(plain === true ? { allow_http: true } : {}),
    ...(ca === undefined ? {} : { ca: textOf('ca-file', ca) }),
  }
}

function yesNo(value: string, option: string): boolean | undefined {
  if (value === 'yes' || value === 'true') return true
  if (value === 'no' || value === 'false') return false
  if (option === 'allow-private') return undefined
  throw new UsageError(`--${option} takes nothing, or =no.`)
}

export async function connectorOf(server: OctroiClient, id: string): Promise<Connector> {
  return server.get('/connectors/{id}', { params: { id } })
}

export function schemeOf(connector: Connector, asked: string | undefined): string {
  const scheme = asked ?? connector.schemes[0]
  if (scheme !== undefined && connector.schemes.includes(scheme)) return scheme
  throw new UsageError(`${connector.id} offers ${connector.schemes.join(', ')}, not ${asked}.`)
}

/** A field as the connector words it. */
interface Field {
  readonly title?: string
  readonly description?: string
  readonly example?: string
  readonly default?: string
  readonly optional?: boolean
  readonly secret?: boolean
  readonly multiline?: boolean
  readonly aliases?: readonly string[]
  readonly scope?: 'app' | 'connection'
}

/** Belongs to the application that is registered at the service, and not to one account there. */
export function isOfApp({ scope }: Field): boolean {
  return scope === 'app'
}

export interface Missing {
  readonly kind: 'setting' | 'secret'
  readonly name: string
  readonly field: Field
}

export function missingSettings(connector: Connector, settings: Readonly<Record<string, string>>): Missing[] {
  // With an address of its own, what would only have made up the address is not needed.
  const inAddress = (name: string) => 'base_url' in settings && connector.base_url.includes(`{settings.${name}}`)
  return Object.entries(connector.settings as Record<string, Field>)
    .filter(([name, field]) => field.optional !== true && field.default === undefined && !inAddress(name))
    .filter(([name]) => !Object.hasOwn(settings, name))
    .map(([name, field]) => ({ kind: 'setting', name, field }))
}

export function missingSecrets(connector: Connector, scheme: string, secrets: Secrets): Missing[] {
  return Object.entries((connector.secrets[scheme] ?? {}) as Record<string, Field>)
    .filter(([, field]) => field.optional !== true)
    .filter(([name, { aliases = [] }]) => ![name, ...aliases].some((spelling) => Object.hasOwn(secrets, spelling)))
    .map(([name, field]) => ({ kind: 'secret', name, field }))
}

/** Without what a shared application lends. */
export function ownMissing(missing: readonly Missing[], isLent: boolean): readonly Missing[] {
  return missing.filter(({ field }) => !(isLent && isOfApp(field)))
}

/** Asks for each on a terminal; elsewhere says what is missing and how it is given (exit 64). */
export async function askFor(
  terminal: Terminal,
  missing: readonly Missing[],
  may: boolean,
): Promise<{ settings: Record<string, string>; secrets: Record<string, string> }> {
  const answers = { settings: {} as Record<string, string>, secrets: {} as Record<string, string> }
  if (missing.length === 0) return answers
  if (!may || !terminal.interactive) {
    const names = missing.map(({ kind, name }) => `the ${kind} ${name}`).join(', ')
    throw new UsageError(`Missing: ${names}.`, missing.map(howToGive))
  }
  for (const one of missing) {
    answers[one.kind === 'setting' ? 'settings' : 'secrets'][one.name] = await askOne(terminal, one)
  }
  return answers
}

async function askOne(terminal: Terminal, { kind, name, field }: Missing): Promise<string> {
  const title = field.title ?? name
  if (field.description !== undefined) terminal.say(field.description)
  const question = field.example === undefined ? title : `${title} (like ${field.example})`
  for (;;) {
    const answer = await askAs(terminal, kind, field, question)
    if (answer !== '') return answer
  }
}

async function askAs(terminal: Terminal, kind: Missing['kind'], field: Field, question: string): Promise<string> {
  if (kind === 'setting') return (await terminal.ask(question)).trim()
  if (field.multiline !== true) return terminal.askHidden(question)
  // A key of several lines cannot be typed as one.
  const path = (await terminal.ask(`${question}, the path of its file`)).trim()
  return path === '' ? '' : textOf('secret-file', path)
}

function howToGive({ kind, name, field }: Missing): string {
  const title = field.title === undefined || field.title === name ? '' : ` (${field.title})`
  if (kind === 'setting') return `${name}${title}: --set ${name}=${field.example ?? 'VALUE'}`
  return `${name}${title}: --secret-file ${name}=PATH, --secret-env ${name}=VARIABLE, or --stdin`
}
