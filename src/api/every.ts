import type { KeyFilter, Page, Store } from '../core/stores.ts'
import type { ApiKey } from '../core/types.ts'

const BATCH = 200

/** All rows of a list, read in batches. */
export async function everyRow<T extends { readonly id: string }>(
  list: (page: Page) => Promise<readonly T[]>,
): Promise<T[]> {
  const rows: T[] = []
  for (let after: string | undefined; ; ) {
    const part = await list({ limit: BATCH, after })
    rows.push(...part)
    after = part.at(-1)?.id
    if (part.length < BATCH) return rows
  }
}

export function everyKey(store: Store, filter: KeyFilter = {}): Promise<ApiKey[]> {
  return everyRow((page) => store.keys.list(page, filter))
}
