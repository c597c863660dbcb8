import type { z } from 'zod'
import { OctroiError } from '../core/errors.ts'
import type { Group } from '../core/program_types.ts'
import type { Page } from '../core/stores.ts'
import type { Account, ApiKey, Connection, Grant, NetworkPolicy } from '../core/types.ts'
import type * as accounts from './account_schemas.ts'
import type { ApiParts } from './endpoint.ts'
import type * as groups from './group_schemas.ts'
import type * as keys from './key_schemas.ts'
import type * as schemas from './schemas.ts'

export { chooseId } from '../core/chosen_id.ts'

/** What is stored → what is answered. Nothing here has ever seen a secret. */

export function presentKey(
  { provided, now }: Pick<ApiParts, 'provided' | 'now'>,
  key: ApiKey,
  lastUsedAt: string | null,
): z.input<typeof keys.ApiKey> {
  return {
    ...key,
    grants: presentGrants(key.grants),
    groups: key.groups === null ? null : [...key.groups],
    provided: key.tech_name !== null && provided.provides(key.tech_name),
    permissions: key.permissions as z.input<typeof schemas.Permission>[],
    cidrs: [...key.cidrs],
    state: stateOf(key, now()),
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
  return {
    ...rest,
    network: presentNetwork(network),
    limits: { ...options.limits },
    timeouts: { ...options.timeouts },
    allow_never: [...(options.allow_never ?? [])],
    replay_s: options.replay_s ?? 0,
  }
}

export function presentAccount(account: Account): Omit<z.input<typeof accounts.Account>, 'email_verified'> {
  const { grants, groups, certificate_subjects } = account
  return {
    ...account,
    grants: presentGrants(grants),
    groups: [...groups],
    certificate_subjects: [...certificate_subjects],
  }
}

export function presentGroup(group: Group): z.input<typeof groups.Group> {
  return { ...group, grants: presentGrants(group.grants) }
}

/** The same, as what is written: lists that nobody changes are given out as lists. */
export function presentGrants(grants: readonly Grant[]): z.input<typeof schemas.Grant>[] {
  return grants as z.input<typeof schemas.Grant>[]
}

export function presentNetwork({
  allow_private,
  ...rest
}: NetworkPolicy): z.input<typeof schemas.Connection>['network'] {
  return { ...rest, allow_private: Array.isArray(allow_private) ? [...allow_private] : (allow_private as boolean) }
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

/** What an operation was about that makes something: known once it is made. */
export function made(what: string, answer: unknown): string | null {
  return answer === undefined ? null : `${what}:${(answer as { id: string }).id}`
}

export function notFound(what: string, id: string): OctroiError {
  return new OctroiError('not_found', `There is no ${what} ${id}.`)
}
