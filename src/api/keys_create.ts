import { generateKey } from '../inbound/key_format.ts'
import { endpoint } from './endpoint.ts'
import { makeKey } from './keys_making.ts'
import { made, presentKey } from './presenting.ts'
import { KeyCreate, NewKey } from './schemas.ts'

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
  once: ['key'],
  target: (_, answer) => made('key', answer),
  async handle(operation) {
    const secret = generateKey()
    const { key, warnings } = await makeKey(operation, operation.body, { ...secret, imported: false })
    return { ...presentKey(key, null, operation.parts.now()), key: secret.key, warnings }
  },
})
