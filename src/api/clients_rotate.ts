import { OctroiError } from '../core/errors.ts'
import { newEvent } from '../core/events.ts'
import type { Client } from '../core/people_types.ts'
import { keepsSecret } from './client_openid_changing.ts'
import { NewClient } from './client_schemas.ts'
import { newClientSecret } from './client_secret.ts'
import { presentClient, requireClientRights } from './clients_rules.ts'
import { endpoint } from './endpoint.ts'
import { overlap } from './overlap.ts'
import { notFound } from './presenting.ts'
import { IdParams } from './schemas.ts'

export const clientsRotate = endpoint({
  name: 'clients.rotate',
  method: 'POST',
  path: '/clients/{id}/rotate',
  summary: 'Give an application a new secret',
  description: 'The old secret works for overlap_s more seconds; 0 ends it at once.',
  permission: 'clients.write',
  params: IdParams,
  body: overlap(3_600),
  response: NewClient,
  errors: ['not_found', 'conflict'],
  once: ['client_secret'],
  target: ({ id }) => `client:${id}`,
  async handle({ principal, params, body, parts }) {
    const secret = newClientSecret()
    const now = parts.now()
    return parts.store.transaction(async (store) => {
      const client = await store.clients.get(params.id)
      if (client === undefined) throw notFound('application', params.id)
      await requireClientRights({ principal, parts }, store, [client])
      if (!keepsSecret(client)) throw noSecret(client)
      const ends = new Date(now.getTime() + body.overlap_s * 1000).toISOString()
      await store.clients.replaceSecret(client.id, parts.hashClient(secret), ends)
      const told = { overlap_s: body.overlap_s }
      await store.events.insert(newEvent('client.rotated', `client:${client.id}`, told, now))
      return { ...presentClient(client), client_secret: secret, warnings: [] }
    })
  },
})

function noSecret({ id, openid }: Client): OctroiError {
  const how =
    openid?.auth_method === 'none' ? 'proves itself by PKCE alone' : 'proves itself by its own keys (openid.jwks)'
  return new OctroiError(
    'conflict',
    `The application ${id} has no secret: with auth_method ${openid?.auth_method} it ${how}.`,
  )
}
