import { setImmediate as nextTurn } from 'node:timers/promises'
import type { z } from 'zod'
import { type FieldError, OctroiError } from '../core/errors.ts'
import { newEvent } from '../core/events.ts'
import { randomId } from '../core/ids.ts'
import type { Store } from '../core/stores.ts'
import { generateKey } from '../inbound/key_format.ts'
import { requireSpeakingFor } from './accounts_holding.ts'
import type { ApiParts } from './endpoint.ts'
import { invalid } from './faults.ts'
import { grantContext, requireHeld } from './grant_context.ts'
import { holdingsOfKey } from './holdings.ts'
import { unfitness } from './imported_secret.ts'
import type { KeyBatch } from './keys_import_batch.ts'
import { checkGrants, keyOf, type Making, requireTechName, warningOfProvided } from './keys_making.ts'
import { type Newcomers, newcomersOf } from './keys_newcomers.ts'

type Batch = z.output<typeof KeyBatch>
export type BatchRow = Batch['keys'][number]

/** Rows after which others have a turn: a file of many must not hold up those who call meanwhile. */
const AT_A_TIME = 200

/** One row of which nothing is wrong by itself. Of its secret only the hash is left. */
interface Taken {
  readonly row: number
  readonly fields: BatchRow
  readonly account: string
  /** Null: the environment provides the secret. */
  readonly hash: string | null
  /** The key that it was taken over as before. */
  readonly known: string | null
}

export interface Outcome {
  readonly dry_run: boolean
  readonly made: number
  readonly unchanged: number
  readonly accounts: string[]
  readonly groups: string[]
  readonly keys: { row: number; id: string | null; name: string; account: string; outcome: 'made' | 'unchanged' }[]
  readonly warnings: string[]
}

/**
 * Looks at every row, then makes what is new. Rows are named by their number, never by what is in them: it is a secret. Without
 * `dry_run` this runs in a transaction.
 */
export async function takeOver(store: Store, operation: Making & { readonly body: Batch }): Promise<Outcome> {
  const { parts, principal, body } = operation
  const taken = await readRows(operation)
  const fresh = taken.filter(({ known }) => known === null)
  const newcomers = await newcomersOf(store, operation, fresh)
  await requireHeld(
    store,
    parts.catalogue,
    principal,
    fresh.map(({ fields, account }) =>
      holdingsOfKey(null, fields, { id: account, groups: newcomers.groupsOf(account) }),
    ),
  )
  for (const { fields } of fresh) requireTechName(operation, fields)
  for (const id of new Set(fresh.map(({ account }) => account))) {
    const account = await store.accounts.get(id)
    if (account !== undefined) await requireSpeakingFor(operation, store, account)
  }
  const warnings = [
    ...(await grantWarnings(store, parts, fresh)),
    ...fresh.flatMap((row) => providedWarnings(parts, row)),
  ]
  const ids = body.dry_run ? new Map<number, string>() : await makeAll(store, operation, fresh, newcomers)
  return {
    dry_run: body.dry_run,
    made: fresh.length,
    unchanged: taken.length - fresh.length,
    accounts: newcomers.accounts.map(({ id }) => id),
    groups: newcomers.groups.map(({ id }) => id),
    keys: taken.map(({ row, fields, account, known }) => ({
      row,
      id: known ?? ids.get(row) ?? null,
      name: fields.name,
      account,
      outcome: known === null ? 'made' : 'unchanged',
    })),
    warnings,
  }
}

/** Throws `invalid_request` for what is wrong with rows, `conflict` for what is wrong with them here. */
async function readRows({ parts, principal, body }: Making & { readonly body: Batch }): Promise<Taken[]> {
  const faults: FieldError[] = []
  const clashes: FieldError[] = []
  const hashes = new Map<string, number>()
  const names = new Map<string, number>()
  const taken: Taken[] = []
  for (const [row, fields] of body.keys.entries()) {
    if (row % AT_A_TIME === AT_A_TIME - 1) await nextTurn()
    const account = fields.account ?? principal.account
    const hash = fields.secret === undefined ? null : parts.hashKey(fields.secret)
    faults.push(...at(row, ownFaults(fields)), ...at(row, repeated(hash, fields.tech_name, hashes, names)))
    if (hash !== null) hashes.set(hash, row)
    if (fields.tech_name !== null) names.set(fields.tech_name, row)
    const found = await knownAs(parts, fields, hash, account)
    if (typeof found === 'object' && found !== null) clashes.push(...at(row, [found]))
    else taken.push({ row, fields, account, hash, known: found })
  }
  if (faults.length > 0) throw invalid('The keys cannot be taken over.', faults)
  if (clashes.length > 0) throw clash(clashes)
  return taken
}

function at(row: number, faults: readonly FieldError[]): FieldError[] {
  return faults.map(({ path, message }) => ({ path: `keys.${row}.${path}`, message }))
}

