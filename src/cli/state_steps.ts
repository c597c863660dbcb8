import type { Current, Entry } from './state_current.ts'
import type { ConnectionEntry } from './state_file.ts'
import type { Step } from './state_plan.ts'

/** What steps of a plan send. */

type Run = NonNullable<Step['run']>

/** What of the whole is to be changed. */
export function changed<T extends object>(whole: T, fields: readonly string[]): Partial<T> {
  return Object.fromEntries(
    Object.entries(whole).filter(([name, value]) => fields.includes(name) && value !== undefined),
  ) as Partial<T>
}

export function deletion(noun: Step['noun'], id: string, run: Run): Step {
  return { action: 'delete', noun, id, fields: [], run }
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

export function deleteConnection(id: string): Run {
  return async (server) => {
    await server.delete('/connections/{id}', { params: { id } })
  }
}
