import { z } from 'zod'
import type { Output } from '../client/index.ts'
import type { SignInKind } from '../core/people_types.ts'
import { METHOD_KINDS } from '../sign_in/methods/index.ts'
import { UsageError, type Values } from './command.ts'
import { givenNetwork, type Network, PLACE_OPTIONS, SECRET_OPTIONS } from './connection_giving.ts'
import { given, listOf, wholeNumber, yesOrNo } from './input.ts'
import { fields } from './table.ts'

/** How a sign-in method is written on the command line, and shown. */

export type SignInMethod = Output<'GET', '/sign-in-methods/{id}'>

const { 'allow-private': allowPrivate, 'allow-http': allowHttp, 'ca-file': caFile } = PLACE_OPTIONS

export const METHOD_FIELDS = {
  position: { type: 'string', value: 'N', describes: 'Buttons stand in this order: 50 unless given.' },
  enabled: { type: 'string', value: 'no', bare: 'yes', describes: 'People can sign in by it; =no switches it off.' },
  set: {
    type: 'string',
    multiple: true,
    value: 'NAME=VALUE',
    describes: 'A setting, such as issuer; again for a list, NAME.PART=VALUE inside one, none takes it back.',
  },
  'set-json': { type: 'string', multiple: true, value: 'NAME=JSON', describes: 'A setting as JSON.' },
  'first-sign-in': {
    type: 'string',
    value: 'WHAT',
    describes: 'Somebody whom no account knows: create, ask or refuse (unless given).',
  },
  'second-factor': { type: 'string', value: 'WHEN', describes: 'never, enrolled (unless given) or required.' },
  group: { type: 'string', multiple: true, value: 'GROUP', describes: 'Accounts that it makes are in it; none.' },
  organizations: {
    type: 'string',
    value: 'WHETHER',
    describes: 'Whether an organization is chosen: ignore (unless given), optional or required.',
  },
  'allow-private': allowPrivate,
  'allow-http': allowHttp,
  'ca-file': caFile,
  ...SECRET_OPTIONS,
} as const

type Given = Values<typeof METHOD_FIELDS>

/** Without settings and secrets. */
export function methodFields(options: Given, before?: Network) {
  return given({
    position: wholeNumber('position', options.position, 0),
    enabled: yesOrNo('enabled', options.enabled),
    first_sign_in: options['first-sign-in'] as SignInMethod['first_sign_in'] | undefined,
    second_factor: options['second-factor'] as SignInMethod['second_factor'] | undefined,
    groups: listOf(options.group),
    organizations: options.organizations as SignInMethod['organizations'] | undefined,
    network: givenNetwork(options, before),
  })
}

type Json = Readonly<Record<string, unknown>>

/** What is said of settings; `before` is what a part that is given is a part of. `null`: taken back. */
export function settingsOf(kind: SignInKind, { set, 'set-json': json }: Given, before: Json = {}): Json | undefined {
  if (set === undefined && json === undefined) return undefined
  const settings: Record<string, unknown> = {}
  for (const text of json ?? []) {
    const [name, value] = pairOf('set-json', text)
    settings[name] = jsonOf(name, value)
  }
  const schema = schemaOf(kind)
  const seen = new Set<string>()
  for (const text of set ?? []) {
    const [path, value] = pairOf('set', text)
    const [name = '', ...parts] = pathIn(schema, path)
    if (parts.length > 0) settings[name] ??= before[name] ?? {}
    put(settings, [name, ...parts], value, leafOf(schema, [name, ...parts]), seen.has(path))
    seen.add(path)
  }
  return settings
}

function pairOf(option: string, text: string): [string, string] {
  const at = text.indexOf('=')
  // The text is not repeated: it may be a secret in the wrong place.
  if (at < 1) throw new UsageError(`--${option} takes NAME=VALUE.`)
  return [text.slice(0, at), text.slice(at + 1)]
}

function jsonOf(name: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new UsageError(`--set-json ${name} takes JSON.`)
  }
}

interface Schema {
  readonly type?: string
  readonly anyOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: Schema | boolean
}

/** The kind's own schema says which values are texts, numbers, switches and lists. */
function schemaOf(kind: SignInKind): Schema {
  return z.toJSONSchema(METHOD_KINDS[kind].settings, { io: 'input', unrepresentable: 'any' }) as Schema
}

/** `claims.email`: a part; the names in a mapping are the user's own, and may hold dots. */
function pathIn(schema: Schema, path: string): string[] {
  const parts = path.split('.')
  for (let i = 1; i <= parts.length; i++) {
    const inside = leafOf(schema, parts.slice(0, i))
    if (inside.properties !== undefined || i === parts.length) continue
    return typeof inside.additionalProperties === 'object' ? [...parts.slice(0, i), parts.slice(i).join('.')] : [path]
  }
  return parts
}

function leafOf(schema: Schema, path: readonly string[]): Schema {
  return path.reduce<Schema>((inside, name) => {
    const { properties = {}, additionalProperties: any } = inside
    const next = Object.hasOwn(properties, name) ? properties[name] : typeof any === 'object' ? any : {}
    return bare(next ?? {})
  }, schema)
}

/** Of what may be null besides. */
function bare(schema: Schema): Schema {
  return schema.anyOf?.find(({ type }) => type !== 'null') ?? schema
}

function put(settings: Record<string, unknown>, path: readonly string[], text: string, leaf: Schema, again: boolean) {
  const [name = '', ...more] = path
  if (more.length > 0) {
    const inside = { ...(settings[name] as Record<string, unknown> | null | undefined) }
    put(inside, more, text, leaf, again)
    settings[name] = inside
    return
  }
  if (text === 'none') settings[name] = null
  else if (leaf.type === 'array') settings[name] = again ? [...(settings[name] as unknown[]), text] : [text]
  else if (again) throw new UsageError(`--set ${name} is given twice.`)
  else settings[name] = readAs(name, text, leaf.type)
}

function readAs(name: string, text: string, type: string | undefined): unknown {
  if (type === 'boolean') {
    if (/^(?:true|yes)$/.test(text)) return true
    if (/^(?:false|no)$/.test(text)) return false
    throw new UsageError(`--set ${name} takes true or false.`)
  }
  if (type !== 'integer' && type !== 'number') return text
  if (/^-?\d{1,15}$/.test(text)) return Number(text)
  throw new UsageError(`--set ${name} takes a number.`)
}

export function methodText({ settings, network, ...rest }: SignInMethod): string {
  const { redirect_uri, post_logout_redirect_uri, created_at, updated_at, ...method } = rest
  return fields({
    ...method,
    ...Object.fromEntries(Object.entries(settings).map(([name, value]) => [`settings.${name}`, value])),
    network,
    ...(redirect_uri === null ? {} : { redirect_uri, post_logout_redirect_uri }),
    created_at,
    updated_at,
  })
}
