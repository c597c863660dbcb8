import { z } from 'zod'
import { hashFault } from '../inbound/hashes/index.ts'
import { Email } from './account_schemas.ts'
import { GroupIds } from './key_schemas.ts'
import { Description, Id, Name, text } from './schemas.ts'
import { Siret } from './siret.ts'

/** A hash that another program made. What is wrong with it is said, never what it is. */
const PasswordHash = text(2_048).superRefine((value, context) => {
  const message = hashFault(value)
  if (message !== undefined) context.addIssue({ code: 'custom', message })
})

const ImportedIdentity = z.strictObject({
  issuer: text(2_048).min(1).describe('The iss of the provider of a sign-in method; ldap:METHOD for a directory'),
  subject: text(1_024).min(1),
})

export const AccountRow = z.strictObject({
  id: Id.optional().describe('Also what the person signs in with; left out: made of the name'),
  kind: z.enum(['person', 'service']).default('person'),
  name: Name,
  description: Description.default(''),
  email: Email.nullable().default(null),
  email_verified: z.boolean().default(false).describe('That the person reads it; needs the permission *'),
  groups: GroupIds.default([]),
  organizations: z.array(Siret).max(50).default([]).describe('SIRET of organizations that are there'),
  password_hash: PasswordHash.nullable()
    .default(null)
    .describe('argon2, bcrypt, PBKDF2 or scrypt as Django or passlib write them, sha256-crypt, sha512-crypt'),
  identities: z.array(ImportedIdentity).max(20).default([]).describe('Needs the permission *'),
  disabled: z.boolean().default(false),
})

export type AccountRow = z.output<typeof AccountRow>

export const AccountsImport = z.strictObject({
  accounts: z.array(AccountRow).min(1).max(20_000),
  dry_run: z.boolean().default(false).describe('Only say what would come of it'),
})

export const AccountsImported = z.object({
  dry_run: z.boolean(),
  made: z.int(),
  unchanged: z.int(),
  accounts: z.array(
    z.object({
      row: z.int().describe('From 0'),
      id: z.string().nullable().describe('null: chosen when it is made'),
      name: z.string(),
      outcome: z.enum(['made', 'unchanged']),
    }),
  ),
  warnings: z.array(z.string()),
})
