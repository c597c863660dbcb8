import { newEvent } from '../core/events.ts'
import { endpoint } from './endpoint.ts'
import { changeKey } from './keys_changing.ts'
import { IdParams } from './schemas.ts'

export const keysRevoke = endpoint({
  name: 'keys.revoke',
  method: 'DELETE',
  path: '/keys/{id}',
  summary: 'Revoke a key for good, from the next request',
  permission: 'keys.write',
  params: IdParams,
  status: 204,
  errors: ['not_found'],
  target: ({ id }) => `key:${id}`,
  async handle(operation) {
    await changeKey(
      operation,
      // What it held of names is free again: its groups can go, and another key can have its tech_name.
      (key, now) => ({
        ...key,
        revoked_at: key.revoked_at ?? now,
        groups: key.groups === null ? null : [],
        tech_name: null,
      }),
      (store, { id, name }) => store.events.insert(newEvent('key.revoked', `key:${id}`, { name })),
    )
  },
})
