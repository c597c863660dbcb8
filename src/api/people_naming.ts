import { OctroiError } from '../core/errors.ts'
import type { Client } from '../core/people_types.ts'
import type { Store } from '../core/stores.ts'
import { everyRow } from './every.ts'

/** What an application names is not deleted: the next one of the same id would come to what the last one was allowed. */

export async function requireAccountUnnamed(store: Store, id: string): Promise<void> {
  const client = (await clients(store)).find(({ allow }) => allow.accounts.includes(id))
  if (client !== undefined) throw named('account', id, `the application ${client.id}`)
}

export async function requireOrganizationUnnamed(store: Store, id: string): Promise<void> {
  const client = (await clients(store)).find(({ allow }) => allow.organizations.includes(id))
  if (client !== undefined) throw named('organization', id, `the application ${client.id}`)
}

export async function requireMethodUnnamed(store: Store, id: string): Promise<void> {
  const client = (await clients(store)).find(({ methods }) => methods.includes(id))
  if (client !== undefined) throw named('sign-in method', id, `the application ${client.id}`)
}

function clients(store: Store): Promise<Client[]> {
  return everyRow((page) => store.clients.list(page))
}

function named(what: string, id: string, by: string): OctroiError {
  return new OctroiError('conflict', `The ${what} ${id} is named by ${by}. Take it out of there first.`)
}
