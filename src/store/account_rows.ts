import type { Selectable } from 'kysely'
import type { Account, AccountKind } from '../core/types.ts'
import type { MainTables } from './schema.ts'

/**
 * Codes of groups have no comma, and subjects of certificates no control character. Written as both engines read it; put in order
 * afterwards, which costs the hot path less than an ordered aggregate.
 */
const GROUPS = (account: string) =>
  `(select string_agg(group_id, ',') from account_groups where account_id = ${account})`
const SUBJECTS = (account: string) =>
  `(select string_agg(subject, '\n') from account_certificates where account_id = ${account})`
const HAS_PASSWORD = (account: string) => `(select 1 from account_passwords where account_id = ${account})`

/** What belongs to an account and stands in other tables: columns of a select, found by the id that the expression gives. */
export const accountDetails = (id: string, prefix = '') =>
  `${GROUPS(id)} as ${prefix}groups, ${SUBJECTS(id)} as ${prefix}subjects, ${HAS_PASSWORD(id)} as ${prefix}password`

export type AccountRow = Omit<Selectable<MainTables['accounts']>, 'email_canonical'> & {
  readonly groups: string | null
  readonly subjects: string | null
  readonly password: number | null
}

/** A whole account (`a`); what follows says which. */
export const SELECT_ACCOUNT = `select a.*, ${accountDetails('a.id')} from accounts a`

/** An account (`a`) beside something else: columns of a select, each with a prefix. */
export const PREFIXED_ACCOUNT = `a.kind as account_kind, a.name as account_name,
  a.description as account_description, a.email as account_email, a.grants as account_grants,
  a.disabled_at as account_disabled_at, a.created_at as account_created_at, a.updated_at as account_updated_at,
  ${accountDetails('a.id', 'account_')}`

export interface PrefixedAccountRow {
  readonly account_id: string
  readonly account_kind: string
  readonly account_name: string
  readonly account_description: string
  readonly account_email: string | null
  readonly account_grants: string
  readonly account_disabled_at: string | null
  readonly account_created_at: string
  readonly account_updated_at: string
  readonly account_groups: AccountRow['groups']
  readonly account_subjects: AccountRow['subjects']
  readonly account_password: AccountRow['password']
}

export function accountBeside(row: PrefixedAccountRow): Account {
  return accountFromRow({
    id: row.account_id,
    kind: row.account_kind,
    name: row.account_name,
    description: row.account_description,
    email: row.account_email,
    grants: row.account_grants,
    disabled_at: row.account_disabled_at,
    created_at: row.account_created_at,
    updated_at: row.account_updated_at,
    groups: row.account_groups,
    subjects: row.account_subjects,
    password: row.account_password,
  })
}

export function accountFromRow(row: AccountRow): Account {
  return {
    id: row.id,
    kind: row.kind as AccountKind,
    name: row.name,
    description: row.description,
    email: row.email,
    groups: listFrom(row.groups, ','),
    grants: jsonList(row.grants),
    certificate_subjects: listFrom(row.subjects, '\n'),
    has_password: row.password !== null,
    disabled_at: row.disabled_at,
    created_at: row.created_at,
    updated_at: row.updated_at,
  }
}

const NONE: readonly never[] = []

export function listFrom(text: string | null, separator: ',' | '\n'): readonly string[] {
  if (text === null) return NONE
  const list = text.split(separator)
  return list.length === 1 ? list : list.sort()
}

/** Most lists are empty, and the hot path reads several. */
export function jsonList<T>(text: string): readonly T[] {
  return text === '[]' ? NONE : JSON.parse(text)
}
