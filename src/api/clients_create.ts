import type { z } from 'zod'
import { newEvent } from '../core/events.ts'
import type { Client } from '../core/people_types.ts'
import type { KeyPrincipal } from '../core/program_types.ts'
import { holdsPermission } from '../policy/permissions.ts'
import { ClientCreate, NewClient } from './client_schemas.ts'
import { newClientSecret } from './client_secret.ts'
import { checkClient, presentClient, requireClientRights } from './clients_rules.ts'
import { endpoint } from './endpoint.ts'
import { chooseId, made } from './presenting.ts'

export const clientsCreate = endpoint({
  name: 'clients.create',
  method: 'POST',
  path: '/clients',
  summary: 'Register an application whose people sign in through Octroi',
  description:
    'Its secret is in this answer and nowhere else: it is stored as a hash. An application that gets tokens needs * besides.',
  permission: 'clients.write',
  body: ClientCreate,
  response: NewClient,
  status: 201,
  errors: ['conflict'],
  once: ['client_secret'],
  target: (_, answer) => made('client', answer),
  async handle({ principal, body, parts }) {
    const secret = newClientSecret()
    return parts.store.transaction(async (store) => {
      const id = await chooseId(body.id, body.name, async (wanted) => (await store.clients.get(wanted)) !== undefined)
      const client = clientOf(id, body, principal, parts.now().toISOString())
      await requireClientRights({ principal, parts }, store, [client])
      const warnings = await checkClient(store, parts, client)
      await store.clients.insert(client, parts.hashClient(secret))
      await store.events.insert(newEvent('client.created', `client:${id}`, { name: client.name }))
      return { ...presentClient(client), client_secret: secret, warnings }
    })
  },
})

const EVERYBODY = { accounts: [], groups: [], organizations: [], authenticated: true } satisfies Client['allow']
const HALF_A_DAY_S = 43_200

function clientOf(
  id: string,
  { disabled, allow = EVERYBODY, token, ...fields }: z.output<typeof ClientCreate>,
  { permissions }: Pick<KeyPrincipal, 'permissions'>,
  now: string,
): Client {
  // What it may not decide is left off, not refused: it was not asked for.
  const enabled = holdsPermission(permissions, '*')
  const unsaid = { enabled, grants: [], ttl_s: HALF_A_DAY_S }
  return {
    ...fields,
    id,
    allow,
    token: token ?? unsaid,
    disabled_at: disabled ? now : null,
    created_at: now,
    updated_at: now,
  }
}
