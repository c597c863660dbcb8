import { z } from 'zod'
import { GroupIds } from './key_schemas.ts'
import { Id, Name } from './schemas.ts'
import { Siret } from './siret.ts'

/** Organizations and who belongs to them, as they are sent and answered. */

const organizationFields = {
  siret: Siret.nullable().describe('Its SIRET: by it the claims of providers find it'),
  label: Name.describe('What people see'),
  groups: GroupIds.describe('Groups that a person is in while he acts for it'),
}

export const OrganizationCreate = z.strictObject({
  id: Id.optional(),
  siret: organizationFields.siret.default(null),
  label: organizationFields.label,
  groups: organizationFields.groups.default([]),
})

export const OrganizationUpdate = z.strictObject({
  siret: organizationFields.siret.optional(),
  label: organizationFields.label.optional(),
  groups: organizationFields.groups.optional(),
})

export const Organization = z.object({
  id: z.string(),
  siret: z.string().nullable(),
  label: z.string(),
  groups: z.array(z.string()),
  created_at: z.string(),
  updated_at: z.string(),
})

export const MemberParams = z.object({ id: Id, account: Id })

export const Member = z.object({
  account: z.string(),
  organization: z.string(),
  sources: z
    .array(z.object({ source: z.string(), since: z.string() }))
    .describe('Who says so: the id of a sign-in method, by the claims of its provider, or manual'),
})
