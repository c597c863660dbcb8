import { endpoint } from './endpoint.ts'
import { ApiKey } from './key_schemas.ts'
import { lastUse } from './keys_making.ts'
import { notFound, presentKey } from './presenting.ts'
import { IdParams } from './schemas.ts'

export const keysGet = endpoint({
  name: 'keys.get',
  method: 'GET',
  path: '/keys/{id}',
  summary: 'Read an API key',
  permission: 'keys.read',
  params: IdParams,
  response: ApiKey,
  errors: ['not_found'],
  async handle({ params, parts }) {
    const key = await parts.store.keys.get(params.id)
    if (key === undefined) throw notFound('key', params.id)
    return presentKey(parts, key, await lastUse(parts, key.id))
  },
})
