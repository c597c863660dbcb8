import { OctroiError } from '../../core/errors.ts'
import type { Connection } from '../../core/types.ts'
import { resolveBaseUrl } from '../connectors/connection_input.ts'
import type { Connector } from '../connectors/connector.ts'
import { Egress, type Listener, originRefusal } from '../network/egress.ts'
import { SCHEMES } from '../schemes/index.ts'

/** Refuses addresses that this network policy does not reach: the service's and those of its exchange. Throws 422 `insecure_upstream`. */
export async function checkOrigin(
  listeners: () => readonly Listener[],
  connector: Connector,
  { settings, network, scheme }: Connection,
): Promise<void> {
  const egress = new Egress(network, listeners)
  const endpoints = SCHEMES[scheme]?.exchange?.endpoints({ connector, settings }) ?? []
  for (const address of new Set([resolveBaseUrl(connector, settings), ...endpoints])) {
    const refusal = address === undefined ? undefined : await originRefusal(address, egress)
    if (refusal === undefined) continue
    throw new OctroiError('insecure_upstream', `The address of the service is not allowed: ${refusal}.`, {
      errors: [{ path: settingBehind(connector, settings, address as string), message: refusal }],
    })
  }
}

/** The setting that an address came from, as far as one can tell. */
function settingBehind(connector: Connector, settings: Connection['settings'], address: string): string {
  const name = Object.keys(settings).find((key) => address.startsWith(settings[key] as string))
  return `settings.${name ?? connector.compiled.base_url.references[0]?.slice('settings.'.length) ?? 'base_url'}`
}
