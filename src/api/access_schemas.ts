import { z } from 'zod'
import { OPENID_SCOPES } from '../core/openid_types.ts'
import { Id } from './schemas.ts'

/** Applications that know a person by the OpenID provider. */

export const Access = z.object({
  client: z.string(),
  name: z.string().describe('Of the application'),
  since: z.string(),
  scopes: z.array(z.enum(OPENID_SCOPES)).describe('What it may know and do'),
  resources: z.array(z.string()).describe('Its own APIs for which it may get tokens of the person'),
  signed_in: z.boolean().describe('A session of the person, here, is one there too'),
  offline: z.boolean().describe('It holds a token that outlives his sessions'),
  consented_at: z
    .string()
    .nullable()
    .describe('When he first allowed it something; null: he was not asked, for it is the organisation’s own'),
})

export const Accesses = z.object({ items: z.array(Access) })
export const AccessParams = z.object({ id: Id, client: Id })
