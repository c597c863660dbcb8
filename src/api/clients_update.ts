import type { z } from 'zod'
import { newEvent } from '../core/events.ts'
import type { Client } from '../core/people_types.ts'
import type { Store } from '../core/stores.ts'
import { endsOpenId, keepsSecret, openIdOf } from './client_openid_changing.ts'
import { requireOpenIdNetwork, requireReachable } from './client_openid_rules.ts'
import { ClientAnswer, ClientUpdate } from './client_schemas.ts'
import { newClientSecret } from './client_secret.ts'
import { checkClient, presentClient, requireClientRights } from './clients_rules.ts'
import { type ApiParts, endpoint } from './endpoint.ts'
import { changedFields, given } from './given.ts'
import { notFound } from './presenting.ts'
import { IdParams } from './schemas.ts'

type Changes = z.output<typeof ClientUpdate>

export const clientsUpdate = endpoint({
  name: 'clients.update',
  method: 'PATCH',
  path: '/clients/{id}',
  summary: 'Change or disable an application',
  description:
    'What is given takes the place of what was there, "allow" and "token" as a whole, of "openid" and of "openid.email" the members that are given. What the provider gave for an application ends where "openid" is taken away and where it is disabled.',
  permission: 'clients.write',
  params: IdParams,
  body: ClientUpdate,
  response: ClientAnswer,
  errors: ['not_found', 'insecure_upstream'],
  target: ({ id }) => `client:${id}`,
  async handle({ principal, params, body, parts }) {
    const now = parts.now().toISOString()
    if (body.openid != null) {
      const before = await clientFor(parts.store, params.id)
      const asked = changed(before, body, now)
      requireOpenIdNetwork(principal, asked, before)
      // A name may take seconds to look up: not while the store waits.
      await requireReachable(parts, asked.openid)
    }
    const { before, client, warnings } = await parts.store.transaction(async (store) => {
      const before = await clientFor(store, params.id)
      const client = changed(before, body, now)
      if (!onlyDisables(body)) {
        await requireClientRights({ principal, parts }, store, [before, client])
        requireOpenIdNetwork(principal, client, before)
      }
      // What stays as it is must not keep anybody from disabling it.
      const warnings = onlyDisables(body) ? [] : await checkClient(store, parts, client)
      await store.clients.update(client)
      if (client.disabled_at !== null || !client.token.enabled) await store.clients.endTokens(client.id, now)
      if (keepsSecret(before) && !keepsSecret(client)) await forgetSecrets(store, parts, client.id, now)
      if (!keepsSecret(before) && keepsSecret(client)) warnings.push(NO_SECRET)
      await store.events.insert(newEvent('client.updated', `client:${client.id}`, changedFields(body)))
      return { before, client, warnings }
    })
    // In the other database: after this one knows that it is over.
    if (endsOpenId(before, client)) await parts.activity.providerEntries.deleteOfClient(client.id)
    return { ...presentClient(client), warnings }
  },
})

const NO_SECRET = 'openid.auth_method: it has no secret yet; rotating gives it one'

/** The one in their place is nobody’s: it is told to no one. */
function forgetSecrets(store: Store, { hashClient }: ApiParts, id: string, now: string): Promise<void> {
  return store.clients.replaceSecret(id, hashClient(newClientSecret()), now)
}

async function clientFor(store: Store, id: string): Promise<Client> {
  const client = await store.clients.get(id)
  if (client === undefined) throw notFound('application', id)
  return client
}

function onlyDisables(body: Changes): boolean {
  return body.disabled === true && Object.keys(given(body)).length === 1
}

function changed(before: Client, { disabled, openid, ...fields }: Changes, now: string): Client {
  return {
    ...before,
    ...given(fields),
    openid: openIdOf(before.openid, openid),
    disabled_at: disabled === undefined ? before.disabled_at : disabled ? (before.disabled_at ?? now) : null,
    updated_at: now,
  }
}
