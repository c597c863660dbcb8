import { z } from 'zod'
import { canonicalEmail } from '../policy/email.ts'
import { Id, text } from './schemas.ts'

/** E-mail addresses of accounts. */

const Address = text(254).refine((value) => canonicalEmail(value) !== undefined, 'must be an e-mail address')

export const EmailSet = z.strictObject({
  address: Address,
  verified: z
    .boolean()
    .optional()
    .describe('By the word of an administrator: the person reads what is sent there. Left out: as it was'),
})

export const Email = z.object({
  address: z.string(),
  verified_at: z.string().nullable().describe('null: nobody has shown that he reads it, and it merges nothing'),
  created_at: z.string(),
})

export const Emails = z.object({ items: z.array(Email) })
export const EmailParams = z.object({ id: Id, address: Address })
