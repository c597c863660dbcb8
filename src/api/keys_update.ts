import { OctroiError } from '../core/errors.ts'
import type { ApiKey as Key } from '../core/types.ts'
import { endpoint } from './endpoint.ts'
import { changeKey } from './keys_changing.ts'
import { lastUse } from './keys_making.ts'
import { presentKey } from './presenting.ts'
import { ApiKey, IdParams, KeyUpdate } from './schemas.ts'

export const keysUpdate = endpoint({
  name: 'keys.update',
  method: 'PATCH',
  path: '/keys/{id}',
  summary: 'Change what a key may do, or disable it',
  permission: 'keys.write',
  params: IdParams,
  body: KeyUpdate,
  response: ApiKey,
  errors: ['not_found', 'conflict'],
  target: ({ id }) => `key:${id}`,
  async handle(operation) {
    const { disabled, ...fields } = operation.body
    const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<Key>
    const key = await changeKey(operation, (before, now) => {
      if (before.revoked_at !== null)
        throw new OctroiError('conflict', 'A revoked key cannot be changed. Make a new one.')
      const disabled_at = disabled === undefined ? before.disabled_at : disabled ? (before.disabled_at ?? now) : null
      return { ...before, ...given, disabled_at }
    })
    return presentKey(key, await lastUse(operation.parts, key.id), operation.parts.now())
  },
})
