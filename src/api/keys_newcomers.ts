import { type FieldError, OctroiError } from '../core/errors.ts'
import type { Group } from '../core/program_types.ts'
import type { Store } from '../core/stores.ts'
import type { Account } from '../core/types.ts'
import { holdsPermission } from '../policy/permissions.ts'
import { invalid } from './faults.ts'
import { requireHeld } from './grant_context.ts'
import { holdingsOfAccount } from './holdings.ts'
import type { Making } from './keys_making.ts'
import { noSuch } from './references.ts'

/** `true`: every one that is missing; an object: these, called so. */
type Missing = boolean | Readonly<Record<string, string>>

interface Wanting {
  readonly row: number
  readonly account: string
  readonly fields: { readonly groups: readonly string[] | null }
}

/** Accounts and groups that come with keys which are taken over. */
export interface Newcomers {
  readonly accounts: readonly Account[]
  readonly groups: readonly Group[]
  /** Of an account that is there, or will be. */
  groupsOf(account: string): readonly string[]
}

/** Throws `invalid_request` naming the rows whose account or group is missing, `not_granted` for what the caller may not make. */
export async function newcomersOf(
  store: Store,
  { parts, principal, body }: Making & { readonly body: { make_accounts: Missing; make_groups: Missing } },
  rows: readonly Wanting[],
): Promise<Newcomers> {
  const found = await accountsOf(store, rows)
  const groupIds = [...new Set(rows.flatMap(({ fields }) => fields.groups ?? []))]
  const groupsFound = groupIds.length === 0 ? new Set<string>() : await store.groups.existing(groupIds)
  const now = parts.now().toISOString()
  const accounts = new Map<string, Account>()
  const groups = new Map<string, Group>()
  const faults: FieldError[] = []
  for (const { row, account, fields } of rows) {
    if (!found.has(account)) {
      const name = nameFor(account, body.make_accounts)
      if (name === undefined) faults.push(noSuch('account', `keys.${row}.account`, account))
      else accounts.set(account, accountOf(account, name, now))
    }
    for (const [i, group] of (fields.groups ?? []).entries()) {
      if (groupsFound.has(group)) continue
      const name = nameFor(group, body.make_groups)
      if (name === undefined) faults.push(noSuch('group', `keys.${row}.groups.${i}`, group))
      else groups.set(group, groupOf(group, name, now))
    }
  }
  if (faults.length > 0) throw invalid('The keys cannot be taken over.', faults)
  requireMaking(principal.permissions, accounts.size, groups.size)
  const holdings = [...accounts.values()].map((account) => holdingsOfAccount(account, [], principal))
  await requireHeld(store, parts.catalogue, principal, holdings)
  return {
    accounts: [...accounts.values()],
    groups: [...groups.values()],
    groupsOf: (account) => found.get(account)?.groups ?? [],
  }
}

async function accountsOf(store: Store, rows: readonly Wanting[]): Promise<Map<string, Account>> {
  const found = new Map<string, Account>()
  for (const id of new Set(rows.map(({ account }) => account))) {
    const account = await store.accounts.get(id)
    if (account !== undefined) found.set(id, account)
  }
  return found
}

function nameFor(id: string, missing: Missing): string | undefined {
  if (typeof missing === 'boolean') return missing ? id : undefined
  return Object.hasOwn(missing, id) ? missing[id] : undefined
}

function requireMaking(held: Parameters<typeof holdsPermission>[0], accounts: number, groups: number): void {
  for (const [permission, count] of [
    ['accounts.write', accounts],
    ['groups.write', groups],
  ] as const) {
    if (count > 0 && !holdsPermission(held, permission))
      throw new OctroiError('not_granted', `This needs the permission ${permission}.`)
  }
}

function accountOf(id: string, name: string, now: string): Account {
  const nothing = { email: null, groups: [], grants: [], certificate_subjects: [], has_password: false }
  const description = 'Came with keys that were taken over'
  return { id, kind: 'service', name, description, ...nothing, disabled_at: null, created_at: now, updated_at: now }
}

function groupOf(id: string, name: string, now: string): Group {
  return { id, name, description: 'Came with keys that were taken over', grants: [], created_at: now, updated_at: now }
}
