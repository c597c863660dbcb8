import { newEvent } from '../../core/events.ts'
import type { Store } from '../../core/stores.ts'
import type { Connection, Secrets, Token } from '../../core/types.ts'
import type { Vault } from '../../core/vault.ts'
import type { Catalogue } from '../connectors/catalogue.ts'
import { durableNames } from '../exchange.ts'
import type { Listener } from '../network/egress.ts'
import { awaitsConsent, begunToken, splitBegins } from '../tokens/token_carrying.ts'
import { checkFault } from './check.ts'
import type { OpenApp } from './connector_app.ts'
import { heldOf } from './held.ts'
import { checkOrigin } from './origin_check.ts'
import { type TrialParts, tryOut } from './trial.ts'

export interface MakingParts extends TrialParts {
  readonly store: Store
  readonly vault: Vault
  readonly catalogue: Catalogue
  readonly listeners: () => readonly Listener[]
}

interface Making {
  readonly app: OpenApp | undefined
  readonly verify: boolean
  /** What a person's consent yielded already. */
  readonly token?: Token | undefined
}

/** Stores a new connection: `pending` where a person must still agree at the service. With `verify` it is tried before. */
export async function makeConnection(
  parts: MakingParts,
  connection: Connection,
  secrets: Secrets,
  { app, verify, token: obtained }: Making,
): Promise<Connection> {
  const held = heldOf(connection, secrets, parts.catalogue, app)
  const { connector, scheme, connection: effective } = held
  await checkOrigin(parts.listeners, connector, effective)
  const { kept, begins } = splitBegins(scheme, connector, secrets)
  const begun =
    scheme.exchange === undefined ? null : (obtained ?? begunToken(begins, durableNames(scheme.exchange, connector)))
  const isPending = awaitsConsent(scheme, connector, effective.settings, begun?.values ?? {})
  let token = begun
  if (verify && !isPending) {
    const trial = await tryOut(parts, { ...held, token: begun })
    if (!trial.result.ok) throw checkFault(trial.result)
    token = trial.token
  }
  const made: Connection = isPending ? { ...connection, state: 'pending', state_reason: AWAITS } : connection
  await parts.store.transaction(async (store) => {
    const dataKey = await parts.vault.newDataKey(store)
    const sealed = await parts.vault.sealSecrets(dataKey, made, { current: kept, next: null }, 1)
    await store.connections.insert(made, sealed, dataKey.id)
    if (token !== null)
      await store.tokens.put(made.id, await parts.vault.sealToken(dataKey, made, token, 1), token.renew_at)
    await store.events.insert(newEvent('connection.created', `connection:${made.id}`, { connector: connector.id }))
  })
  return made
}

export const AWAITS = 'Nobody has agreed at the service yet: open a connect session'
