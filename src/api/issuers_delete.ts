import { newEvent } from '../core/events.ts'
import { endpoint } from './endpoint.ts'
import { notFound } from './presenting.ts'
import { IdParams } from './schemas.ts'

export const issuersDelete = endpoint({
  name: 'issuers.delete',
  method: 'DELETE',
  path: '/issuers/{id}',
  summary: 'Trust an issuer of JWTs no longer, from the next request',
  permission: 'issuers.write',
  params: IdParams,
  status: 204,
  errors: ['not_found'],
  target: ({ id }) => `issuer:${id}`,
  async handle({ params, parts }) {
    await parts.store.transaction(async (store) => {
      if (!(await store.issuers.delete(params.id))) throw notFound('issuer', params.id)
      await store.events.insert(newEvent('issuer.deleted', `issuer:${params.id}`))
    })
  },
})
