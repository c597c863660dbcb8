import type { AcceptKind, Group } from '../core/program_types.ts'
import type { Store } from '../core/stores.ts'
import type { Account, ApiKey, Grant } from '../core/types.ts'
import type { Holdings } from '../policy/escalation.ts'

/** What those hold who are made or changed, as `requireHoldings` compares it (D6). */

type Fences = Pick<Holdings, 'expires_at' | 'cidrs'>

const UNFENCED: Fences = { expires_at: null, cidrs: [] }

type KeyRights = Pick<ApiKey, 'permissions' | 'grants' | 'groups' | 'expires_at' | 'cidrs'>

/** `id`: null for a key that is not made yet, which no route can name. */
export function holdingsOfKey(id: string | null, key: KeyRights, account: Pick<Account, 'id' | 'groups'>): Holdings {
  const groups = key.groups ?? account.groups
  const { permissions, grants, expires_at, cidrs } = key
  const visitor = { key_id: id, account: account.id, groups, proofs: OF_KEYS, possible: OF_KEYS }
  return { permissions, grants, groups, expires_at, cidrs, visitor }
}

/**
 * An account that calls in by itself: its own grants and those of its groups. It ends nowhere and comes from anywhere, which counts as
 * soon as there is something to call in with or for: until then it is as fenced in as the caller.
 */
export function holdingsOfAccount(account: Account, ofGroups: readonly Grant[], caller: Fences): Holdings {
  const { id, groups, certificate_subjects, has_password } = account
  const grants = [...account.grants, ...ofGroups]
  const isBare = grants.length + groups.length + certificate_subjects.length === 0 && !has_password
  const { expires_at, cidrs } = isBare ? caller : UNFENCED
  const visitor = { key_id: null, account: id, groups, proofs: proofsOf(account), possible: OF_ACCOUNTS }
  return { permissions: [], grants, groups, expires_at, cidrs, visitor }
}

const OF_KEYS: readonly AcceptKind[] = ['api_key']
const OF_ACCOUNTS: readonly AcceptKind[] = ['api_key', 'basic', 'jwt', 'mtls', 'session']

/** An issuer may speak for every account, whoever else cannot yet. */
function proofsOf({ kind, has_password, certificate_subjects }: Account): AcceptKind[] {
  const proofs: AcceptKind[] = kind === 'person' ? ['jwt', 'session'] : ['jwt']
  if (has_password) proofs.push('basic')
  if (certificate_subjects.length > 0) proofs.push('mtls')
  return proofs
}

/** What a group gives to its members. Whoever changes that must be one, or hold everything: so routes are not asked besides. */
export function holdingsOfGroup({ id, grants }: Group, caller: Fences): Holdings {
  const { expires_at, cidrs } = grants.length === 0 ? caller : UNFENCED
  return { permissions: [], grants, groups: [id], expires_at, cidrs }
}

/** What accounts of these groups may do by them. */
export async function grantsOfGroups(store: Store, ids: readonly string[]): Promise<Grant[]> {
  const grants: Grant[] = []
  for (const id of ids) grants.push(...((await store.groups.get(id))?.grants ?? []))
  return grants
}
