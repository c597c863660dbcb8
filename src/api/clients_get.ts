import { Client } from './client_schemas.ts'
import { presentClient } from './clients_rules.ts'
import { endpoint } from './endpoint.ts'
import { notFound } from './presenting.ts'
import { IdParams } from './schemas.ts'

export const clientsGet = endpoint({
  name: 'clients.get',
  method: 'GET',
  path: '/clients/{id}',
  summary: 'Read an application',
  permission: 'clients.read',
  params: IdParams,
  response: Client,
  errors: ['not_found'],
  async handle({ params, parts }) {
    const client = await parts.store.clients.get(params.id)
    if (client === undefined) throw notFound('application', params.id)
    return presentClient(client)
  },
})
