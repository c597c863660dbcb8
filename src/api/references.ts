import type { FieldError } from '../core/errors.ts'
import type { Store } from '../core/stores.ts'

/** What is named has to be there: a name of nobody's could come to be somebody else's. The faults, each naming its place. */

export async function missingGroups(store: Store, path: string, ids: readonly string[]): Promise<FieldError[]> {
  const found = ids.length === 0 ? new Set() : await store.groups.existing(ids)
  return ids.flatMap((id, i) => (found.has(id) ? [] : [noSuch('group', `${path}.${i}`, id)]))
}

export async function missingAccounts(store: Store, path: string, ids: readonly string[]): Promise<FieldError[]> {
  const faults: FieldError[] = []
  for (const [i, id] of ids.entries()) {
    if ((await store.accounts.get(id)) === undefined) faults.push(noSuch('account', `${path}.${i}`, id))
  }
  return faults
}

/** `known`: named before, and gone since: ids of keys come to nobody a second time, so they may stay. */
export async function missingKeys(
  store: Store,
  path: string,
  ids: readonly string[],
  known: readonly string[] = [],
): Promise<FieldError[]> {
  const faults: FieldError[] = []
  for (const [i, id] of ids.entries()) {
    if (!known.includes(id) && (await store.keys.get(id)) === undefined) faults.push(noSuch('key', `${path}.${i}`, id))
  }
  return faults
}

export function noSuch(noun: string, path: string, id: string): FieldError {
  return { path, message: `there is no ${noun} ${id}` }
}