function ownFaults(fields: BatchRow): FieldError[] {
  if (fields.secret !== undefined) return unfitness(fields.secret, fields)
  if (fields.tech_name !== null) return []
  return [{ path: 'secret', message: 'must be given, or a tech_name under which the environment provides it' }]
}

function repeated(
  hash: string | null,
  techName: string | null,
  hashes: ReadonlyMap<string, number>,
  names: ReadonlyMap<string, number>,
): FieldError[] {
  const same = hash === null ? undefined : hashes.get(hash)
  const named = techName === null ? undefined : names.get(techName)
  return [
    ...(same === undefined ? [] : [{ path: 'secret', message: `is that of keys.${same} as well` }]),
    ...(named === undefined ? [] : [{ path: 'tech_name', message: `is that of keys.${named} as well` }]),
  ]
}

/** The id of the key that this row is already, null when it is new, or why it can be neither. */
async function knownAs(
  { hot, provided, about }: ApiParts,
  { tech_name }: BatchRow,
  hash: string | null,
  account: string,
): Promise<string | null | FieldError> {
  const found = hash === null ? undefined : await hot.findKey(hash)
  if (found !== undefined) {
    const { id, revoked_at, environment } = found.key
    const of = (what: string) => ({ path: 'secret', message: `is ${what} (${id})` })
    if (found.account.id !== account) return of('the secret of a key of another account')
    if (revoked_at !== null) return of('the secret of a key that was revoked')
    if (found.secret_expires_at !== null) return of('a former secret of a key')
    return environment === about.environment ? id : of('the secret of a key of another OCTROI_ENVIRONMENT')
  }
  const provider = hash === null ? undefined : provided.techName(hash)
  if (provider !== undefined && provider !== tech_name)
    return { path: 'secret', message: `is what the environment provides for the key ${provider}` }
  const named = tech_name === null ? undefined : await hot.findTechName(tech_name)
  if (named === undefined) return null
  if (hash === null && named.account.id === account && named.key.revoked_at === null) return named.key.id
  return { path: 'tech_name', message: `is that of the key ${named.key.id}` }
}

function clash(errors: readonly FieldError[]): OctroiError {
  const { detail, errors: shown = [] } = invalid('The keys cannot be taken over beside those that are there.', errors)
  return new OctroiError('conflict', detail, { errors: shown })
}

/** Rows mostly have the same grants: each list is looked at once, and named by its first row. */
async function grantWarnings(store: Store, parts: ApiParts, taken: readonly Taken[]): Promise<string[]> {
  const warnings: string[] = []
  const seen = new Set<string>()
  for (const { row, fields } of taken) {
    const text = JSON.stringify(fields.grants)
    if (seen.has(text)) continue
    seen.add(text)
    try {
      const found = checkGrants(fields.grants, await grantContext(store, parts.catalogue, fields.grants))
      warnings.push(...found.map((warning) => `keys.${row}.${warning}`))
    } catch (error) {
      if (!(error instanceof OctroiError) || error.errors === undefined) throw error
      throw invalid('The keys cannot be taken over.', at(row, error.errors))
    }
  }
  return warnings
}

/** A row without a secret says itself that the environment has it. */
function providedWarnings(parts: ApiParts, { row, hash, fields }: Taken): string[] {
  return hash === null ? [] : warningOfProvided(parts, fields).map((warning) => `keys.${row}.${warning}`)
}

async function makeAll(
  store: Store,
  { parts, principal }: Making,
  taken: readonly Taken[],
  { accounts, groups }: Newcomers,
): Promise<Map<number, string>> {
  const now = parts.now()
  for (const group of groups) {
    await store.groups.insert(group)
    await store.events.insert(newEvent('group.created', `group:${group.id}`, { name: group.name }, now))
  }
  for (const account of accounts) {
    await store.accounts.insert(account)
    await store.events.insert(newEvent('account.created', `account:${account.id}`, { name: account.name }, now))
  }
  const ids = new Map<number, string>()
  for (const { row, fields, account, hash } of taken) {
    if (row % AT_A_TIME === AT_A_TIME - 1) await nextTurn()
    const { secret, allow_weak, disabled, ...rest } = fields
    // A secret that nobody has stands where only the environment's counts.
    const made = generateKey(randomId(8))
    const own = { id: made.id, key: made.key, imported: hash !== null }
    const key = { ...keyOf(rest, { parts, principal }, own, account), disabled_at: disabled ? now.toISOString() : null }
    const stored = {
      hash: hash ?? parts.hashKey(made.key),
      key_id: key.id,
      expires_at: null,
      created_at: key.created_at,
    }
    await store.keys.insert(key, stored)
    await store.events.insert(newEvent('key.created', `key:${key.id}`, { name: key.name, account }, now))
    ids.set(row, key.id)
  }
  return ids
}
