import type { Connector } from './connector.ts'
import type { Place } from './places.ts'

/** What a setting decides of where secrets go (D8): who may change it must have them, or not need them. */

const ADDRESSES = ['url', 'endpoint', 'optional_endpoint'] as const
const NAMES = ['header_name', 'query_name'] as const

/** Part of an address of the service or of its exchange. */
export function isAddress(connector: Connector, setting: string): boolean {
  if (setting === 'base_url' || connector.compiled.overrides.has(setting)) return true
  return isIn(connector, setting, ADDRESSES)
}

/**
 * The name under which something is sent. Services repeat some headers in their answers (`X-Request-Id`, `Origin`): a secret that is
 * sent under such a name comes back to the caller.
 */
export function isName(connector: Connector, setting: string): boolean {
  return isIn(connector, setting, NAMES)
}

function isIn({ compiled }: Connector, setting: string, wanted: readonly Place[]): boolean {
  const places = compiled.places.get(`settings.${setting}`)
  return places !== undefined && wanted.some((place) => places.has(place))
}
