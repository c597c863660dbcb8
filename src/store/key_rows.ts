import type { Selectable } from 'kysely'
import type { ApiKey, FoundKey } from '../core/types.ts'
import { accountBeside, jsonList, listFrom, PREFIXED_ACCOUNT, type PrefixedAccountRow } from './account_rows.ts'
import type { MainTables } from './schema.ts'

type StoredRow = Selectable<MainTables['api_keys']>

type KeyRow = StoredRow & { readonly groups: string | null }

export const KEY_GROUPS = (key: string) => `(select string_agg(group_id, ',') from key_groups where key_id = ${key})`

export interface FoundKeyRow extends KeyRow, PrefixedAccountRow {
  readonly secret_expires_at: string | null
  readonly account_id: string
}

/** A key (`k`) with its account (`a`): the columns of a select. */
export const FOUND_KEY_COLUMNS = `k.*, ${KEY_GROUPS('k.id')} as groups, ${PREFIXED_ACCOUNT}`

export function rowFromKey(key: ApiKey): StoredRow {
  const { account, groups, ...rest } = key
  return {
    ...rest,
    account_id: account,
    permissions: JSON.stringify(key.permissions),
    grants: JSON.stringify(key.grants),
    cidrs: JSON.stringify(key.cidrs),
    rate_limit: key.rate_limit && JSON.stringify(key.rate_limit),
    imported: Number(key.imported),
    usable_when_owner_inactive: Number(key.usable_when_owner_inactive),
    inherits_groups: Number(groups === null),
  }
}

export function keyFromRow(row: KeyRow): ApiKey {
  return {
    id: row.id,
    account: row.account_id,
    name: row.name,
    description: row.description,
    permissions: jsonList(row.permissions),
    grants: jsonList(row.grants),
    groups: row.inherits_groups === 1 ? null : listFrom(row.groups, ','),
    tech_name: row.tech_name,
    cidrs: jsonList(row.cidrs),
    rate_limit: row.rate_limit === null ? null : JSON.parse(row.rate_limit),
    imported: row.imported === 1,
    usable_when_owner_inactive: row.usable_when_owner_inactive === 1,
    environment: row.environment,
    expires_at: row.expires_at,
    disabled_at: row.disabled_at,
    revoked_at: row.revoked_at,
    created_at: row.created_at,
    updated_at: row.updated_at,
    created_by: row.created_by,
  }
}

export function foundKeyFromRow(row: FoundKeyRow): FoundKey {
  return { key: keyFromRow(row), account: accountBeside(row), secret_expires_at: row.secret_expires_at }
}
