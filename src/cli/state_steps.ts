import { given } from './input.ts'
import type { Current, Entry } from './state_current.ts'
import type { AccountEntry, ConnectionEntry, KeyEntry } from './state_file.ts'
import type { Step } from './state_plan.ts'

/** What each step of a plan sends. */

type Run = NonNullable<Step['run']>

export function createAccount({ disabled, ...body }: AccountEntry): Run {
  return async (server) => {
    await server.post('/accounts', { body })
    if (disabled) await server.post('/accounts/{id}/disable', { params: body })
  }
}

export function updateAccount({ id, name, description, disabled }: AccountEntry, fields: readonly string[]): Run {
  return async (server) => {
    if (fields.some((field) => field !== 'disabled')) {
      await server.patch('/accounts/{id}', { params: { id }, body: { name, description } })
    }
    if (!fields.includes('disabled')) return
    if (disabled) await server.post('/accounts/{id}/disable', { params: { id } })
    else await server.post('/accounts/{id}/enable', { params: { id } })
  }
}

export function createConnection(entry: ConnectionEntry): Run {
  return async (server, secrets, verify) => {
    await server.post('/connections', { body: { ...entry, secrets, verify } })
  }
}

type Connection = Current['connections'][number]

export function updateConnection(
  entry: ConnectionEntry,
  before: Connection,
  will: Entry,
  fields: readonly string[],
): Run {
  return async (server, secrets, verify) => {
    const sends = Object.keys(secrets).length > 0
    const whole = { ...entry, name: will.name as string, settings: settingsPatch(before, will) }
    const changes = Object.fromEntries(Object.entries(whole).filter(([name]) => fields.includes(name)))
    const body = { ...changes, ...(sends ? { secrets, verify } : {}) }
    await server.patch('/connections/{id}', { params: { id: entry.id }, body })
  }
}

/** A change of settings adds to those that are there: one that is to go is sent empty. */
function settingsPatch({ settings }: Connection, will: Entry): Record<string, string> {
  const gone = Object.keys(settings).map((name) => [name, ''])
  return { ...Object.fromEntries(gone), ...(will.settings as Record<string, string> | undefined) }
}

export function createKey({ disabled, secret, allow_weak, ...body }: KeyEntry): Run {
  return async (server, secrets, _verify, shownOnce) => {
    const id = secret === undefined ? await make() : await takeOver()
    if (disabled) await server.patch('/keys/{id}', { params: { id }, body: { disabled } })

    async function make(): Promise<string> {
      const { id, account, name, key } = await server.post('/keys', { body })
      shownOnce({ id, account, name, key })
      return id
    }

    async function takeOver(): Promise<string> {
      const imported = { ...body, secret: secrets.secret as string, allow_weak }
      return (await server.post('/keys/import', { body: imported })).id
    }
  }
}

export function updateKey(entry: KeyEntry, id: string, fields: readonly string[]): Run {
  const { disabled, description, grants, permissions, cidrs, rate_limit, usable_when_owner_inactive, expires_at } =
    entry
  const whole = {
    disabled,
    description,
    grants,
    permissions,
    cidrs,
    rate_limit,
    usable_when_owner_inactive,
    expires_at,
  }
  const body = given(Object.fromEntries(Object.entries(whole).filter(([name]) => fields.includes(name))))
  return async (server) => {
    await server.patch('/keys/{id}', { params: { id }, body })
  }
}

export function revokeKey(id: string): Run {
  return async (server) => {
    await server.delete('/keys/{id}', { params: { id } })
  }
}

export function deleteConnection(id: string): Run {
  return async (server) => {
    await server.delete('/connections/{id}', { params: { id } })
  }
}

export function deleteAccount(id: string): Run {
  return async (server) => {
    await server.delete('/accounts/{id}', { params: { id } })
  }
}
