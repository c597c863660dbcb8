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
    organizations: current.organizations?.filter(stays('organization')),
    sign_in_methods: current.sign_in_methods?.filter(stays('sign-in method')),
    clients: current.clients?.filter(stays('client')),
  }
}

/** The server deletes nothing that something names: what the file does not speak of may do that. */
export function danglingFaults(file: StateFile, current: Current): string[] {
  const held = heldBy(file, current)
  return namings(file, current).flatMap(({ by, ...named }) =>
    LISTS.flatMap((list) =>
      (named[list] ?? [])
        .filter((id) => !held[list].has(id))
        .map((id) => `${list}: ${id}: the ${by} names it; put it into the file, or the ${by}`),
    ),
  )
}

const LISTS = ['accounts', 'groups', 'organizations', 'sign_in_methods'] as const

type Named = Partial<Record<(typeof LISTS)[number], readonly string[]>>

function heldBy(file: StateFile, current: Current): Record<(typeof LISTS)[number], ReadonlySet<string>> {
  const ids = (list: (typeof LISTS)[number]) =>
    new Set([...(current[list] ?? []), ...(file[list] ?? [])].map(({ id }) => id))
  return {
    accounts: ids('accounts'),
    groups: ids('groups'),
    organizations: ids('organizations'),
    sign_in_methods: ids('sign_in_methods'),
  }
}

/** What is at the server and not in the file, with what it names. */
function namings(
  file: StateFile,
  { routes = [], issuers = [], clients = [], organizations = [], sign_in_methods = [] }: Current,
): (Named & { readonly by: string })[] {
  return [
    ...routes.filter(notIn(file.routes)).map(({ id, allow: { accounts, groups } }) => ({
      ...{ by: `route ${id}`, accounts, groups },
    })),
    ...issuers.filter(notIn(file.issuers)).map(({ id, account, accounts: limited }) => ({
      ...{ by: `issuer ${id}`, accounts: [...(account === null ? [] : [account]), ...limited] },
    })),
    ...clients.filter(notIn(file.clients)).map(({ id, allow, roles, methods }) => ({
      by: `client ${id}`,
      accounts: allow.accounts,
      groups: [...allow.groups, ...roles.map(({ group }) => group)],
      organizations: allow.organizations,
      sign_in_methods: methods,
    })),
    ...organizations.filter(notIn(file.organizations)).map(({ id, groups }) => ({ by: `organization ${id}`, groups })),
    ...sign_in_methods.filter(notIn(file.sign_in_methods)).map(({ id, groups }) => ({
      ...{ by: `sign-in method ${id}`, groups },
    })),
  ]
}

/** What of these is neither in the file nor at the server; where the key may not read them there, nobody knows. */
export function missingFrom(file: StateFile, current: Current) {
  const of = (list: 'accounts' | 'groups' | 'organizations' | 'sign_in_methods', what: string) => {
    const [here, there] = [file[list], current[list]]
    const known = new Set([...(here ?? []), ...(there ?? [])].map(({ id }) => id))
    return (ids: readonly string[]) =>
      ids
        .filter((id) => there !== undefined && !known.has(id))
        .map((id) => `there is no ${what} ${id}, here or at the server`)
  }
  return {
    accounts: of('accounts', 'account'),
    groups: of('groups', 'group'),
    organizations: of('organizations', 'organization'),
    sign_in_methods: of('sign_in_methods', 'sign-in method'),
  }
}

function notIn(entries: readonly { readonly id: string }[] = []) {
  return ({ id }: { readonly id: string }) => !entries.some((entry) => entry.id === id)
}
