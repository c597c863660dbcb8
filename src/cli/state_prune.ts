import type { Current } from './state_current.ts'
import type { StateFile } from './state_file.ts'
import type { Step } from './state_plan.ts'

/** What a plan that deletes must not leave behind. */

/** What is at the server when these deletions are done. */
export function staying(current: Current, deletions: readonly Step[]): Current {
  const gone = new Set(deletions.map(({ noun, id }) => `${noun} ${id}`))
  const stays = (noun: Step['noun']) => (item: { readonly id: string }) => !gone.has(`${noun} ${item.id}`)
  return {
    ...current,
    accounts: current.accounts.filter(stays('account')),
    keys: current.keys.filter(({ account, name }) => !gone.has(`key ${account} ${name}`)),
    groups: current.groups?.filter(stays('group')),
    routes: current.routes?.filter(stays('route')),
    issuers: current.issuers?.filter(stays('issuer')),
  }
}

/** The server deletes no account and no group that something names: what the file does not speak of may do that. */
export function danglingFaults(
  file: StateFile,
  { accounts, groups = [], routes = [], issuers = [] }: Current,
): string[] {
  const heldAccounts = new Set([...accounts, ...file.accounts].map(({ id }) => id))
  const heldGroups = new Set([...groups, ...(file.groups ?? [])].map(({ id }) => id))
  const unnamed = (list: 'account' | 'group', ids: readonly string[], by: string) =>
    ids
      .filter((id) => !(list === 'account' ? heldAccounts : heldGroups).has(id))
      .map((id) => `${list}s: ${id}: the ${by} names it; put it into the file, or the ${by}`)
  return [
    ...routes
      .filter(notIn(file.routes))
      .flatMap(({ id, allow }) => [
        ...unnamed('account', allow.accounts, `route ${id}`),
        ...unnamed('group', allow.groups, `route ${id}`),
      ]),
    ...issuers
      .filter(notIn(file.issuers))
      .flatMap(({ id, account, accounts: limited }) =>
        unnamed('account', [...(account === null ? [] : [account]), ...limited], `issuer ${id}`),
      ),
  ]
}

function notIn(entries: readonly { readonly id: string }[] = []) {
  return ({ id }: { readonly id: string }) => !entries.some((entry) => entry.id === id)
}
