import { z } from 'zod'
import { Id } from './schemas.ts'

/** Second factors of accounts; never a secret, nor a code. */

export const Factors = z.object({
  passkeys: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      backed_up: z.boolean().describe('Synchronised between the devices of the person'),
      created_at: z.string(),
      last_used_at: z.string().nullable(),
    }),
  ),
  totp: z.array(
    z.object({ id: z.string(), name: z.string(), confirmed_at: z.string().nullable(), created_at: z.string() }),
  ),
  recovery_codes: z.number().describe('How many are left'),
})

/** The ids of passkeys are those that authenticators gave them (WebAuthn §4, at most 1,023 bytes). */
export const FactorParams = z.object({
  id: Id,
  factor: z.string().regex(/^[A-Za-z0-9_-]{1,1400}$/, 'is not the id of a factor'),
})

export const FactorRemoval = z.strictObject({
  sessions: z.enum(['end', 'keep']).default('end').describe('What becomes of the sessions of the person'),
})
