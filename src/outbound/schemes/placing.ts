import { OctroiError } from '../../core/errors.ts'
import type { Connector } from '../connectors/connector.ts'
import { hasControl } from '../connectors/places.ts'
import type { Template } from '../connectors/template.ts'
import type { ConnectionSecrets, SecretField, SecretFields } from '../scheme.ts'

/** What schemes that only put secrets on a request have in common. */

/** The names of the secrets that some templates use, in the order of their first use. */
export function referenced(templates: readonly Template[]): string[] {
  const names = templates.flatMap((template) => template.references)
  return [...new Set(names.filter((name) => name.startsWith('secrets.')).map((name) => name.slice('secrets.'.length)))]
}

/** The fields behind those names: as the connector words them, else as the scheme does. */
export function declared(connector: Connector, defaults: SecretFields, names: readonly string[]): SecretFields {
  return Object.fromEntries(names.map((name) => [name, field(connector, defaults, name)]))
}

function field(connector: Connector, defaults: SecretFields, name: string): SecretField {
  return { title: name, ...defaults[name], ...connector.secrets[name] }
}

/** RFC 7617. An absent optional part is empty, as in `key:` with no password. */
export function basicValue(username: Template, password: Template, connection: ConnectionSecrets): string {
  const user = rendered(username, connection) ?? ''
  const secret = rendered(password, connection) ?? ''
  if (user.includes(':') || hasControl(user) || hasControl(secret))
    throw unusable(connection, 'The user name or password cannot be sent with Basic authentication.')
  return `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`
}

/** The text, `undefined` where only optional values are absent; refuses when a required secret is missing. */
export function rendered(template: Template, connection: ConnectionSecrets): string | undefined {
  const text = template.render(connection)
  if (text !== undefined) return text
  const missing = referenced([template]).find(
    (name) => !hasSecret(connection, name) && !isOptional(connection.connector, name),
  )
  if (missing !== undefined) throw unusable(connection, `The secret ${missing} is missing.`)
  const value = template.references.find((name) => name.startsWith('token.') && !hasToken(connection, name.slice(6)))
  if (value !== undefined) throw unusable(connection, `The service gave no ${value.slice(6)}.`)
  return undefined
}

function hasSecret(connection: ConnectionSecrets, name: string): boolean {
  return Object.hasOwn(connection.secrets, name)
}

function hasToken({ token }: ConnectionSecrets, name: string): boolean {
  return token !== undefined && Object.hasOwn(token, name)
}

function isOptional(connector: Connector, name: string): boolean {
  return connector.secrets[name]?.optional === true
}

/** Only a person can mend stored secrets. */
export function unusable(connection: ConnectionSecrets, detail: string): OctroiError {
  return new OctroiError('reconnect_required', `${detail} Connect ${connection.connector.name} again.`)
}
