import type { FoundSession, Organization } from '../core/people_types.ts'
import type { FoundAccount } from '../core/program_types.ts'
import type { Grant } from '../core/types.ts'
import {
  type AccountRow,
  accountBeside,
  accountDetails,
  accountFromRow,
  jsonList,
  listFrom,
  PREFIXED_ACCOUNT,
  type PrefixedAccountRow,
} from './account_rows.ts'
import { SELECT_CONNECTION } from './connections.ts'
import { FOUND_KEY_COLUMNS } from './key_rows.ts'
import { type SessionRow, sessionFromRow } from './sessions.ts'
import { SELECT_METHODS } from './sign_in_methods.ts'

const FOUND_ACCOUNT = `select a.*, ${accountDetails('a.id')}, p.hash as password_hash,
    (select string_agg(g.grants, '\n' order by g.id) from account_groups m join groups g on g.id = m.group_id
     where m.account_id = a.id and g.grants != '[]') as group_grants
  from accounts a left join account_passwords p on p.account_id = a.id`

const FOUND_SESSION = `select s.*, ${PREFIXED_ACCOUNT}, o.label as organization_label, o.siret as organization_siret,
    o.created_at as organization_created_at, o.updated_at as organization_updated_at,
    (select string_agg(group_id, ',') from organization_groups where organization_id = s.organization) as organization_groups,
    (select string_agg(g.grants, '\n' order by g.id) from groups g where g.grants != '[]' and g.id in (
      select group_id from account_groups where account_id = s.account_id
      union select group_id from organization_groups where organization_id = s.organization)) as group_grants
  from sessions s join accounts a on a.id = s.account_id left join organizations o on o.id = s.organization`

/** The reads of the hot path, each with the one parameter that `place` stands for, if any. Both engines read the same. */
export const hotQueries = (place: string) => ({
  findKey: `select ${FOUND_KEY_COLUMNS}, s.expires_at as secret_expires_at
    from key_secrets s join api_keys k on k.id = s.key_id join accounts a on a.id = k.account_id where s.hash = ${place}`,
  findTechName: `select ${FOUND_KEY_COLUMNS}, null as secret_expires_at
    from api_keys k join accounts a on a.id = k.account_id where k.tech_name = ${place}`,
  findAccount: `${FOUND_ACCOUNT} where a.id = ${place}`,
  findCertificate: `${FOUND_ACCOUNT} join account_certificates c on c.account_id = a.id where c.subject = ${place}`,
  findConnection: `${SELECT_CONNECTION}${place}`,
  findSession: `${FOUND_SESSION} where s.token_hash = ${place}`,
  signInMethods: SELECT_METHODS,
  routes: 'select * from routes order by id',
  issuers: 'select * from issuers order by id',
})

export interface FoundAccountRow extends AccountRow {
  readonly password_hash: string | null
  /** JSON lists, one a line. */
  readonly group_grants: string | null
}

export function foundAccountFromRow(row: FoundAccountRow): FoundAccount {
  const account = accountFromRow(row)
  return { account, password_hash: row.password_hash, grants: [...account.grants, ...grantsIn(row.group_grants)] }
}

export interface FoundSessionRow extends SessionRow, PrefixedAccountRow {
  readonly account_id: string
  readonly organization_label: string | null
  readonly organization_siret: string | null
  readonly organization_created_at: string | null
  readonly organization_updated_at: string | null
  readonly organization_groups: string | null
  /** JSON lists, one a line. */
  readonly group_grants: string | null
}

export function foundSessionFromRow(row: FoundSessionRow): FoundSession {
  const account = accountBeside(row)
  return {
    session: sessionFromRow(row),
    account,
    grants: [...account.grants, ...grantsIn(row.group_grants)],
    organization: organizationOf(row),
  }
}

function organizationOf(row: FoundSessionRow): Organization | null {
  if (row.organization === null) return null
  return {
    id: row.organization,
    siret: row.organization_siret,
    label: row.organization_label as string,
    groups: listFrom(row.organization_groups, ','),
    created_at: row.organization_created_at as string,
    updated_at: row.organization_updated_at as string,
  }
}

function grantsIn(lists: string | null): readonly Grant[] {
  return lists?.split('\n').flatMap(jsonList<Grant>) ?? []
}
