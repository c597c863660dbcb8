import type { Store } from '../../src/core/stores.ts'
import type { Vault } from '../../src/core/vault.ts'

/** Ends this process as a power cut does: nothing of it runs any more. */
function die(): void {
  process.kill(process.pid, 'SIGKILL')
}

/** `tokens.save:before`, `connections.get:after#2` (the second time). */
export interface Deadly {
  readonly store: (store: Store) => Store
  readonly vault: (vault: Vault) => Vault
}

export function deadlyAt(point: string): Deadly {
  const [moment = '', time = '1'] = point.split('#')
  let left = Number(time)
  const at = (here: string) => {
    if (here === moment && --left === 0) die()
  }
  const watched = <T extends object>(target: T, prefix: string): T =>
    new Proxy(target, {
      get(_, name) {
        const value = Reflect.get(target, name) as unknown
        if (typeof value !== 'function') return value
        return async (...args: unknown[]) => {
          at(`${prefix}${String(name)}:before`)
          const result = await Reflect.apply(value, target, args)
          at(`${prefix}${String(name)}:after`)
          return result
        }
      },
    })
  return {
    store: (store) => ({
      ...store,
      tokens: watched(store.tokens, 'tokens.'),
      connections: watched(store.connections, 'connections.'),
      async transaction(work) {
        at('transaction:before')
        const result = await store.transaction(work)
        at('transaction:after')
        return result
      },
    }),
    vault: (vault) => watched(vault, ''),
  }
}
