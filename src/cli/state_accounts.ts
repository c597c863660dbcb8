import type { ItemOf } from '../client/index.ts'
import { given } from './input.ts'
import { type Current, compact, differences, type Entry } from './state_current.ts'
import type { AccountEntry, StateFile } from './state_file.ts'
import type { Step } from './state_plan.ts'
import { changed, deletion } from './state_steps.ts'

/** Accounts in a state file: what each is, and what its step of a plan sends. */

type Item = ItemOf<'/accounts'>
type Run = NonNullable<Step['run']>

export function accountEntry(account: AccountEntry | Item): Entry {
  const { id, kind, name, description, email, groups, grants, certificate_subjects } = account
  const disabled = 'disabled' in account ? account.disabled : account.disabled_at !== null
  const other = kind === 'service' ? undefined : kind
  return compact({ id, kind: other, name, description, email, groups, grants, certificate_subjects, disabled })
}

export function accountFaults(file: StateFile, { accounts }: Current): string[] {
  return file.accounts.flatMap(({ id, kind }) => {
    const before = accounts.find((account) => account.id === id)
    if (before === undefined || before.kind === kind) return []
    return [`accounts: ${id}: it is a ${before.kind}, which cannot be changed`]
  })
}

/** A password cannot be compared: it is sent where there is none yet, or with `sendSecrets`. One that the file leaves out stays. */
export function accountStep(entry: AccountEntry, { accounts }: Current, sendSecrets: boolean): Step {
  const base = { noun: 'account', id: entry.id } as const
  const secrets = entry.password === undefined ? undefined : { password: entry.password }
  const before = accounts.find(({ id }) => id === entry.id)
  if (before === undefined) return { ...base, action: 'create', fields: [], secrets, run: create(entry) }
  const fields = differences(accountEntry(before), accountEntry(entry))
  const sends = secrets !== undefined && (sendSecrets || !before.has_password)
  if (fields.length === 0 && !sends) return { ...base, action: 'unchanged', fields }
  const told = sends ? [...fields, 'password'] : fields
  const run = update(entry, fields)
  return { ...base, action: 'update', fields: told, secrets: sends ? secrets : undefined, run }
}

function create({ disabled, password: _, ...body }: AccountEntry): Run {
  return async (server, secrets) => {
    await server.post('/accounts', { body: { ...body, ...given({ password: secrets.password }) } })
    if (disabled) await server.post('/accounts/{id}/disable', { params: body })
  }
}

function update(entry: AccountEntry, fields: readonly string[]): Run {
  const { id, disabled, kind: _, password: __, ...whole } = entry
  const params = { id }
  return async (server, { password }) => {
    const body = changed(whole, fields)
    if (Object.keys(body).length > 0) await server.patch('/accounts/{id}', { params, body })
    if (password !== undefined) await server.post('/accounts/{id}/password', { params, body: { password } })
    if (!fields.includes('disabled')) return
    if (disabled) await server.post('/accounts/{id}/disable', { params })
    else await server.post('/accounts/{id}/enable', { params })
  }
}

/** Never the account of the key that this is done with; nor somebody who came by a sign-in method: no file knows who will. */
export function accountDeletions({ accounts: named }: StateFile, { accounts, self, signedUp }: Current): Step[] {
  return accounts
    .filter(({ id }) => id !== self.account && !signedUp.has(id) && !named.some((entry) => entry.id === id))
    .map(({ id }) =>
      deletion('account', id, async (server) => {
        await server.delete('/accounts/{id}', { params: { id } })
      }),
    )
}
