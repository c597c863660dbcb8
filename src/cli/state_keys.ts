import { type Current, compact, compactUndefined, differences, type Entry, type KeyItem } from './state_current.ts'
import type { KeyEntry, StateFile } from './state_file.ts'
import type { Step } from './state_plan.ts'
import { changed, deletion } from './state_steps.ts'

/** Keys in a state file: what each is, and what its step of a plan sends. One is known by its account and name. */

type Run = NonNullable<Step['run']>

export function keyEntry(key: KeyEntry | KeyItem): Entry {
  const { account, name, description, permissions, tech_name, cidrs, rate_limit, expires_at } = key
  const disabled = 'disabled' in key ? key.disabled : key.disabled_at !== null
  const grants = (key.grants as readonly object[]).map(compactUndefined)
  return {
    ...compact({
      account,
      name,
      description,
      grants,
      permissions,
      tech_name,
      cidrs,
      rate_limit,
      usable_when_owner_inactive: key.usable_when_owner_inactive,
      expires_at,
      disabled,
    }),
    // An empty list is not the same as none: it takes away the groups of the account.
    ...(key.groups === null ? {} : { groups: key.groups }),
  }
}

export function keyFaults(file: StateFile, { accounts, keys }: Current): string[] {
  const known = new Set([...accounts, ...file.accounts].map(({ id }) => id))
  return file.keys.flatMap(({ account, name }) => {
    const at = `keys: ${account} ${name}:`
    const found = keys.filter((key) => key.account === account && key.name === name)
    return [
      ...(known.has(account) ? [] : [`${at} there is no account ${account}, here or at the server`]),
      ...(found.length > 1
        ? [`${at} the server has ${found.length} keys of that account and name; rename or revoke one`]
        : []),
    ]
  })
}

export function keyStep(entry: KeyEntry, { keys }: Current): Step {
  const base = { noun: 'key', id: `${entry.account} ${entry.name}` } as const
  const before = keys.find(({ account, name }) => account === entry.account && name === entry.name)
  if (before === undefined) {
    const secrets = entry.secret === undefined ? undefined : { secret: entry.secret }
    return { ...base, action: 'create', fields: [], secrets, run: create(entry) }
  }
  const fields = differences(keyEntry(before), keyEntry(entry))
  if (fields.length === 0) return { ...base, action: 'unchanged', fields }
  return { ...base, action: 'update', fields, run: update(entry, before.id, fields) }
}

function create({ disabled, secret, allow_weak, ...body }: KeyEntry): Run {
  return async (server, secrets, _verify, shownOnce) => {
    const id = secret === undefined ? await make() : await takeOver()
    if (disabled) await server.patch('/keys/{id}', { params: { id }, body: { disabled } })

    async function make(): Promise<string> {
      const { id, account, name, key, provided } = await server.post('/keys', { body })
      // Where the environment provides the secret, the one that was made does not work.
      if (!provided) shownOnce({ id, account, name, key })
      return id
    }

    async function takeOver(): Promise<string> {
      const imported = { ...body, secret: secrets.secret as string, allow_weak }
      return (await server.post('/keys/import', { body: imported })).id
    }
  }
}

function update(entry: KeyEntry, id: string, fields: readonly string[]): Run {
  const { account: _, name: __, secret: ___, allow_weak: ____, ...whole } = entry
  return async (server) => {
    await server.patch('/keys/{id}', { params: { id }, body: changed(whole, fields) })
  }
}

/** Never the key that this is done with. */
export function keyDeletions({ keys: named }: StateFile, { keys, self }: Current): Step[] {
  return keys
    .filter((key) => key.id !== self.id)
    .filter(({ account, name }) => !named.some((entry) => entry.account === account && entry.name === name))
    .map(({ id, account, name }) =>
      deletion('key', `${account} ${name}`, async (server) => {
        await server.delete('/keys/{id}', { params: { id } })
      }),
    )
}
