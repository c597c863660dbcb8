import { discoveredAllowed } from '../../connectors/discovered.ts'
import { baseUrlFault, normaliseBaseUrl } from '../../connectors/places.ts'
import { type ExchangeContext, ExchangeError } from '../../exchange.ts'
import { parseJson, textAt } from '../../json_path.ts'
import type { ConnectionSecrets } from '../../scheme.ts'
import { endOf } from '../oauth/oauth_expiry.ts'
import { refusalOf } from '../oauth/oauth_refusal.ts'
import { siteOf } from './superoffice_site.ts'

export interface TenantHost {
  /** The address of the tenant's API, on one of the numbered hosts. It moves to balance the load. */
  readonly api: string
  /** Milliseconds since the epoch; `null` where the answer does not say. */
  readonly validUntil: number | null
}

/** Where a tenant is served now (so-docs, "Status page"). Throws `ExchangeError` `transient` while the tenant does not run. */
export async function tenantHost(
  ctx: string,
  connection: ConnectionSecrets,
  { fetch, now }: ExchangeContext,
): Promise<TenantHost> {
  const url = `${siteOf(connection)}/api/state/${encodeURIComponent(ctx)}`
  const answer = await fetch({ method: 'GET', url, headers: { Accept: 'application/json' } })
  if (answer.status !== 200) throw refusalOf(answer, now())
  const json = parseJson(answer.text)
  if (textAt(json, ['IsRunning'])?.toLowerCase() !== 'true') throw notRunning(textAt(json, ['State']))
  return {
    api: address(textAt(json, ['Api']), connection),
    validUntil: endOf({ at: textAt(json, ['ValidUntil']), unit: 's' }, now()),
  }
}

function address(api: string | undefined, { connector, settings }: ConnectionSecrets): string {
  if (api === undefined || baseUrlFault(api) !== undefined)
    throw new ExchangeError('transient', 'SuperOffice gave no address of the API of the tenant.')
  if (discoveredAllowed(connector, settings, api)) return normaliseBaseUrl(api)
  const hosts = connector.hosts.join(', ')
  throw new ExchangeError('human', `SuperOffice gave an address of the API that is none of the hosts ${hosts}.`)
}

/** Suspended and offline for maintenance pass by themselves; what does not is for the vendor's people and the tenant's. */
function notRunning(state: string | undefined): ExchangeError {
  const shown = state !== undefined && /^[A-Za-z0-9]{1,30}$/.test(state) ? `its state is ${state}` : 'it says no state'
  return new ExchangeError('transient', `The tenant at SuperOffice is not running: ${shown}.`)
}
