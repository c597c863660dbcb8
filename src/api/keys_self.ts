import { OctroiError } from '../core/errors.ts'
import { endpoint } from './endpoint.ts'
import { ApiKey } from './key_schemas.ts'
import { lastUse } from './keys_making.ts'
import { presentKey } from './presenting.ts'

export const keysSelf = endpoint({
  name: 'keys.self',
  method: 'GET',
  path: '/keys/self',
  summary: 'Read the key that this request is made with',
  permission: null,
  response: ApiKey,
  async handle({ principal, parts }) {
    const key = await parts.store.keys.get(principal.key_id)
    // Deleted between the look-up of the credential and this read.
    if (key === undefined) throw new OctroiError('unauthenticated', 'The credential is not valid.')
    return presentKey(parts, key, await lastUse(parts, key.id))
  },
})
