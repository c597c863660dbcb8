import type { z } from 'zod'
import { OctroiError } from '../core/errors.ts'
import { ID_PATTERN, randomId, slug } from '../core/ids.ts'
import type { Page } from '../core/stores.ts'
import type { Account, ApiKey, Connection } from '../core/types.ts'
import type * as schemas from './schemas.ts'

/** What is stored → what is answered. Nothing here has ever seen a secret. */

export function presentKey(key: ApiKey, lastUsedAt: string | null, now: Date): z.input<typeof schemas.ApiKey> {
  return {
    ...key,
    grants: key.grants as z.input<typeof schemas.Grant>[],
    permissions: key.permissions as z.input<typeof schemas.Permission>[],
    cidrs: [...key.cidrs],
    state: stateOf(key, now),
    last_used_at: lastUsedAt,
  }
}

function stateOf(key: ApiKey, now: Date): 'active' | 'disabled' | 'expired' | 'revoked' {
  if (key.revoked_at !== null) return 'revoked'
  if (key.expires_at !== null && Date.parse(key.expires_at) <= now.getTime()) return 'expired'
  return key.disabled_at === null ? 'active' : 'disabled'
}

export function presentConnection(connection: Connection): z.input<typeof schemas.Connection> {
  const { options, network, ...rest } = connection
  const { allow_private } = network
  return {
    ...rest,
    network: {
      ...network,
      allow_private: Array.isArray(allow_private) ? [...allow_private] : (allow_private as boolean),
    },
    limits: { ...options.limits },
    timeouts: { ...options.timeouts },
    allow_never: [...(options.allow_never ?? [])],
    replay_s: options.replay_s ?? 0,
  }
}

export function presentAccount(account: Account): z.input<typeof schemas.Account> {
  return account
}

/** One more than the page asks for tells whether there is a next one. */
export function pageQuery(query: { limit: number; cursor?: string | undefined }): Page {
  return { limit: query.limit + 1, after: query.cursor }
}

export function pageAnswer<T extends { readonly id: string }, R>(
  rows: readonly T[],
  limit: number,
  present: (row: T) => R,
) {
  const shown = rows.slice(0, limit)
  return { items: shown.map(present), next_cursor: rows.length > limit ? (shown.at(-1)?.id ?? null) : null }
}

/** The id asked for, or one made of the name that is free. */
export async function chooseId(
  asked: string | undefined,
  name: string,
  taken: (id: string) => Promise<boolean>,
): Promise<string> {
  if (asked !== undefined) return asked
  const base = slug(name)
  if (ID_PATTERN.test(base) && !(await taken(base))) return base
  const short = base.slice(0, 50).replace(/-+$/, '')
  return short === '' ? randomId(10) : `${short}-${randomId(6)}`
}

/** What an operation was about that makes something: known once it is made. */
export function made(what: string, answer: unknown): string | null {
  return answer === undefined ? null : `${what}:${(answer as { id: string }).id}`
}

export function notFound(what: string, id: string): OctroiError {
  return new OctroiError('not_found', `There is no ${what} ${id}.`)
}
