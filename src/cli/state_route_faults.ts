import type { ItemOf } from '../client/index.ts'
import { canonicalRoutePath, routeConflict } from '../policy/routes.ts'
import type { Current } from './state_current.ts'
import type { KeyReference, NamedKey, RouteEntry, StateFile } from './state_file.ts'

/** What is wrong with the routes of a state file, before anything is sent. */

type Keys = Current['keys']
type Place = Pick<ItemOf<'/routes'>, 'id' | 'host' | 'path' | 'methods'>

export function routeFaults(file: StateFile, { routes, keys, accounts }: Current): string[] {
  const named = file.routes ?? []
  if (named.length === 0) return []
  if (routes === undefined) return ['routes: your key may not read them (routes.read)']
  const others = routes.filter(({ id }) => !named.some((entry) => entry.id === id))
  const known = new Set([...accounts, ...file.accounts].map(({ id }) => id))
  return [
    ...placeFaults(named, others),
    ...named.flatMap(({ id, allow }) =>
      [
        ...allow.accounts
          .filter((one) => !known.has(one))
          .map((one) => `there is no account ${one}, here or at the server`),
        ...allow.keys.flatMap((reference) => keyFaults(reference, keys, file)),
      ].map((fault) => `routes: ${id}: ${fault}`),
    ),
  ]
}

/** No two are for the same host, path and method: neither in the file, nor one of it and one that stays at the server. */
function placeFaults(named: readonly RouteEntry[], others: readonly Place[]): string[] {
  const placed = new Map<string, Place[]>()
  const at = ({ host, path }: Place) => {
    const place = `${host} ${canonicalRoutePath(path)}`
    const there = placed.get(place) ?? []
    placed.set(place, there)
    return there
  }
  for (const other of others) at(other).push(other)
  return named.flatMap((entry) => {
    const there = at(entry)
    const same = there.find((other) => routeConflict(entry, other))
    there.push(entry)
    return same === undefined
      ? []
      : [`routes: ${entry.id}: the route ${same.id} is for the same host and path and a method of these`]
  })
}

function keyFaults(reference: KeyReference, keys: Keys, file: StateFile): string[] {
  if (typeof reference === 'string')
    return keys.some(({ id }) => id === reference) ? [] : [`there is no key ${reference} at the server`]
  const { account, name } = reference
  const isIt = (key: NamedKey) => key.account === account && key.name === name
  const found = keys.filter(isIt).length
  if (found > 1) return [`the server has ${found} keys ${account} ${name}; rename or revoke one`]
  return found === 1 || file.keys.some(isIt) ? [] : [`there is no key ${account} ${name}, here or at the server`]
}
