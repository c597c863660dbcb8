import { z } from 'zod'
import { Description, Grant, Id, Name } from './schemas.ts'

/** Groups as they are sent and answered. */

const Grants = z.array(Grant).max(500)

export const GroupCreate = z.strictObject({
  id: Id.optional().describe('The code that routes name; made of the name when it is not given'),
  name: Name,
  description: Description.default(''),
  grants: Grants.default([]).describe('What accounts of the group may do when they call in by themselves'),
})

export const GroupUpdate = z.strictObject({
  name: Name.optional(),
  description: Description.optional(),
  grants: Grants.optional(),
})

export const Group = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string(),
  grants: z.array(Grant),
  created_at: z.string(),
  updated_at: z.string(),
})
