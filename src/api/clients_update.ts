import type { z } from 'zod'
import { newEvent } from '../core/events.ts'
import type { Client } from '../core/people_types.ts'
import { ClientAnswer, ClientUpdate } from './client_schemas.ts'
import { checkClient, presentClient, requireClientRights } from './clients_rules.ts'
import { endpoint } from './endpoint.ts'
import { changedFields, given } from './given.ts'
import { notFound } from './presenting.ts'
import { IdParams } from './schemas.ts'

type Changes = z.output<typeof ClientUpdate>

export const clientsUpdate = endpoint({
  name: 'clients.update',
  method: 'PATCH',
  path: '/clients/{id}',
  summary: 'Change or disable an application',
  description: 'What is given takes the place of what was there, "allow" and "token" as a whole.',
  permission: 'clients.write',
  params: IdParams,
  body: ClientUpdate,
  response: ClientAnswer,
  errors: ['not_found'],
  target: ({ id }) => `client:${id}`,
  async handle({ principal, params, body, parts }) {
    const now = parts.now().toISOString()
    return parts.store.transaction(async (store) => {
      const before = await store.clients.get(params.id)
      if (before === undefined) throw notFound('application', params.id)
      const client = changed(before, body, now)
      if (!onlyDisables(body)) await requireClientRights({ principal, parts }, store, [before, client])
      // What stays as it is must not keep anybody from disabling it.
      const warnings = onlyDisables(body) ? [] : await checkClient(store, parts, client)
      await store.clients.update(client)
      if (client.disabled_at !== null || !client.token.enabled) await store.clients.endTokens(client.id, now)
      await store.events.insert(newEvent('client.updated', `client:${client.id}`, changedFields(body)))
      return { ...presentClient(client), warnings }
    })
  },
})

function onlyDisables(body: Changes): boolean {
  return body.disabled === true && Object.keys(given(body)).length === 1
}

function changed(before: Client, { disabled, ...fields }: Changes, now: string): Client {
  return {
    ...before,
    ...given(fields),
    disabled_at: disabled === undefined ? before.disabled_at : disabled ? (before.disabled_at ?? now) : null,
    updated_at: now,
  }
}
