import { JWT_ALGORITHMS } from '../api/issuer_schemas.ts'
import type { ItemOf } from '../client/index.ts'
import { type Current, compact, differences, type Entry } from './state_current.ts'
import type { IssuerEntry, StateFile } from './state_file.ts'
import type { Step } from './state_plan.ts'
import { changed, deletion } from './state_steps.ts'

/** JWT issuers in a state file: what each is, and what its step of a plan sends. */

type Item = ItemOf<'/issuers'>

const EVERY_ALGORITHM = JWT_ALGORITHMS.join()
const SKEW_S = 60

export function issuerEntry(issuer: IssuerEntry | Item): Entry {
  const { id, jwks_uri, jwks, audience, algorithms, typ, subject_claim, account, accounts, network } = issuer
  const disabled = 'disabled' in issuer ? issuer.disabled : issuer.disabled_at !== null
  const { clock_skew_s } = issuer
  return {
    ...compact({
      id,
      name: issuer.name === nameOf(issuer.issuer) ? undefined : issuer.name,
      issuer: issuer.issuer,
      jwks_uri,
      jwks,
      audience,
      algorithms: algorithms.join() === EVERY_ALGORITHM ? undefined : algorithms,
      typ,
      subject_claim: subject_claim === 'sub' ? undefined : subject_claim,
      account,
      accounts,
      conditions: conditionsOf(issuer),
      network: compact(network),
      disabled,
    }),
    // No difference at all is allowed, too.
    ...(clock_skew_s === SKEW_S ? {} : { clock_skew_s }),
  }
}

/** As the server calls one that is not named. */
function nameOf(issuer: string): string {
  return (URL.canParse(issuer) && new URL(issuer).hostname) || issuer.slice(0, 200)
}

/** `subject` is short for a condition on the subject claim. */
function conditionsOf(issuer: IssuerEntry | Item) {
  const subject = 'subject' in issuer ? issuer.subject : undefined
  return { ...issuer.conditions, ...(subject === undefined ? {} : { [issuer.subject_claim]: subject }) }
}

export function issuerFaults(file: StateFile, { issuers, accounts }: Current): string[] {
  const named = file.issuers ?? []
  if (named.length > 0 && issuers === undefined) return ['issuers: your key may not read them (issuers.read)']
  const known = new Set([...accounts, ...file.accounts].map(({ id }) => id))
  return named.flatMap(({ id, account, accounts: limited }) =>
    [...(account === null ? [] : [account]), ...limited]
      .filter((one) => !known.has(one))
      .map((one) => `issuers: ${id}: there is no account ${one}, here or at the server`),
  )
}

export function issuerStep(entry: IssuerEntry, { issuers = [] }: Current): Step {
  const base = { noun: 'issuer', id: entry.id } as const
  const before = issuers.find(({ id }) => id === entry.id)
  if (before === undefined) {
    const run: Step['run'] = async (server) => {
      await server.post('/issuers', { body: entry })
    }
    return { ...base, action: 'create', fields: [], run }
  }
  const fields = differences(issuerEntry(before), issuerEntry(entry))
  if (fields.length === 0) return { ...base, action: 'unchanged', fields }
  const { id, subject: _, name = nameOf(entry.issuer), ...rest } = entry
  const whole = { ...rest, name, conditions: conditionsOf(entry) }
  const run: Step['run'] = async (server) => {
    await server.patch('/issuers/{id}', { params: { id }, body: changed(whole, fields) })
  }
  return { ...base, action: 'update', fields, run }
}

/** Only where the file speaks of issuers at all. */
export function issuerDeletions({ issuers: named }: StateFile, { issuers = [] }: Current): Step[] {
  if (named === undefined) return []
  return issuers
    .filter(({ id }) => !named.some((entry) => entry.id === id))
    .map(({ id }) =>
      deletion('issuer', id, async (server) => {
        await server.delete('/issuers/{id}', { params: { id } })
      }),
    )
}
