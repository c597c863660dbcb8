import { type FieldError, OctroiError } from '../../core/errors.ts'
import type { SecretField, SecretFields, Values } from '../scheme.ts'
import { SCHEMES } from '../schemes/index.ts'
import type { Connector, SettingField } from './connector.ts'
import { discoveredAllowed } from './discovered.ts'
import {
  baseUrlFault,
  endpointFault,
  hasControl,
  normaliseBaseUrl,
  type Place,
  pathFault,
  placeFault,
} from './places.ts'
import type { Reference } from './template.ts'

/** What a person or a program gives to make a connection, checked against its connector. No message ever contains a secret. */

const MAX_SETTING = 2048
const MAX_SECRET = 16_384

const BASE_URL: SettingField = { title: 'Address of the service', format: 'url', optional: true }
const ENDPOINT: SettingField = { title: 'Endpoint of the service', format: 'text', optional: true }

/**
 * The settings with defaults applied and addresses normalised. Every connector takes `base_url`: it overrides the connector's own.
 * Throws `invalid_request` that names every faulty field.
 */
export function validateSettings(connector: Connector, settings: unknown): Readonly<Record<string, string>> {
  const faults = new Faults('settings')
  const given = faults.record(settings)
  const fields = settingsOf(connector)
  faults.unknown(given, Object.keys(fields))
  const overridden = Object.hasOwn(given, 'base_url')

  const result: Record<string, string> = {}
  for (const [name, field] of Object.entries(fields)) {
    const value = Object.hasOwn(given, name) ? given[name] : field.default
    if (value === undefined || (value === '' && field.default === undefined)) {
      if (!field.optional && !(overridden && onlyInBaseUrl(connector, name))) faults.add(name, 'is required')
      continue
    }
    const fault =
      settingFault(connector, name, field, value) ?? (field === ENDPOINT ? endpointFault(value as string) : undefined)
    if (fault !== undefined) faults.add(name, fault)
    else result[name] = field.format === 'url' ? normaliseBaseUrl(value as string) : (value as string)
  }
  faults.raise('The settings are not valid')
  resolveBaseUrl(connector, result)
  resolveTest(connector, result)
  return result
}

/** Every connector takes `base_url` and the endpoints of its scheme: a sandbox, a service in one's own network. */
function settingsOf(connector: Connector): Readonly<Record<string, SettingField>> {
  const overrides = [...connector.compiled.overrides].map((name) => [name, ENDPOINT] as const)
  return { base_url: BASE_URL, ...Object.fromEntries(overrides), ...connector.settings }
}

/**
 * The secrets under their exact names. Throws `invalid_request` that names every faulty field. `whose`: all that the scheme asks
 * for, or only what belongs to the connection or to the application (`SecretField.scope`).
 */
export function validateSecrets(
  connector: Connector,
  schemeId: string,
  secrets: unknown,
  whose: 'all' | 'app' | 'connection' = 'all',
): Readonly<Record<string, string>> {
  const scheme = connector.schemes.includes(schemeId) ? SCHEMES[schemeId] : undefined
  if (scheme === undefined)
    throw new OctroiError('invalid_request', `${connector.name} does not offer the scheme ${schemeId}.`)
  const faults = new Faults('secrets')
  const given = faults.record(secrets)
  const fields = fieldsOf(scheme.requires(connector), whose)
  faults.unknown(
    given,
    Object.entries(fields).flatMap(([name, field]) => [name, ...aliasesOf(fields, name, field)]),
  )

  const result: Record<string, string> = {}
  for (const [name, field] of Object.entries(fields)) {
    const spellings = [name, ...aliasesOf(fields, name, field)].filter((spelling) => Object.hasOwn(given, spelling))
    const values = new Set(
      spellings.map((spelling) => given[spelling]).filter((value) => value !== undefined && value !== ''),
    )
    const [value] = values
    const fault =
      values.size > 1 ? `is given twice (${spellings.join(', ')})` : secretFault(connector, name, field, value)
    if (fault !== undefined) faults.add(name, fault)
    else if (value !== undefined) result[name] = value as string
  }
  faults.raise('The secrets are not valid')
  return result
}

export function fieldsOf(fields: SecretFields, whose: 'all' | 'app' | 'connection'): SecretFields {
  if (whose === 'all') return fields
  return Object.fromEntries(Object.entries(fields).filter(([, { scope = 'connection' }]) => scope === whose))
}

/**
 * The address of a connection: absolute, http or https, no trailing slash, no user info, query or fragment. `undefined` while only
 * the service knows it: it comes with the token, and may name the connector's `hosts` only.
 */
