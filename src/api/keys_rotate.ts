import { OctroiError } from '../core/errors.ts'
import { newEvent } from '../core/events.ts'
import type { Account } from '../core/types.ts'
import { generateKey } from '../inbound/key_format.ts'
import { requireSpeakingFor } from './accounts_holding.ts'
import { endpoint } from './endpoint.ts'
import { NewKey } from './key_schemas.ts'
import { changeKey } from './keys_changing.ts'
import { overlap } from './overlap.ts'
import { presentKey } from './presenting.ts'
import { IdParams } from './schemas.ts'

export const keysRotate = endpoint({
  name: 'keys.rotate',
  method: 'POST',
  path: '/keys/{id}/rotate',
  summary: 'Give a key a new secret',
  description: 'Id, rights and history stay. The old secret works for overlap_s more seconds; 0 ends it at once.',
  permission: 'keys.write',
  params: IdParams,
  body: overlap(3_600),
  response: NewKey,
  errors: ['not_found', 'conflict'],
  once: ['key'],
  target: ({ id }) => `key:${id}`,
  async handle(operation) {
    const { params, body, parts } = operation
    const secret = generateKey(params.id)
    const key = await changeKey(
      operation,
      (before) => {
        if (before.revoked_at !== null)
          throw new OctroiError('conflict', 'A revoked key cannot be rotated. Make a new one.')
        if (before.tech_name !== null && parts.provided.provides(before.tech_name))
          throw new OctroiError(
            'conflict',
            'The secret of this key is provided by the environment: it is changed there.',
          )
        return { ...before, imported: false }
      },
      async (store, { id, account }, now) => {
        await requireSpeakingFor(operation, store, (await store.accounts.get(account)) as Account)
        const ends = new Date(Date.parse(now) + body.overlap_s * 1000).toISOString()
        await store.keys.replaceSecret(
          { hash: parts.hashKey(secret.key), key_id: id, expires_at: null, created_at: now },
          ends,
        )
        await store.events.insert(newEvent('key.rotated', `key:${id}`, { overlap_s: body.overlap_s }))
      },
    )
    return { ...presentKey(parts, key, null), key: secret.key, warnings: [] }
  },
})
