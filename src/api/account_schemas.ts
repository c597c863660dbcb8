import { z } from 'zod'
import { canonicalEmail } from '../policy/email.ts'
import { canonicalSubject } from '../policy/subject.ts'
import { MAIL_LANGUAGES } from '../sign_in/links/messages.ts'
import { GroupIds } from './key_schemas.ts'
import { Description, explain, Grant, Id, Name, text } from './schemas.ts'

/** Accounts as they are sent and answered. */

/** That it is one; whether somebody reads it is for a message to find out. */
export const Email = z
  .string()
  .max(254)
  .refine((value) => value.trim() === value && canonicalEmail(value) !== undefined, 'must be an e-mail address')

/** Kept and compared in one form, so that a proxy may write the name of a certificate as it likes. */
const CertificateSubject = text(1_024)
  .superRefine((value, context) => explain(context, () => canonicalSubject(value)))
  .transform((value) => canonicalSubject(value))

const CertificateSubjects = z
  .array(CertificateSubject)
  .max(50)
  .transform((subjects) => [...new Set(subjects)].sort())

/** Of a person there are further rules (`sign_in/password_rules.ts`): it is he who chose it, and others who guess it. */
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
  password: Password.optional().describe('Of a service, for Basic; of a person, to sign in with. Kept as a hash'),
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
  email_verified: z.boolean().describe('Whether it is known that the person reads what is sent to this address'),
  groups: z.array(z.string()),
  grants: z.array(Grant),
  certificate_subjects: z.array(z.string()).describe('RFC 4514, in canonical form'),
  has_password: z.boolean(),
  disabled_at: z.string().nullable(),
  created_at: z.string(),
  updated_at: z.string(),
})

/** Without a password one is made, for a service. */
export const AccountPasswordSet = z.strictObject({ password: Password.optional() }).default({})

/** `password` is shown this once; `null` when it was given. */
export const AccountPassword = Account.extend({ password: z.string().nullable() })

/** How a link reaches the person. */
export const LinkGiving = {
  deliver: z
    .enum(['mail', 'link'])
    .optional()
    .describe('mail: to the address of the account; link: in the answer, once. Left out: mail where that is possible'),
  language: z.enum(MAIL_LANGUAGES).optional().describe('Of the mail; left out: in both'),
}

export const AccountInvite = z
  .strictObject({
    ...LinkGiving,
    methods: z.array(Id).max(20).optional().describe('Sign-in methods by which it may be accepted; left out: all'),
  })
  .default({})

export const AccountReset = z.strictObject(LinkGiving).default({})

export const GivenLink = z.object({
  sent: z.boolean(),
  url: z.string().nullable().describe('Shown this once; null where it was sent by mail'),
  expires_at: z.string(),
})
