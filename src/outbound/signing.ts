import { OctroiError } from '../core/errors.ts'
import { headerValueFault } from './connectors/places.ts'
import type { ConnectionSecrets, ConnectionSettings, Scheme, Signature, SignedNames } from './scheme.ts'

/**
 * All that a connection puts on a request: what its scheme signs with and what its connector sends on every call.
 * A caller cannot set the latter either: choosing another database or recipient would be choosing another account.
 */
export function signConnection(scheme: Scheme, connection: ConnectionSecrets): Signature {
  const signed = scheme.sign(connection)
  const headers = [...constantHeaders(connection), ...signed.headers]
  const query = [...constantQuery(connection), signed.query].filter((pair) => pair !== '').join('&')
  return { ...signed, headers, query }
}

/** What is removed from the caller's request (lower case); compare names in lower case, query names after decoding. */
export function signedNames(scheme: Scheme, connection: ConnectionSettings): SignedNames {
  const { headers, query } = connection.connector.compiled
  const signed = scheme.names(connection)
  return {
    headers: unique([...headers.map(([name]) => name.toLowerCase()), ...signed.headers]),
    query: unique([
      ...query.map(([name]) => name.toLowerCase()),
      ...connection.connector.drop_query.map(lower),
      ...signed.query,
    ]),
  }
}

/**
 * A parameter's name as PHP reads it: cut at NUL and `[`, with `.` and space as `_`. What a caller sends under a name that the
 * service takes for the signature's would be a second signature.
 */
export function mangledParameter(name: string): string {
  return (name.split(/[\0[]/, 1)[0] as string).trim().replace(/[. ]/g, '_')
}

function constantHeaders({ connector, settings }: ConnectionSettings): string[] {
  return connector.compiled.headers.flatMap(([name, template]) => {
    const value = template.render({ settings })
    if (value === undefined) return []
    // Settings are checked when they are given; a store that was edited by hand is not.
    if (headerValueFault(value) !== undefined)
      throw new OctroiError('internal', `The header ${name} of ${connector.id} cannot be sent.`)
    return [name, value]
  })
}

function constantQuery({ connector, settings }: ConnectionSettings): string[] {
  return connector.compiled.query.flatMap(([name, template]) => {
    const value = template.render({ settings })
    return value === undefined ? [] : [`${encodeURIComponent(name)}=${encodeURIComponent(value)}`]
  })
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)]
}

function lower(name: string): string {
  return name.toLowerCase()
}
