import { isSentElsewhere } from '../api/sign_in_methods_places.ts'
import { readSettings } from '../api/sign_in_methods_settings.ts'
import type { ItemOf } from '../client/index.ts'
import type { OctroiError } from '../core/errors.ts'
import { METHOD_KINDS } from '../sign_in/methods/index.ts'
import { type Current, compact, differences, type Entry } from './state_current.ts'
import type { SignInMethodEntry, StateFile } from './state_file.ts'
import type { Step } from './state_plan.ts'
import { missingFrom } from './state_prune.ts'
import { changed, deletion } from './state_steps.ts'

/** Sign-in methods in a state file: what each is, and what its step of a plan sends. */

type Item = ItemOf<'/sign-in-methods'>
type Run = NonNullable<Step['run']>

const POSITION = 50

export function signInMethodEntry(method: SignInMethodEntry | Item): Entry {
  const { id, kind, name, position, enabled, first_sign_in, second_factor, groups, organizations, network } = method
  return {
    ...compact({
      id,
      kind,
      name,
      settings: settingsOf(method),
      first_sign_in: first_sign_in === 'refuse' ? undefined : first_sign_in,
      second_factor: second_factor === 'enrolled' ? undefined : second_factor,
      groups,
      organizations: organizations === 'ignore' ? undefined : organizations,
      network: compact(network),
    }),
    ...(position === POSITION ? {} : { position }),
    ...(enabled ? {} : { enabled }),
  }
}

/** As the server reads them: what is not given, its kind or its preset says. */
function settingsOf({ kind, settings }: Pick<Item, 'kind' | 'settings'>): Item['settings'] {
  try {
    return { ...readSettings(kind, settings) }
  } catch {
    return settings
  }
}

export function signInMethodFaults(file: StateFile, current: Current): string[] {
  const named = file.sign_in_methods ?? []
  if (named.length > 0 && current.sign_in_methods === undefined)
    return ['sign_in_methods: your key may not read them (sign-in-methods.read)']
  const missing = missingFrom(file, current)
  return named.flatMap((entry) => {
    const before = current.sign_in_methods?.find(({ id }) => id === entry.id)
    const faults = [...missing.groups(entry.groups), ...settingFaults(entry), ...secretFaults(entry)]
    if (before !== undefined && before.kind !== entry.kind)
      faults.push(`it is of the kind ${before.kind}, which cannot be changed`)
    return faults.map((fault) => `sign_in_methods: ${entry.id}: ${fault}`)
  })
}

function settingFaults({ kind, settings }: SignInMethodEntry): string[] {
  try {
    readSettings(kind, settings)
    return []
  } catch (error) {
    return ((error as OctroiError).errors ?? []).map(({ path, message }) => `${path}: ${message}`)
  }
}

function secretFaults({ kind, secrets }: SignInMethodEntry): string[] {
  const known = Object.keys(METHOD_KINDS[kind].secrets)
  return Object.keys(secrets)
    .filter((name) => !known.includes(name))
    .map((name) => `${kind} has no secret ${name}; it has ${known.join(', ') || 'none'}`)
}

/** Secrets cannot be compared: they are sent with an address that changes, where there is none of the name yet, or with `sendSecrets`. */
export function signInMethodStep(
  entry: SignInMethodEntry,
  { sign_in_methods = [] }: Current,
  sendSecrets: boolean,
): Step {
  const base = { noun: 'sign-in method', id: entry.id } as const
  const before = sign_in_methods.find(({ id }) => id === entry.id)
  if (before === undefined) {
    return { ...base, action: 'create', fields: [], secrets: entry.secrets, run: create(entry) }
  }
  const fields = differences(signInMethodEntry(before), signInMethodEntry(entry))
  const isNew = Object.keys(entry.secrets).some((name) => !before.secret_names.includes(name))
  const isMoved = isSentElsewhere(before, { settings: settingsOf(entry), network: entry.network })
  const has = Object.keys(entry.secrets).length > 0
  const sends = has && (sendSecrets || isNew || isMoved)
  if (fields.length === 0 && !sends) return { ...base, action: 'unchanged', fields }
  return {
    ...base,
    action: 'update',
    fields: sends ? [...fields, 'secrets'] : fields,
    secrets: sends ? entry.secrets : undefined,
    run: update(entry, before, fields),
  }
}

function create(entry: SignInMethodEntry): Run {
  return async (server, secrets) => {
    await server.post('/sign-in-methods', { body: { ...entry, secrets } })
  }
}

function update(entry: SignInMethodEntry, before: Item, fields: readonly string[]): Run {
  const { id, kind: _, secrets: __, ...rest } = entry
  const whole = { ...rest, settings: settingsPatch(before.settings, settingsOf(entry)) }
  return async (server, secrets) => {
    const body = { ...changed(whole, fields), ...(Object.keys(secrets).length === 0 ? {} : { secrets }) }
    await server.patch('/sign-in-methods/{id}', { params: { id }, body })
  }
}

/** A change of settings adds to those that are there: what is to go is sent as null. */
function settingsPatch(before: Item['settings'], will: Item['settings']): Item['settings'] {
  const gone = Object.keys(before).filter((name) => !Object.hasOwn(will, name))
  return { ...will, ...Object.fromEntries(gone.map((name) => [name, null])) }
}

/** Only where the file speaks of sign-in methods at all. */
export function signInMethodDeletions({ sign_in_methods: named }: StateFile, current: Current): Step[] {
  if (named === undefined) return []
  return (current.sign_in_methods ?? [])
    .filter(({ id }) => !named.some((entry) => entry.id === id))
    .map(({ id }) =>
      deletion('sign-in method', id, async (server) => {
        await server.delete('/sign-in-methods/{id}', { params: { id } })
      }),
    )
}
