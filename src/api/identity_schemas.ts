import { z } from 'zod'
import { Id, text } from './schemas.ts'

/** Identities of accounts: who somebody is at an issuer. */

export const IdentityCreate = z
  .strictObject({
    method: Id.optional().describe('The sign-in method by which the person comes; its issuer is the issuer'),
    issuer: text(2_048).min(1).optional().describe('The iss of the provider, instead of the method'),
    subject: text(1_024).min(1).describe('Its sub for the person; the entryUUID or objectGUID of a directory'),
    label: text(200).default('').describe('For people to read: it decides nothing'),
  })
  .refine(({ method, issuer }) => (method === undefined) !== (issuer === undefined), {
    path: ['method'],
    message: 'or issuer: one of them',
  })

export const Identity = z.object({
  id: z.string(),
  account: z.string(),
  issuer: z.string(),
  subject: z.string(),
  method: z.string(),
  label: z.string(),
  created_at: z.string(),
  last_used_at: z.string().nullable(),
})

export const Identities = z.object({ items: z.array(Identity) })
export const IdentityParams = z.object({ id: Id, identity: Id })
