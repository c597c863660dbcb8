import { newEvent } from '../../core/events.ts'
import type { StoredConnection } from '../../core/stores.ts'
import type { Connection } from '../../core/types.ts'
import { type ChangeParts, changeSecrets } from '../connections/secrets_change.ts'
import type { Draft } from './draft.ts'

export interface ReconnectParts extends ChangeParts {
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** New secrets and a new token for a connection that exists: its id, and with it every grant, stays. */
export async function reconnect(
  parts: ReconnectParts,
  stored: StoredConnection,
  { connection, secrets, token }: Draft,
): Promise<Connection> {
  const before = stored.connection
  const since = new Date(parts.now()).toISOString()
  const after = { ...before, settings: connection.settings, updated_at: since }
  const opened = await parts.vault.openSecrets(stored.dataKey, before, stored.sealed)
  const subject = `connection:${after.id}`
  await changeSecrets(parts, stored, {
    after,
    sets: { current: { ...opened.current, ...secrets }, next: opened.next },
    keep: 'durable',
    token,
    async record(trx) {
      await trx.events.insert(newEvent('connection.secret_rotated', subject))
      const changed = await trx.connections.setState(after.id, 'ready', null, since)
      if (changed && before.state !== 'pending')
        await trx.events.insert(newEvent('connection.recovered', subject, { reason: null }))
    },
  })
  return { ...after, state: 'ready', state_reason: null, state_since: since }
}
