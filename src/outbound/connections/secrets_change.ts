import { OctroiError } from '../../core/errors.ts'
import type { Store, StoredConnection } from '../../core/stores.ts'
import type { Connection, Token } from '../../core/types.ts'
import type { SecretSets, Vault } from '../../core/vault.ts'
import type { Catalogue } from '../connectors/catalogue.ts'
import type { Values } from '../scheme.ts'
import type { Renewals } from '../tokens/renewals.ts'
import { carryToken, type Keep, type TokenToPut } from '../tokens/token_carrying.ts'

export interface ChangeParts {
  readonly store: Store
  readonly vault: Vault
  readonly catalogue: Catalogue
  readonly renewals: Pick<Renewals, 'whileStill'>
}

export interface SecretsChange {
  /** The connection as it will be. */
  readonly after: Connection
  readonly sets: SecretSets
  /** What becomes of its token (`token_carrying.ts`); `token` is another one instead. */
  readonly keep: Keep
  readonly begins?: Values | undefined
  readonly token?: Token | null | undefined
  /** In the same transaction. */
  record(store: Store): Promise<void>
}

/**
 * Seals a connection's secrets anew, and its token with them, while no renewal is under way. Throws `conflict` when somebody changed
 * them since `stored` was read, `busy` when a renewal does not end.
 */
export async function changeSecrets(
  { store, vault, catalogue, renewals }: ChangeParts,
  stored: StoredConnection,
  { after, sets, keep, begins, token, record }: SecretsChange,
): Promise<void> {
  const { id } = stored.connection
  await renewals.whileStill(id, async () => {
    // The token may have been renewed since.
    const now = await store.connections.get(id)
    if (now?.sealed.version !== stored.sealed.version) throw changedMeanwhile()
    const version = now.sealed.version + 1
    const sealed = await vault.sealSecrets(now.dataKey, after, sets, version)
    const put: TokenToPut | null =
      token == null
        ? await carryToken(vault, catalogue, now, { version, keep, after, begins })
        : { sealed: await vault.sealToken(now.dataKey, after, token, version), dueAt: token.renew_at }
    await store.transaction(async (trx) => {
      await trx.connections.update(after)
      if (!(await trx.connections.updateSecrets(id, sealed, now.sealed.version))) throw changedMeanwhile()
      if (put !== null) await trx.tokens.put(id, put.sealed, put.dueAt)
      await record(trx)
    })
  })
}

export function changedMeanwhile(): OctroiError {
  return new OctroiError('conflict', 'The connection was changed by somebody else meanwhile. Read it and try again.')
}
