import { z } from 'zod'
import { randomId } from '../core/ids.ts'
import { looksLikeOurs } from '../inbound/key_format.ts'
import { endpoint } from './endpoint.ts'
import { invalid } from './faults.ts'
import { makeKey } from './keys_making.ts'
import { made, presentKey } from './presenting.ts'
import { ApiKey, KeyImport } from './schemas.ts'

const STRONG_LENGTH = 20

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
    refuseUnfit(secret, allow_weak, fields)
    const { key, warnings } = await makeKey(operation, fields, { id: randomId(8), key: secret, imported: true })
    return { ...presentKey(key, null, operation.parts.now()), warnings }
  },
})

function refuseUnfit(
  secret: string,
  allowWeak: boolean,
  fields: { cidrs: readonly string[]; expires_at: string | null },
): void {
  const errors = []
  if (looksLikeOurs(secret))
    errors.push({ path: 'secret', message: 'begins like a key of Octroi, and was not made here' })
  if (secret.length < STRONG_LENGTH) {
    if (!allowWeak)
      errors.push({ path: 'allow_weak', message: `must be true for a key under ${STRONG_LENGTH} characters` })
    if (fields.cidrs.length === 0) errors.push({ path: 'cidrs', message: 'must be given for a weak key' })
    if (fields.expires_at === null) errors.push({ path: 'expires_at', message: 'must be given for a weak key' })
  }
  if (errors.length > 0) throw invalid('The key cannot be taken over.', errors)
}
