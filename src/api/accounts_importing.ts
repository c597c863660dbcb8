import type { z } from 'zod'
import { chooseId } from '../core/chosen_id.ts'
import { type FieldError, OctroiError } from '../core/errors.ts'
import { newEvent } from '../core/events.ts'
import { randomId } from '../core/ids.ts'
import type { Principal } from '../core/program_types.ts'
import type { Store } from '../core/stores.ts'
import type { Account, Grant } from '../core/types.ts'
import { canonicalEmail } from '../policy/email.ts'
import { holdsPermission } from '../policy/permissions.ts'
import { type ReadRow, readRows } from './accounts_import_finding.ts'
import type { AccountsImport, AccountsImported } from './accounts_import_schemas.ts'
import { requireOwnMarks } from './accounts_rules.ts'
import type { Operation } from './endpoint.ts'
import { invalid } from './faults.ts'
import { requireHeld } from './grant_context.ts'
import { grantsOfGroups, holdingsOfAccount } from './holdings.ts'
import { requireAdministrator } from './people_rules.ts'

type Importing = Pick<Operation<undefined, undefined, z.output<typeof AccountsImport>>, 'principal' | 'body' | 'parts'>
type Outcome = z.input<typeof AccountsImported>

interface NewAccount {
  readonly from: ReadRow
  readonly account: Account
}

/** `store`: of the transaction, in which the second look finds what the first one found. Throws before anything is written. */
export async function importAccounts(store: Store, importing: Importing): Promise<Outcome> {
  const { body, parts, principal } = importing
  const { rows, faults, conflicts } = await readRows(store, body.accounts)
  if (faults.length > 0) throw invalid('The accounts cannot be taken over.', faults)
  const made = await newAccounts(store, rows, parts.now().toISOString())
  await requireRights(store, importing, made)
  // After the rights: whose it is, others need not learn.
  if (conflicts.length > 0) throw conflict(conflicts)
  if (!body.dry_run) for (const one of made) await insert(store, one, parts.now())
  const ids = new Map(made.map(({ from, account }) => [from.row, account.id]))
  const chosen = ({ row, fields }: ReadRow) => (body.dry_run ? (fields.id ?? null) : (ids.get(row) ?? null))
  return {
    dry_run: body.dry_run,
    made: made.length,
    unchanged: rows.length - made.length,
    accounts: rows.map((one) => ({
      row: one.row,
      id: one.known ?? chosen(one),
      name: one.fields.name,
      outcome: one.known === undefined ? 'made' : 'unchanged',
    })),
    warnings: warningsOf(made, principal),
  }
}

async function newAccounts(store: Store, rows: readonly ReadRow[], now: string): Promise<NewAccount[]> {
  // Also those that other rows ask for: an id is chosen last.
  const taken = new Set(rows.flatMap(({ fields }) => fields.id ?? []))
  const isTaken = async (id: string) => taken.has(id) || (await store.accounts.get(id)) !== undefined
  const made: NewAccount[] = []
  for (const from of rows) {
    if (from.known !== undefined) continue
    const id = await chooseId(from.fields.id, from.fields.name, isTaken)
    taken.add(id)
    made.push({ from, account: accountOf(id, from, now) })
  }
  return made
}

function accountOf(id: string, { fields }: ReadRow, now: string): Account {
  const { kind, name, description, email, groups, password_hash, disabled } = fields
  return {
    id,
    kind,
    name,
    description,
    email,
    groups,
    grants: [],
    certificate_subjects: [],
    has_password: password_hash !== null,
    disabled_at: disabled ? now : null,
    created_at: now,
    updated_at: now,
  }
}

/** D6, as for accounts that are made one by one. */
async function requireRights(store: Store, importing: Importing, made: readonly NewAccount[]): Promise<void> {
  const { principal, parts } = importing
  if (holdsPermission(principal.permissions, '*')) return
  if (made.some(({ from }) => from.fields.identities.length > 0))
    requireAdministrator(principal, 'Who signs in as an account')
  if (made.some(({ from }) => from.fields.email_verified))
    requireAdministrator(principal, 'That an e-mail address is verified')
  requireOrganizations(principal, made)
  for (const { account } of made) await requireOwnMarks(store, principal, account)
  const known = new Map<string, Promise<Grant[]>>()
  const grantsOf = (groups: readonly string[]) => {
    const key = groups.join(' ')
    const grants = known.get(key) ?? grantsOfGroups(store, groups)
    known.set(key, grants)
    return grants
  }
  const holdings = []
  for (const { from, account } of made) {
    // A member is in the groups of his organization while he acts for it.
    const ofOrganizations = from.organizations.flatMap((organization) => organization.groups)
    const groups = [...new Set([...account.groups, ...ofOrganizations])].sort()
    holdings.push(holdingsOfAccount({ ...account, groups }, await grantsOf(groups), principal))
  }
  await requireHeld(store, parts.catalogue, principal, holdings)
}

function requireOrganizations({ permissions }: Principal, made: readonly NewAccount[]): void {
  if (made.every(({ from }) => from.organizations.length === 0)) return
  if (holdsPermission(permissions, 'organizations.write')) return
  throw new OctroiError('not_granted', 'This needs the permission organizations.write.')
}

async function insert(store: Store, { from, account }: NewAccount, now: Date): Promise<void> {
  const { id } = account
  const at = now.toISOString()
  const { password_hash, email, email_verified, identities } = from.fields
  await store.accounts.insert(account)
  if (password_hash !== null) await store.accounts.setPassword(id, password_hash)
  const canonical = email === null ? undefined : canonicalEmail(email)
  if (email !== null && canonical !== undefined && email_verified)
    await store.emails.put({ account: id, address: email, canonical, verified_at: at, created_at: at })
  for (const [i, { issuer, subject }] of identities.entries()) {
    const identity = { id: randomId(16), account: id, issuer, subject, method: from.methods[i] as string, label: '' }
    await store.identities.insert({ ...identity, created_at: at, last_used_at: null })
  }
  const organizations = from.organizations.map((organization) => organization.id)
  if (organizations.length > 0) await store.organizations.setMemberships(id, 'manual', organizations, at)
  await store.events.insert(newEvent('account.created', `account:${id}`, { name: account.name, imported: true }, now))
}

function warningsOf(made: readonly NewAccount[], { permissions }: Principal): string[] {
  const without = made.filter(
    ({ from: { fields } }) =>
      fields.kind === 'person' && fields.password_hash === null && fields.identities.length === 0 && !fields.disabled,
  ).length
  const warnings: string[] = []
  if (without > 0)
    warnings.push(`${without} of them have neither a password nor an identity: nobody signs in as them until invited.`)
  const unverified = made.filter(({ from: { fields } }) => fields.email !== null && !fields.email_verified).length
  if (unverified > 0 && holdsPermission(permissions, '*'))
    warnings.push(
      `${unverified} of them have an address that is not verified: another account may come to have it too.`,
    )
  return warnings
}

function conflict(found: readonly FieldError[]): OctroiError {
  const { detail, errors = [] } = invalid('The accounts cannot be taken over.', found)
  return new OctroiError('conflict', detail, { errors })
}
