import { endpoint } from './endpoint.ts'
import { lastUse } from './keys_making.ts'
import { notFound, presentKey } from './presenting.ts'
import { ApiKey } from './schemas.ts'

export const keysSelf = endpoint({
  name: 'keys.self',
  method: 'GET',
  path: '/keys/self',
  summary: 'Read the key that this request is made with',
  permission: null,
  response: ApiKey,
  errors: ['not_found'],
  async handle({ principal, parts }) {
    const key = await parts.store.keys.get(principal.key_id)
    if (key === undefined) throw notFound('key', principal.key_id)
    return presentKey(key, await lastUse(parts, key.id), parts.now())
  },
})
