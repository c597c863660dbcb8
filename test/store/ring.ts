import { expect } from 'vitest'
import type { Store } from '../../src/core/stores.ts'
import type { KeyRing } from '../../src/vault/vault.ts'
import { connection } from './rows.ts'

export const CANARY = 'canary-3f9c1b7e55'
export const secretOf = (id: string) => ({ username: 'apiclient', password: `${CANARY}-${id}` })

export async function addConnection(store: Store, ring: KeyRing, id: string): Promise<void> {
  await store.transaction(async (trx) => {
    const dataKey = await ring.newDataKey(trx)
    const sets = { current: secretOf(id), next: id.endsWith('0') ? { password: `${CANARY}-next` } : null }
    const row = connection(id)
    await trx.connections.insert(row, await ring.sealSecrets(dataKey, row, sets, 1), dataKey.id)
  })
}

export async function openAll(store: Store, ring: KeyRing): Promise<number> {
  const rows = await store.connections.list({ limit: 1_000 })
  for (const { id } of rows) {
    const row = await store.connections.get(id)
    if (row === undefined) continue
    expect((await ring.openSecrets(row.dataKey, row.connection, row.sealed)).current).toEqual(secretOf(id))
  }
  return rows.length
}

/** The store, whose `calls`-th call and all after it fail, as when the process is killed there. */
export function failingAfter(store: Store, calls: { left: number }): Store {
  const wrap = <T extends object>(target: T): T =>
    new Proxy(target, {
      get(object, name) {
        const member = Reflect.get(object, name)
        if (typeof member === 'object' && member !== null) return wrap(member)
        if (typeof member !== 'function') return member
        return (...args: unknown[]) => {
          if (calls.left-- <= 0) return Promise.reject(new Error('killed here'))
          if (name === 'transaction')
            return member.call(object, (trx: Store) => (args[0] as (store: Store) => unknown)(wrap(trx)))
          return member.apply(object, args)
        }
      },
    })
  return wrap(store)
}
