import type { z } from 'zod'
import { newEvent } from '../core/events.ts'
import type { Client } from '../core/people_types.ts'
import type { KeyPrincipal } from '../core/program_types.ts'
import { holdsPermission } from '../policy/permissions.ts'
import { keepsSecret } from './client_openid_changing.ts'
import { requireOpenIdNetwork, requireReachable } from './client_openid_rules.ts'
import { ClientCreate, type ClientWhole, MadeClient } from './client_schemas.ts'
import { newClientSecret } from './client_secret.ts'
import { checkClient, presentClient, requireClientRights } from './clients_rules.ts'
import { instructionsFor, templateWarnings, wholeClient } from './clients_template.ts'
import { endpoint } from './endpoint.ts'
import { chooseId, made } from './presenting.ts'

export const clientsCreate = endpoint({
  name: 'clients.create',
  method: 'POST',
  path: '/clients',
  summary: 'Register an application whose people sign in through Octroi',
  description:
    'Its secret is in this answer and nowhere else: it is stored as a hash. An application that gets tokens, or has APIs (openid.resources), needs * besides. With a template and a url all that it needs is filled in; what is given wins.',
  permission: 'clients.write',
  body: ClientCreate,
  response: MadeClient,
  status: 201,
  errors: ['conflict', 'insecure_upstream'],
  once: ['client_secret'],
  target: (_, answer) => made('client', answer),
  async handle({ principal, body, parts }) {
    const whole = wholeClient(body)
    const client = clientOf(whole, principal, parts.now().toISOString())
    requireOpenIdNetwork(principal, client)
    await requireReachable(parts, client.openid)
    const answer = await parts.store.transaction(async (store) => {
      const isTaken = async (wanted: string) =>
        (await store.clients.get(wanted)) !== undefined || (await store.subjects.isTaken(wanted))
      const id = await chooseId(body.id, client.name, isTaken)
      const stored = { ...client, id }
      await requireClientRights({ principal, parts }, store, [stored])
      const warnings = [...(await checkClient(store, parts, stored)), ...templateWarnings(body, stored)]
      const secret = keepsSecret(stored) ? newClientSecret() : null
      await store.clients.insert(stored, secret === null ? null : parts.hashClient(secret))
      await store.events.insert(newEvent('client.created', `client:${id}`, { name: client.name }))
      const instructions = instructionsFor(body, id, parts.about.public_url)
      return { ...presentClient(stored), client_secret: secret, warnings, instructions }
    })
    // Of one before it with this id, whose end was not written to the end.
    if (whole.openid !== null) await parts.activity.providerEntries.deleteOfClient(answer.id)
    return answer
  },
})

const EVERYBODY = { accounts: [], groups: [], organizations: [], authenticated: true } satisfies Client['allow']
const HALF_A_DAY_S = 43_200

/** Its id is chosen where it is known which are taken. */
function clientOf(
  { id = '', disabled, allow = EVERYBODY, token, ...fields }: z.output<typeof ClientWhole>,
  { permissions }: Pick<KeyPrincipal, 'permissions'>,
  now: string,
): Client {
  // What it may not decide is left off, not refused: it was not asked for. An OpenID client has tokens of the provider.
  const enabled = holdsPermission(permissions, '*') && fields.openid === null
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