export function resolveBaseUrl(connector: Connector, settings: Values, token: Values = {}): string | undefined {
  const own = Object.hasOwn(settings, 'base_url') ? settings.base_url : undefined
  const { references } = connector.compiled.base_url
  const isDiscovered = own === undefined && references.some((name) => name.startsWith('token.'))
  const text = own ?? connector.compiled.base_url.render({ settings, token })
  if (isDiscovered && text === undefined) return undefined
  const fault = text === undefined ? 'is required' : baseUrlFault(text)
  if (text !== undefined && fault === undefined) {
    if (isDiscovered && !discoveredAllowed(connector, settings, text)) throw strayHost(connector)
    return normaliseBaseUrl(text)
  }
  if (isDiscovered) throw strayHost(connector)
  const names = own === undefined ? references : []
  throw invalid('The address of the service is not valid', [
    { path: names[0] ?? 'settings.base_url', message: fault ?? '' },
  ])
}

/** What a service answers must not decide where secrets are sent beyond what the connector foresees. */
function strayHost({ name, hosts }: Connector): OctroiError {
  return new OctroiError(
    'upstream_refused_address',
    `${name} gave an address that is not one of the hosts of the connector (${hosts.join(', ')}).`,
  )
}

/** The harmless request that tells whether a connection works; `undefined` when there is none. */
export function resolveTest(connector: Connector, settings: Readonly<Record<string, string>>): Connector['test'] {
  const path = connector.compiled.test?.render({ settings })
  if (connector.test === undefined || path === undefined) return undefined
  const fault = pathFault(path)
  if (fault === undefined) return { method: connector.test.method, path }
  throw invalid('The path of the test is not valid', [
    { path: connector.compiled.test?.references[0] ?? 'test', message: fault },
  ])
}

function settingFault(connector: Connector, name: string, field: SettingField, value: unknown): string | undefined {
  const general = textFault(value, MAX_SETTING, false)
  if (general !== undefined) return general
  const text = value as string
  if (field.format === 'url') return baseUrlFault(text)
  if (field.format === 'hostname' && !isHostname(text)) return 'must be a host name'
  if (field.enum !== undefined && !field.enum.includes(text)) return `must be one of ${field.enum.join(', ')}`
  if (field.pattern !== undefined && !new RegExp(`^(?:${field.pattern})$`, 'u').test(text))
    return `must match ${field.pattern}`
  return placesFault(connector, `settings.${name}`, text)
}

function secretFault(connector: Connector, name: string, field: SecretField, value: unknown): string | undefined {
  if (value === undefined) return field.optional ? undefined : 'is required'
  const general = textFault(value, MAX_SECRET, field.multiline === true)
  if (general !== undefined) return general
  const inHeader = connector.compiled.places.get(`secrets.${name}`)?.has('header_value')
  // Recipients drop white space around a header value (RFC 9110 §5.5): the secret that arrives would be another one.
  if (inHeader && (value as string).trim() !== value)
    return 'has white space at its start or end; was it pasted with it?'
  return placesFault(connector, `secrets.${name}`, value as string)
}

function textFault(value: unknown, max: number, multiline: boolean): string | undefined {
  if (typeof value !== 'string') return 'must be a string'
  if (value.length > max) return `is longer than ${max} characters`
  if (!value.isWellFormed()) return 'is not valid Unicode'
  if (hasControl(multiline ? value.replace(/[\r\n\t]/g, '') : value))
    return 'contains a line break or another control character'
  return undefined
}

/** Parts of an address or a path are judged once they are put together. */
const JUDGED_WHOLE: ReadonlySet<Place> = new Set(['url', 'endpoint', 'optional_endpoint', 'path'])

function placesFault(connector: Connector, reference: Reference, value: string): string | undefined {
  for (const place of connector.compiled.places.get(reference) ?? []) {
    const fault = JUDGED_WHOLE.has(place) ? undefined : placeFault(place, value)
    if (fault !== undefined) return fault
  }
  return undefined
}

function onlyInBaseUrl(connector: Connector, name: string): boolean {
  const places = connector.compiled.places.get(`settings.${name}`)
  return places?.size === 1 && places.has('url')
}

/** An alias that is the name of another field is that field's. */
function aliasesOf(fields: SecretFields, name: string, field: SecretField): string[] {
  return (field.aliases ?? []).filter((alias) => alias !== name && !Object.hasOwn(fields, alias))
}

function isHostname(text: string): boolean {
  return text.length <= 253 && /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i.test(text)
}

class Faults {
  readonly #root: string
  readonly #errors: FieldError[] = []

  constructor(root: string) {
    this.#root = root
  }

  add(name: string, message: string): void {
    this.#errors.push({ path: name === '' ? this.#root : `${this.#root}.${name}`, message })
  }

  record(value: unknown): Readonly<Record<string, unknown>> {
    if (value === undefined) return {}
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>
    this.add('', 'must be an object of names and values')
    return {}
  }

  unknown(given: Readonly<Record<string, unknown>>, known: readonly string[]): void {
    for (const name of Object.keys(given))
      if (!known.includes(name)) this.add(name, `is not known; known: ${known.join(', ')}`)
  }

  raise(detail: string): void {
    if (this.#errors.length > 0) throw invalid(detail, this.#errors)
  }
}

function invalid(detail: string, errors: readonly FieldError[]): OctroiError {
  const list = errors.map(({ path, message }) => `${path} ${message}`).join('; ')
  return new OctroiError('invalid_request', `${detail}: ${list}.`, { errors })
}
