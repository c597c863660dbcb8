import type { Values } from '../scheme.ts'
import type { Connector } from './connector.ts'
import { hostAllowed } from './hosts.ts'

/**
 * Whether an address that a service gave may be sent secrets: over https to one of the connector's `hosts`, or to the very host that
 * an address among the connection's own settings names (a sandbox, a service in one's own network). Whoever gave the secrets
 * gave that address with them; what the service answers decides on the port and path there, and on nothing else.
 */
export function discoveredAllowed(connector: Connector, settings: Values, address: string): boolean {
  const url = new URL(address)
  if (url.protocol === 'https:' && hostAllowed(connector.hosts, url.hostname)) return true
  return ownAddresses(connector, settings).some((own) => own.protocol === url.protocol && own.hostname === url.hostname)
}

function ownAddresses(connector: Connector, settings: Values): URL[] {
  const names = Object.keys(settings).filter(
    (name) => name === 'base_url' || connector.settings[name]?.format === 'url',
  )
  return names.flatMap((name) => URL.parse(settings[name] ?? '') ?? [])
}
