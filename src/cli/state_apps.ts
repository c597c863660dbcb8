import type { App } from './apps.ts'
import { isOfApp } from './connection_giving.ts'
import { type Connector, type Current, compact, differences, type Entry } from './state_current.ts'
import type { AppEntry, StateFile } from './state_file.ts'
import type { Step } from './state_plan.ts'

/** Registrations of applications in a state file: what each is, and what its step of a plan sends. */

export function appEntry(
  { connector, scheme, settings, network }: AppEntry | App,
  known: Connector | undefined,
): Entry {
  const fields = Object.entries((known?.settings ?? {}) as Record<string, { default?: string }>)
  const presets = fields.flatMap(([name, field]) => (field.default === undefined ? [] : [[name, field.default]]))
  const all = { ...Object.fromEntries(presets), ...settings }
  return compact({
    connector,
    scheme: scheme ?? known?.schemes[0],
    settings: compact(all),
    network: compact(network),
  })
}

export function appFaults({ apps = [] }: StateFile, { connectors }: Current): string[] {
  return apps.flatMap(({ connector, scheme, secrets }) => {
    const known = connectors.get(connector)
    if (known === undefined) return [`apps: there is no connector ${connector} at the server`]
    const chosen = scheme ?? (known.schemes[0] as string)
    const fields = known.secrets[chosen]
    if (fields === undefined) return [`apps: ${connector} offers ${known.schemes.join(', ')}, not ${chosen}`]
    const names = Object.entries(fields).flatMap(([name, field]) =>
      isOfApp(field) ? [name, ...((field.aliases as string[] | undefined) ?? [])] : [],
    )
    return Object.keys(secrets)
      .filter((name) => !names.includes(name))
      .map((name) => `apps: ${connector} has no secret ${name} of an application; it has ${names.join(', ') || 'none'}`)
  })
}

/** The secrets go along with every change: they are given for the addresses beside them. */
export function appStep(entry: AppEntry, { apps, connectors }: Current, sendSecrets: boolean): Step {
  const base = { noun: 'app', id: entry.connector } as const
  const { secrets, ...body } = entry
  const run: Step['run'] = async (server, read) => {
    await server.put('/connectors/{id}/app', { params: { id: entry.connector }, body: appBody(body, read) })
  }
  const before = apps.find(({ connector }) => connector === entry.connector)
  if (before === undefined) return { ...base, action: 'create', fields: [], secrets, run }
  const known = connectors.get(entry.connector)
  const fields = differences(appEntry(before, known), appEntry(entry, known))
  if (fields.length === 0 && !sendSecrets) return { ...base, action: 'unchanged', fields }
  return { ...base, action: 'update', fields: [...fields, 'secrets'], secrets, run }
}

function appBody(
  { connector: _, scheme, settings, network }: Omit<AppEntry, 'secrets'>,
  secrets: Record<string, string>,
) {
  return { ...(scheme === undefined ? {} : { scheme }), settings, network, secrets }
}

/** Only where the file speaks of applications at all. */
export function appDeletions({ apps: named }: StateFile, { apps }: Current): Step[] {
  if (named === undefined) return []
  return apps
    .filter(({ connector }) => !named.some((entry) => entry.connector === connector))
    .map(({ connector }) => ({
      ...{ action: 'delete', noun: 'app', fields: [] },
      id: connector,
      run: async (server) => {
        await server.delete('/connectors/{id}/app', { params: { id: connector } })
      },
    }))
}
