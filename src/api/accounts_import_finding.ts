import type { FieldError } from '../core/errors.ts'
import type { Organization } from '../core/people_types.ts'
import type { Store } from '../core/stores.ts'
import { canonicalEmail } from '../policy/email.ts'
import type { AccountRow } from './accounts_import_schemas.ts'
import { issuerOf } from './identities_rules.ts'

/** A row with what it comes to: an account that is there, or one to be made. */
export interface ReadRow {
  readonly row: number
  readonly fields: AccountRow
  /** The id of the account that it is already. */
  readonly known: string | undefined
  readonly organizations: readonly Organization[]
  /** The sign-in method of each of its identities. */
  readonly methods: readonly string[]
}

/** Everything that a row names, looked up once; and what is wrong with all of them together. */
export async function readRows(
  store: Store,
  rows: readonly AccountRow[],
): Promise<{
  readonly rows: readonly ReadRow[]
  readonly faults: readonly FieldError[]
  /** What is somebody else's already. */
  readonly conflicts: readonly FieldError[]
}> {
  const named = await namedIn(store, rows)
  const read: ReadRow[] = []
  const faults: FieldError[] = []
  const conflicts: FieldError[] = []
  const seen = new Map<string, number>()
  for (const [row, fields] of rows.entries()) {
    const into = (list: FieldError[]) => (path: string, message: string) =>
      void list.push({ path: `accounts.${row}.${path}`, message })
    const at = into(faults)
    for (const [path, mark] of marksOf(fields)) {
      const before = seen.get(mark)
      if (before !== undefined) at(path, `is the same as in row ${before}`)
      seen.set(mark, row)
    }
    const known = await knownAs(store, fields, at, into(conflicts))
    if (known === undefined) checkNames(fields, named, at)
    const organizations = fields.organizations.flatMap((siret) => named.organizations.get(siret) ?? [])
    const methods = fields.identities.map(({ issuer }) => named.issuers.get(issuer) ?? '')
    read.push({ row, fields, known, organizations, methods })
  }
  return { rows: read, faults, conflicts }
}

type Told = (path: string, message: string) => void

/** By what a row is recognised: no two may have the same. (People who have ids may share an address that nobody has verified.) */
function marksOf({ id, email, email_verified, identities }: AccountRow): [string, string][] {
  const marks: [string, string][] = identities.map(({ issuer, subject }, i) => [
    `identities.${i}`,
    `identity ${JSON.stringify([issuer, subject])}`,
  ])
  if (id !== undefined) marks.push(['id', `id ${id}`])
  if (email !== null && (email_verified || id === undefined)) marks.push(['email', `email ${canonicalEmail(email)}`])
  return marks
}

interface Named {
  readonly groups: ReadonlySet<string>
  readonly organizations: ReadonlyMap<string, Organization>
  /** Issuer → sign-in method. */
  readonly issuers: ReadonlyMap<string, string>
}

async function namedIn(store: Store, rows: readonly AccountRow[]): Promise<Named> {
  const groups = [...new Set(rows.flatMap((row) => row.groups))]
  const sirets = [...new Set(rows.flatMap((row) => row.organizations))]
  const organizations = sirets.length === 0 ? [] : await store.organizations.findBySirets(sirets)
  const issuers = new Map<string, string>()
  for (const { method } of await store.signInMethods.all()) {
    const issuer = issuerOf(method)
    if (issuer !== null && !issuers.has(issuer)) issuers.set(issuer, method.id)
  }
  return {
    groups: groups.length === 0 ? new Set() : await store.groups.existing(groups),
    organizations: new Map(organizations.map((organization) => [organization.siret ?? '', organization])),
    issuers,
  }
}

function checkNames({ kind, groups, organizations, identities }: AccountRow, named: Named, at: Told): void {
  for (const [i, group] of groups.entries())
    if (!named.groups.has(group)) at(`groups.${i}`, `there is no group ${group}`)
  for (const [i, siret] of organizations.entries())
    if (!named.organizations.has(siret)) at(`organizations.${i}`, `there is no organization with the SIRET ${siret}`)
  for (const [i, { issuer }] of identities.entries())
    if (!named.issuers.has(issuer)) at(`identities.${i}.issuer`, 'is of no sign-in method that is there')
  if (kind === 'person') return
  for (const [path, list] of Object.entries({ organizations, identities }))
    if (list.length > 0) at(path, 'are for people: a service never signs in')
}

/** The account that a row is already: by its id, an identity, or, where neither is given, the only one who has the address. */
async function knownAs(store: Store, fields: AccountRow, at: Told, taken: Told): Promise<string | undefined> {
  const { id, identities, email, email_verified } = fields
  if (id !== undefined && (await store.accounts.get(id)) !== undefined) return id
  for (const [i, { issuer, subject }] of identities.entries()) {
    const found = await store.identities.find(issuer, subject)
    if (found === undefined) continue
    if (id === undefined) return found.account
    taken(`identities.${i}`, `belongs to the account ${found.account}`)
  }
  const canonical = email === null ? undefined : canonicalEmail(email)
  if (canonical === undefined) {
    if (id === undefined && identities.length === 0)
      at('id', 'is needed where there is neither an address nor an identity to recognise the row by')
    return undefined
  }
  const owner = await store.emails.findVerified(canonical)
  if (id !== undefined) {
    if (owner !== undefined && email_verified) taken('email', `is the verified address of the account ${owner.id}`)
    return undefined
  }
  const [holder, another] = owner === undefined ? await store.emails.holders(canonical) : [owner]
  if (another !== undefined) taken('email', 'is the address of several accounts; give the id')
  return holder?.id
}
