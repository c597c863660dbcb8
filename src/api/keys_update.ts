import { OctroiError } from '../core/errors.ts'
import { newEvent } from '../core/events.ts'
import { endpoint } from './endpoint.ts'
import { changedFields, given } from './given.ts'
import { ApiKey, KeyUpdate } from './key_schemas.ts'
import { changeKey } from './keys_changing.ts'
import { lastUse } from './keys_making.ts'
import { presentKey } from './presenting.ts'
import { IdParams } from './schemas.ts'

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
    const key = await changeKey(
      operation,
      (before, now) => {
        if (before.revoked_at !== null)
          throw new OctroiError('conflict', 'A revoked key cannot be changed. Make a new one.')
        const disabled_at = disabled === undefined ? before.disabled_at : disabled ? (before.disabled_at ?? now) : null
        return { ...before, ...given(fields), disabled_at }
      },
      (store, { id }) => store.events.insert(newEvent('key.updated', `key:${id}`, changedFields(operation.body))),
    )
    return presentKey(operation.parts, key, await lastUse(operation.parts, key.id))
  },
})
