import type { StoredConnection } from '../core/stores.ts'
import { type CheckResult, checkConnection, checkFault } from '../outbound/connections/check.ts'
import { type Held, openHeld } from '../outbound/connections/held.ts'
import { faultOf, tryOut } from '../outbound/connections/trial.ts'
import { awaitsConsent } from '../outbound/tokens/token_carrying.ts'
import type { ApiParts } from './endpoint.ts'

/**
 * Throws `invalid_request` when a connection that is not stored does not work. Where a person's consent is needed it cannot be tried:
 * what is left of the consent would be spent on the trial.
 */
export async function requireWorks(parts: ApiParts, held: Held): Promise<void> {
  if (awaitsConsent(held.scheme, held.connector, held.connection.settings, {})) return
  const { result } = await tryOut(parts, held)
  if (!result.ok) throw checkFault(result)
}

/** The test of a connection as it is stored, with a token that is good by now. */
export async function testStored(parts: ApiParts, stored: StoredConnection): Promise<CheckResult> {
  const began = performance.now()
  const sought = await parts.targets.build(stored)
  try {
    return await checkConnection(await parts.renewals.ready(sought))
  } catch (error) {
    return { ...faultOf(error), ok: false, status: null, ms: Math.round(performance.now() - began) }
  }
}

/** The test with the secrets that the connection changes over to; `undefined` when it holds none. */
export async function testNext(parts: ApiParts, stored: StoredConnection): Promise<CheckResult | undefined> {
  const sought = await parts.targets.build(stored)
  if (sought.ready && sought.next !== null) return checkConnection(sought, sought.next)
  const held = await openHeld(stored, parts.vault, parts.catalogue)
  if (held.next === null) return undefined
  if (awaitsConsent(held.scheme, held.connector, held.connection.settings, {})) return UNTRIED
  return (await tryOut(parts, { ...held, secrets: held.next, token: null })).result
}

const UNTRIED: CheckResult = {
  ok: true,
  outcome: 'untested',
  status: null,
  detail: 'What needs a person’s consent is tried when the connection changes over to it.',
  ms: 0,
}
