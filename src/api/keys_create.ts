import { generateKey } from '../inbound/key_format.ts'
import { endpoint } from './endpoint.ts'
import { KeyCreate, NewKey } from './key_schemas.ts'
import { makeKey } from './keys_making.ts'
import { made, presentKey } from './presenting.ts'

export const keysCreate = endpoint({
  name: 'keys.create',
  method: 'POST',
  path: '/keys',
  summary: 'Make an API key',
  description: 'The key itself is in this answer and nowhere else: it is stored as a hash.',
  permission: 'keys.write',
  body: KeyCreate,
  response: NewKey,
  status: 201,
  errors: ['conflict'],
  once: ['key'],
  target: (_, answer) => made('key', answer),
  async handle(operation) {
    const secret = generateKey()
    const { key, warnings } = await makeKey(operation, operation.body, { ...secret, imported: false })
    return { ...presentKey(operation.parts, key, null), key: secret.key, warnings }
  },
})
