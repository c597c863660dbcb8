import { ClientOpenIdWhole } from '../api/client_openid_schemas.ts'
import type { ItemOf } from '../client/index.ts'
import { type Current, compact, compactUndefined, differences, type Entry } from './state_current.ts'
import type { ClientEntry, StateFile } from './state_file.ts'
import type { Step } from './state_plan.ts'
import { missingFrom } from './state_prune.ts'
import { changed, deletion } from './state_steps.ts'

/** Applications whose people sign in through Octroi, in a state file. Their secrets are made by the server, and shown where they are made. */

type Item = ItemOf<'/clients'>

const ROLE = 'user'
const TTL_S = 43_200

export function clientEntry(client: ClientEntry | Item): Entry {
  const { id, name, description, redirect_uris, post_logout_redirect_uris, allow, methods, mfa, roles } = client
  const { enabled, grants, ttl_s } = client.token
  const own = compact({
    id,
    name,
    description,
    redirect_uris,
    post_logout_redirect_uris,
    // Said in any case: left out it would be everybody.
    allow: { ...compact(allow), authenticated: allow.authenticated },
    methods,
    mfa,
    roles,
    default_role: client.default_role === ROLE ? undefined : client.default_role,
    token: {
      enabled,
      ...compact({
        grants: (grants as readonly object[]).map(compactUndefined),
        ttl_s: ttl_s === TTL_S ? undefined : ttl_s,
      }),
    },
    token_in_query: client.token_in_query,
    disabled: 'disabled' in client ? client.disabled : client.disabled_at !== null,
  })
  // Said in any case where it is one, be it as `{}`: left out it would be none.
  return client.openid === null ? own : { ...own, openid: openIdEntry(client.openid) }
}

/** Without what is as it would be anyway. */
function openIdEntry({ network, ...openid }: NonNullable<ClientEntry['openid'] | Item['openid']>): Entry {
  const said = { ...openid, network: compactUndefined(network) }
  const usual: Entry = ClientOpenIdWhole.parse({})
  const other = differences(usual, said)
  return Object.fromEntries(Object.entries(said).filter(([name]) => other.includes(name)))
}

export function clientFaults(file: StateFile, current: Current): string[] {
  const named = file.clients ?? []
  if (named.length > 0 && current.clients === undefined) return ['clients: your key may not read them (clients.read)']
  const missing = missingFrom(file, current)
  return named.flatMap(({ id, allow, methods, roles }) =>
    [
      ...missing.accounts(allow.accounts),
      ...missing.groups([...allow.groups, ...roles.map(({ group }) => group)]),
      ...missing.organizations(allow.organizations),
      ...missing.sign_in_methods(methods),
    ].map((fault) => `clients: ${id}: ${fault}`),
  )
}

export function clientStep(entry: ClientEntry, { clients = [] }: Current): Step {
  const base = { noun: 'client', id: entry.id } as const
  const before = clients.find(({ id }) => id === entry.id)
  if (before === undefined) {
    const run: Step['run'] = async (server, _secrets, _verify, shownOnce) => {
      const { client_id, client_secret } = await server.post('/clients', { body: entry })
      if (client_secret !== null) shownOnce({ client: client_id, client_secret })
    }
    return { ...base, action: 'create', fields: [], run }
  }
  const fields = differences(clientEntry(before), clientEntry(entry))
  if (fields.length === 0) return { ...base, action: 'unchanged', fields }
  const { id, ...whole } = entry
  const run: Step['run'] = async (server) => {
    await server.patch('/clients/{id}', { params: { id }, body: changed(whole, fields) })
  }
  return { ...base, action: 'update', fields, run }
}

/** Only where the file speaks of applications at all. */
export function clientDeletions({ clients: named }: StateFile, { clients = [] }: Current): Step[] {
  if (named === undefined) return []
  return clients
    .filter(({ id }) => !named.some((entry) => entry.id === id))
    .map(({ id }) =>
      deletion('client', id, async (server) => {
        await server.delete('/clients/{id}', { params: { id } })
      }),
    )
}
