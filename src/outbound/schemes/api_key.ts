import { z } from 'zod'
import type { Connector } from '../connector.ts'
import { headerNameFault, headerValueFault } from '../places.ts'
import type { ConnectionSecrets, ConnectionSettings, Scheme, SecretFields } from '../scheme.ts'
import type { Template, TemplateScope } from '../template.ts'
import { basicValue, declared, referenced, rendered, unusable } from './placing.ts'

const FIELDS: SecretFields = { api_key: { title: 'API key' } }

const Placement = z.union(
  [
    z.strictObject({ header: z.string().min(1), value: z.string().min(1) }),
    z.strictObject({ query: z.string().min(1), value: z.string().min(1) }),
    z.strictObject({ basic: z.strictObject({ username: z.string(), password: z.string() }) }),
  ],
  { error: 'must be {header, value}, {query, value} or {basic: {username, password}}' },
)

export const apiKeySection = z
  .array(Placement)
  .min(1)
  .describe('Where each secret goes: {header, value}, {query, value} or {basic: {username, password}}.')

type Compiled =
  | { readonly in: 'header' | 'query'; readonly name: Template; readonly value: Template }
  | { readonly in: 'basic'; readonly username: Template; readonly password: Template }

/** One or more fixed secrets, each put where the connector says: a header, a query parameter, Basic. */
export const apiKey: Scheme = {
  id: 'api_key',
  title: 'API key',
  section: {
    schema: apiKeySection,
    compile(value, scope): readonly Compiled[] {
      if (value === undefined) throw new Error('is required: it says where the key goes')
      return (value as z.infer<typeof apiKeySection>).map((placement) => place(placement, scope))
    },
  },
  requires: (connector) => declared(connector, FIELDS, referenced(compiled(connector).flatMap(templates))),
  injects: ({ secrets }) => ({ ...secrets }),
  names(connection) {
    const names = { headers: [] as string[], query: [] as string[] }
    for (const placement of compiled(connection.connector)) {
      if (placement.in === 'basic') names.headers.push('authorization')
      else names[placement.in === 'header' ? 'headers' : 'query'].push(nameOf(placement.name, connection).toLowerCase())
    }
    return names
  },
  sign(connection) {
    const headers: string[] = []
    const query: string[] = []
    for (const placement of compiled(connection.connector)) put(placement, connection, headers, query)
    return { headers, query: query.join('&') }
  },
}

function place(placement: z.infer<typeof Placement>, scope: TemplateScope): Compiled {
  const more = Object.keys(FIELDS)
  if ('basic' in placement)
    return {
      in: 'basic',
      username: scope.private(placement.basic.username, 'user_name', more),
      password: scope.private(placement.basic.password, 'password', more),
    }
  const where = 'header' in placement ? 'header' : 'query'
  const name = scope.public('header' in placement ? placement.header : placement.query, `${where}_name`)
  return { in: where, name, value: scope.private(placement.value, `${where}_value`, more) }
}

function put(placement: Compiled, connection: ConnectionSecrets, headers: string[], query: string[]): void {
  if (placement.in === 'basic') {
    headers.push('Authorization', basicValue(placement.username, placement.password, connection))
    return
  }
  const value = rendered(placement.value, connection)
  if (value === undefined) return
  const name = nameOf(placement.name, connection)
  if (placement.in === 'query') {
    query.push(`${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    return
  }
  const fault = headerNameFault(name) ?? headerValueFault(value)
  if (fault !== undefined) throw unusable(connection, `The value for the header ${placement.name.text} ${fault}.`)
  headers.push(name, value)
}

/** A name that is a setting is always there: it is required or has a default (`connector_checks.ts`). */
function nameOf(name: Template, connection: ConnectionSettings): string {
  return name.render({ settings: connection.settings }) ?? ''
}

function templates(placement: Compiled): Template[] {
  return placement.in === 'basic' ? [placement.username, placement.password] : [placement.value]
}

function compiled(connector: Connector): readonly Compiled[] {
  return connector.compiled.schemes.api_key as readonly Compiled[]
}
