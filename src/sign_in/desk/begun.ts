import type { Flow } from '../flow.ts'
import type { Keep } from '../method.ts'
import type { PeopleSecrets } from '../secrets.ts'

/** What a browser keeps while its person is at a provider: sealed, in a cookie of its own for each time that he set out. */

export interface Begun {
  readonly flow: Flow
  readonly method: string
  readonly state: string
  readonly keep: Keep
  /** Hash of the browser's cookie. */
  readonly browser: string
  readonly redirectUri: string
  /** Milliseconds since the epoch. */
  readonly at: number
}

/** Seconds. */
export const BEGUN_S = 600
/** Set out in so many tabs at once; the oldest is forgotten. */
const AT_MOST = 4
/** A browser need not keep more (RFC 6265bis §6.1), name and attributes included. */
const MAX_VALUE = 3_900

/** Of all of them: the rest of the header belongs to others. */
const MAX_TOGETHER = 6_000

const PLACE = 'begun'

/** The last part of the cookie's name. */
export function begunName(state: string): `flow_${string}` {
  return `flow_${state.slice(0, 8)}`
}

/** `undefined`: it does not fit into a cookie. */
export function sealBegun(secrets: PeopleSecrets, begun: Begun): string | undefined {
  const sealed = secrets.seal(begun, PLACE)
  return sealed.length <= MAX_VALUE ? sealed : undefined
}

/** The one that came with this state, from this browser, for this method (T35); `undefined` for anything else. */
export function openBegun(
  secrets: PeopleSecrets,
  sealed: string | undefined,
  wanted: Pick<Begun, 'method' | 'state' | 'browser' | 'redirectUri'> & { readonly now: number },
): Begun | undefined {
  const begun = sealed === undefined ? undefined : secrets.open<Begun>(sealed, PLACE)
  if (begun === undefined || wanted.now - begun.at > BEGUN_S * 1000) return undefined
  // By their hashes: how long a comparison takes then says nothing of how much was right.
  const proper = secrets.hash('state', begun.method, begun.state, begun.browser, begun.redirectUri)
  const isSame = secrets.matches(proper, 'state', wanted.method, wanted.state, wanted.browser, wanted.redirectUri)
  return isSame ? begun : undefined
}

/**
 * Names of those to be forgotten when one more of so many characters is kept: what cannot be read, and the oldest beyond four, or beyond what
 * proxies take in one header (nginx: 8 kB).
 */
export function surplus(secrets: PeopleSecrets, cookies: ReadonlyMap<string, string>, added: number): string[] {
  const dated = [...cookies].map(([name, sealed]) => {
    return { name, length: sealed.length, at: secrets.open<Begun>(sealed, PLACE)?.at }
  })
  let total = added
  let kept = 1
  return dated
    .sort((a, b) => (b.at ?? 0) - (a.at ?? 0))
    .filter(({ at, length }) => {
      if (at === undefined || kept === AT_MOST || total + length > MAX_TOGETHER) return true
      total += length
      kept++
      return false
    })
    .map(({ name }) => name)
}
