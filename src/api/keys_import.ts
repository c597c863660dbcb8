import { z } from 'zod'
import { randomId } from '../core/ids.ts'
import { endpoint } from './endpoint.ts'
import { invalid } from './faults.ts'
import { STRONG_LENGTH, unfitness } from './imported_secret.ts'
import { ApiKey, KeyImport } from './key_schemas.ts'
import { makeKey } from './keys_making.ts'
import { made, presentKey } from './presenting.ts'

export const keysImport = endpoint({
  name: 'keys.import',
  method: 'POST',
  path: '/keys/import',
  summary: 'Take over a key that was made elsewhere',
  description: `Its strength is not known. One under ${STRONG_LENGTH} characters needs allow_weak, a CIDR list and an expiry.`,
  permission: 'keys.write',
  body: KeyImport,
  response: ApiKey.extend({ warnings: z.array(z.string()) }),
  status: 201,
  errors: ['conflict'],
  target: (_, answer) => made('key', answer),
  async handle(operation) {
    const { secret, allow_weak, ...fields } = operation.body
    const faults = unfitness(secret, operation.body)
    if (faults.length > 0) throw invalid('The key cannot be taken over.', faults)
    const { key, warnings } = await makeKey(operation, fields, { id: randomId(8), key: secret, imported: true })
    return { ...presentKey(operation.parts, key, null), warnings }
  },
})
