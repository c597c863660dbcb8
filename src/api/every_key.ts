import type { KeyFilter, Store } from '../core/stores.ts'
import type { ApiKey } from '../core/types.ts'

const BATCH = 200

/** All keys, read in batches. */
export async function everyKey(store: Store, filter: KeyFilter = {}): Promise<ApiKey[]> {
  const keys: ApiKey[] = []
  for (let after: string | undefined; ; ) {
    const part = await store.keys.list({ limit: BATCH, after }, filter)
    keys.push(...part)
    after = part.at(-1)?.id
    if (part.length < BATCH) return keys
  }
}
