import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { STRONG_LENGTH } from './imported_secret.ts'
import { KeyImport } from './key_schemas.ts'
import { takeOver } from './keys_taking_over.ts'
import { Id, Name } from './schemas.ts'

const Row = KeyImport.extend({
  secret: KeyImport.shape.secret
    .optional()
    .describe('Not given: with tech_name, a key whose secret the environment provides'),
  disabled: z.boolean().default(false),
})

const Missing = z
  .union([z.boolean(), z.record(Id, Name)], { error: 'must be true, false or an object of ids and names' })
  .default(false)

export const KeyBatch = z.strictObject({
  keys: z.array(Row).min(1).max(20_000),
  dry_run: z.boolean().default(false).describe('Only say what would come of it'),
  make_accounts: Missing.describe('Make the accounts that are missing: all, or these, called so'),
  make_groups: Missing.describe('Make the groups that are missing: all, or these, called so'),
})

export const keysImportBatch = endpoint({
  name: 'keys-import.batch',
  method: 'POST',
  path: '/keys/import/batch',
  summary: 'Take over many keys that were made elsewhere',
  description: `All or none: every row is looked at first, and what is wrong is named by its row. Keys that were taken over before stay as they are (unchanged). A key under ${STRONG_LENGTH} characters needs allow_weak, a CIDR list and an expiry. Up to 50 MB.`,
  permission: 'keys.write',
  body: KeyBatch,
  response: z.object({
    dry_run: z.boolean(),
    made: z.int(),
    unchanged: z.int(),
    accounts: z.array(z.string()).describe('Accounts that were made'),
    groups: z.array(z.string()).describe('Groups that were made'),
    keys: z.array(
      z.object({
        row: z.int().describe('From 0'),
        id: z.string().nullable().describe('null: not made yet'),
        name: z.string(),
        account: z.string(),
        outcome: z.enum(['made', 'unchanged']),
      }),
    ),
    warnings: z.array(z.string()),
  }),
  errors: ['conflict', 'payload_too_large'],
  bodyBytes: 50 * 1024 * 1024,
  async handle(operation) {
    const { body, parts } = operation
    if (body.dry_run) return takeOver(parts.store, operation)
    return parts.store.transaction((store) => takeOver(store, operation))
  },
})
