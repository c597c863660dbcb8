import { z } from 'zod'
import { Client } from './client_schemas.ts'
import { presentClient } from './clients_rules.ts'
import { endpoint } from './endpoint.ts'
import { pageAnswer, pageQuery } from './presenting.ts'
import { Page, pageOf } from './schemas.ts'

export const clientsList = endpoint({
  name: 'clients.list',
  method: 'GET',
  path: '/clients',
  summary: 'List applications',
  permission: 'clients.read',
  query: z.strictObject(Page),
  response: pageOf(Client),
  async handle({ query, parts }) {
    return pageAnswer(await parts.store.clients.list(pageQuery(query)), query.limit, presentClient)
  },
})
