import type { StoredConnection } from '../../core/stores.ts'
import type { Connection, Token } from '../../core/types.ts'
import type { Vault } from '../../core/vault.ts'
import type { Catalogue } from '../connectors/catalogue.ts'
import type { Connector } from '../connectors/connector.ts'
import { asksPerson, durableNames } from '../exchange.ts'
import type { Scheme, Values } from '../scheme.ts'
import { SCHEMES } from '../schemes/index.ts'
import { beginning, spentToken } from './lifetime.ts'

/** A token as the store takes it. */
export interface TokenToPut {
  readonly sealed: string | null
  readonly dueAt: string | null
}

/**
 * `all`: nothing that it depends on changed; `consented`: other settings, with which a login is made anew and a consent stands;
 * `durable`: other secrets for the same place, which what a person's consent gave outlives; `none`: another place.
 */
export type Keep = 'all' | 'consented' | 'durable' | 'none'

interface Carrying {
  /** Of the secrets that it is sealed for. */
  readonly version: number
  readonly keep: Keep
  /** The connection as it will be; as it is unless given. */
  readonly after?: Connection | undefined
  /** Values that a new token begins with, given by hand. */
  readonly begins?: Values | undefined
}

/** The token of a connection whose secrets or settings change, sealed anew. `null` where nothing is exchanged. */
export async function carryToken(
  vault: Vault,
  catalogue: Catalogue,
  stored: StoredConnection,
  { version, keep, after = stored.connection, begins = {} }: Carrying,
): Promise<TokenToPut | null> {
  const connector = catalogue.get(after.connector)
  const exchange = SCHEMES[after.scheme]?.exchange
  if (connector === undefined || exchange === undefined) return null
  const durable = durableNames(exchange, connector)
  const { connection, dataKey, sealed, token } = stored
  // What a login brought speaks for its account, with the rights that it was asked for: with others it is somebody else's.
  const settings = { ...after.settings, ...stored.app?.app.settings }
  const isOfLogin = !asksPerson(exchange, { connector, settings })
  const before =
    token?.sealed == null || keep === 'none' || (keep !== 'all' && isOfLogin)
      ? null
      : await vault.openToken(dataKey, connection, token.sealed, sealed.version)
  const carried = chooseToken(before, keep, durable, begins)
  return { sealed: await vault.sealToken(dataKey, after, carried, version), dueAt: carried.renew_at }
}

function chooseToken(before: Token | null, keep: Keep, durable: readonly string[], begins: Values): Token {
  if (Object.keys(begins).length > 0) return begunToken(begins, durable)
  if (before !== null && (keep === 'all' || keep === 'consented')) return before
  return spentToken(before, durable, Date.now())
}

/** A token that begins with values obtained elsewhere. With one that signs it is used until it is refused. */
export function begunToken(begins: Values, durable: readonly string[]): Token {
  const begun = beginning(begins, Date.now())
  const signs = Object.keys(begins).some((name) => !durable.includes(name))
  return signs ? { ...begun, expires_at: null, renew_at: null } : begun
}

/** What is kept as a secret, and what only begins the token (`SecretField.begins`). */
export function splitBegins(scheme: Scheme, connector: Connector, secrets: Values): { kept: Values; begins: Values } {
  const fields = scheme.requires(connector)
  const kept: Record<string, string> = {}
  const begins: Record<string, string> = {}
  for (const [name, value] of Object.entries(secrets)) {
    const as = fields[name]?.begins
    if (as === undefined) kept[name] = value
    else begins[as] = value
  }
  return { kept, begins }
}

/** Whether a person has to agree at the service before anything can be called. */
export function awaitsConsent(scheme: Scheme, connector: Connector, settings: Values, token: Values): boolean {
  return asksPerson(scheme.exchange, { connector, settings }) && Object.keys(token).length === 0
}
