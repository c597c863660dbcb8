import { z } from 'zod'
import { headerNameFault, headerValueFault } from '../connectors/places.ts'
import type { Template, TemplateScope } from '../connectors/template.ts'
import type { ConnectionSecrets, ConnectionSettings, Signature, SignedNames } from '../scheme.ts'
import { basicValue, rendered, unusable } from './placing.ts'

/** Where secrets and token values go on every request: headers, query parameters, Basic. */

const Placement = z.union(
  [
    z.strictObject({ header: z.string().min(1), value: z.string().min(1) }),
    z.strictObject({ query: z.string().min(1), value: z.string().min(1) }),
    z.strictObject({ basic: z.strictObject({ username: z.string(), password: z.string() }) }),
  ],
  { error: 'must be {header, value}, {query, value} or {basic: {username, password}}' },
)

export const placementsSchema = z
  .array(Placement)
  .min(1)
  .describe('Where each secret goes: {header, value}, {query, value} or {basic: {username, password}}.')

export type Placements = readonly CompiledPlacement[]

type CompiledPlacement =
  | { readonly in: 'header' | 'query'; readonly name: Template; readonly value: Template }
  | { readonly in: 'basic'; readonly username: Template; readonly password: Template }

/** `secrets` and `token` are the names that the scheme itself knows. */
export function compilePlacements(
  value: z.infer<typeof placementsSchema>,
  scope: TemplateScope,
  secrets: readonly string[],
  token: readonly string[] = [],
): Placements {
  return value.map((placement) => {
    if ('basic' in placement)
      return {
        in: 'basic',
        username: scope.private(placement.basic.username, 'user_name', secrets, token),
        password: scope.private(placement.basic.password, 'password', secrets, token),
      }
    const where = 'header' in placement ? 'header' : 'query'
    const name = scope.public('header' in placement ? placement.header : placement.query, `${where}_name`)
    return { in: where, name, value: scope.private(placement.value, `${where}_value`, secrets, token) }
  })
}

export function placementNames(placements: Placements, connection: ConnectionSettings): SignedNames {
  const names = { headers: [] as string[], query: [] as string[] }
  for (const placement of placements) {
    if (placement.in === 'basic') names.headers.push('authorization')
    else names[placement.in === 'header' ? 'headers' : 'query'].push(nameOf(placement.name, connection).toLowerCase())
  }
  return names
}

export function signPlacements(placements: Placements, connection: ConnectionSecrets): Signature {
  const headers: string[] = []
  const query: string[] = []
  for (const placement of placements) put(placement, connection, headers, query)
  return { headers, query: query.join('&') }
}

export function placementTemplates(placements: Placements): readonly Template[] {
  return placements.flatMap((placement) =>
    placement.in === 'basic' ? [placement.username, placement.password] : [placement.value],
  )
}

function put(placement: CompiledPlacement, connection: ConnectionSecrets, headers: string[], query: string[]): void {
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
