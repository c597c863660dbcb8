import type { ItemOf, OctroiClient } from '../client/index.ts'
import { routeConflict } from '../policy/routes.ts'
import { FailedError } from './command.ts'
import { collect } from './input.ts'
import { type Current, compact, differences, type Entry } from './state_current.ts'
import type { KeyReference, NamedKey, RouteEntry, StateFile } from './state_file.ts'
import type { Step } from './state_plan.ts'
import { changed, deletion } from './state_steps.ts'

/**
 * Routes in a state file: what each is, and what its step of a plan sends. The id of a key is another one in every installation, so
 * that a key is named as it is everywhere in the file: by its account and name.
 */

type Item = ItemOf<'/routes'>
type Keys = Current['keys']

export function routeEntry(route: RouteEntry | Item, keys: Keys): Entry {
  const { id, name, description, host, path, methods, accept, allow, cors, session } = route
  const every = methods.length === 1 && methods[0] === '*'
  return compact({
    id,
    name: name === nameOf(route) ? undefined : name,
    description,
    host,
    path,
    methods: every ? undefined : methods,
    accept,
    allow: compact({ ...allow, keys: namedKeys(allow.keys, keys) }),
    cors: compact(cors),
    session: compact(session),
  })
}

/** As the server calls one that is not named. */
function nameOf({ host, path }: { readonly host: string; readonly path: string }): string {
  return `${host}${path}`.slice(0, 200)
}

/** In one order. Keys that are over pass nowhere: they are left out. */
function namedKeys(references: readonly KeyReference[], keys: Keys): NamedKey[] {
  return references
    .flatMap((reference) => {
      if (typeof reference !== 'string') return [reference]
      const key = keys.find(({ id }) => id === reference)
      return key === undefined ? [] : [{ account: key.account, name: key.name }]
    })
    .sort((a, b) => (textOf(a) < textOf(b) ? -1 : 1))
    .filter((key, i, all) => i === 0 || textOf(key) !== textOf(all[i - 1] as NamedKey))
}

function textOf({ account, name }: NamedKey): string {
  return `${account} ${name}`
}

/** Of the keys that a route allows, those that are over. */
export function overKeys({ allow }: Item, keys: Keys): string[] {
  return allow.keys.filter((id) => !keys.some((key) => key.id === id))
}

/** New ones that let most people in come last: where an apply stops half-way, doors are shut rather than open. */
export function narrowestFirst(entries: readonly RouteEntry[], { routes = [] }: Current): readonly RouteEntry[] {
  const width = (entry: RouteEntry) => (routes.some(({ id }) => id === entry.id) ? 0 : widthOf(entry))
  return entries.toSorted((a, b) => width(a) - width(b))
}

function widthOf({ accept, allow }: RouteEntry): number {
  if ('any' in accept && accept.any.includes('anonymous')) return 2
  return allow.authenticated ? 1 : 0
}

export function routeStep(entry: RouteEntry, { routes = [], keys }: Current): Step {
  const base = { noun: 'route', id: entry.id } as const
  const before = routes.find(({ id }) => id === entry.id)
  if (before === undefined) {
    const run: Step['run'] = async (server) => {
      await server.post('/routes', { body: { ...entry, allow: await allowOf(server, entry, keys) } })
    }
    return { ...base, action: 'create', fields: [], run }
  }
  const fields = differences(routeEntry(before, keys), routeEntry(entry, keys))
  if (fields.length === 0) return { ...base, action: 'unchanged', fields }
  const { id, name = nameOf(entry), ...rest } = entry
  const run: Step['run'] = async (server) => {
    const whole = { ...rest, name, allow: await allowOf(server, entry, keys) }
    await server.patch('/routes/{id}', { params: { id }, body: changed(whole, fields) })
  }
  return { ...base, action: 'update', fields, run }
}

/** Keys that the same file makes have their ids only now. */
async function allowOf(server: OctroiClient, { allow }: RouteEntry, before: Keys) {
  const wanted = namedKeys(allow.keys, before)
  const ids: string[] = []
  for (const { account, name } of wanted) {
    const isIt = (key: Keys[number]) => key.account === account && key.name === name
    const key = before.find(isIt) ?? (await keysOf(server, account)).find(isIt)
    if (key === undefined) throw new FailedError(`there is no key ${account} ${name} at the server`)
    ids.push(key.id)
  }
  return { ...allow, keys: ids }
}

async function keysOf(server: OctroiClient, account: string) {
  const keys = await collect(server.pages('/keys', { query: { account, limit: 200 } }))
  return keys.filter(({ state }) => state === 'active' || state === 'disabled')
}

/**
 * Only where the file speaks of routes at all. `before`: those whose place a route of the file takes, which the server keeps for them
 * while they are there.
 */
export function routeDeletions(
  { routes: named }: StateFile,
  { routes = [] }: Current,
): { readonly before: Step[]; readonly after: Step[] } {
  if (named === undefined) return { before: [], after: [] }
  const gone = routes.filter(({ id }) => !named.some((entry) => entry.id === id))
  const isTaken = (route: Item) => named.some((entry) => routeConflict(entry, route))
  const step = ({ id }: Item) =>
    deletion('route', id, async (server) => {
      await server.delete('/routes/{id}', { params: { id } })
    })
  return { before: gone.filter(isTaken).map(step), after: gone.filter((route) => !isTaken(route)).map(step) }
}
