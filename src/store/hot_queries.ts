import type { FoundAccount } from '../core/program_types.ts'
import type { Grant } from '../core/types.ts'
import { type AccountRow, accountDetails, accountFromRow, jsonList } from './account_rows.ts'
import { SELECT_CONNECTION } from './connections.ts'
import { FOUND_KEY_COLUMNS } from './key_rows.ts'

const FOUND_ACCOUNT = `select a.*, ${accountDetails('a.id')}, p.hash as password_hash,
    (select string_agg(g.grants, '\n' order by g.id) from account_groups m join groups g on g.id = m.group_id
     where m.account_id = a.id and g.grants != '[]') as group_grants
  from accounts a left join account_passwords p on p.account_id = a.id`

/** The reads of the hot path, each with the one parameter that `place` stands for, if any. Both engines read the same. */
export const hotQueries = (place: string) => ({
  findKey: `select ${FOUND_KEY_COLUMNS}, s.expires_at as secret_expires_at
    from key_secrets s join api_keys k on k.id = s.key_id join accounts a on a.id = k.account_id where s.hash = ${place}`,
  findTechName: `select ${FOUND_KEY_COLUMNS}, null as secret_expires_at
    from api_keys k join accounts a on a.id = k.account_id where k.tech_name = ${place}`,
  findAccount: `${FOUND_ACCOUNT} where a.id = ${place}`,
  findCertificate: `${FOUND_ACCOUNT} join account_certificates c on c.account_id = a.id where c.subject = ${place}`,
  findConnection: `${SELECT_CONNECTION}${place}`,
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
  const ofGroups = row.group_grants?.split('\n').flatMap(jsonList<Grant>) ?? []
  return { account, password_hash: row.password_hash, grants: [...account.grants, ...ofGroups] }
}
