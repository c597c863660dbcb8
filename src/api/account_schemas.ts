import { z } from 'zod'
import { canonicalSubject } from '../policy/subject.ts'
import { GroupIds } from './key_schemas.ts'
import { Description, explain, Grant, Id, Name, text } from './schemas.ts'

/** Accounts as they are sent and answered. */

/** Enough to tell an address from something else; whether somebody reads it is for a message to find out (RFC 5321 §4.5.3.1). */
const Email = text(254).regex(/^[^\s@]{1,64}@[^\s@]+$/, 'must be an e-mail address')

/** Kept and compared in one form, so that a proxy may write the name of a certificate as it likes. */
const CertificateSubject = text(1_024)
  .superRefine((value, context) => explain(context, () => canonicalSubject(value)))
  .transform((value) => canonicalSubject(value))

const CertificateSubjects = z
  .array(CertificateSubject)
  .max(50)
  .transform((subjects) => [...new Set(subjects)].sort())

export const Password = text(512).min(8)

const accountFields = {
  email: Email.nullable(),
  groups: GroupIds,
  grants: z.array(Grant).max(500),
  certificate_subjects: CertificateSubjects,
}

export const AccountCreate = z.strictObject({
  id: Id.optional(),
  kind: z.enum(['person', 'service']),
  name: Name,
  description: Description.default(''),
  email: accountFields.email.default(null),
  groups: accountFields.groups.default([]),
  grants: accountFields.grants
    .default([])
    .describe('What the account may do when it calls in by itself; its keys have their own'),
  certificate_subjects: accountFields.certificate_subjects.default([]),
  password: Password.optional().describe('Of a service, for Basic; kept as a hash'),
})

export const AccountUpdate = z.strictObject({
  name: Name.optional(),
  description: Description.optional(),
  email: accountFields.email.optional(),
  groups: accountFields.groups.optional(),
  grants: accountFields.grants.optional(),
  certificate_subjects: accountFields.certificate_subjects.optional(),
})

export const Account = z.object({
  id: z.string(),
  kind: z.enum(['person', 'service']),
  name: z.string(),
  description: z.string(),
  email: z.string().nullable(),
  groups: z.array(z.string()),
  grants: z.array(Grant),
  certificate_subjects: z.array(z.string()).describe('RFC 4514, in canonical form'),
  has_password: z.boolean(),
  disabled_at: z.string().nullable(),
  created_at: z.string(),
  updated_at: z.string(),
})

/** Without a password one is made. */
export const AccountPasswordSet = z.strictObject({ password: Password.optional() }).default({})

/** `password` is shown this once; `null` when it was given. */
export const AccountPassword = Account.extend({ password: z.string().nullable() })
