import { z } from 'zod'
import { Id, Name, Network, StringMap, Tags } from './schemas.ts'

export const ConnectSessionCreate = z.strictObject({
  connector: Id,
  connection_id: Id.optional().describe('An existing connection to give new secrets to, or the id of the new one'),
  scheme: Id.optional().describe('Where the connector offers several and the person shall not choose'),
  name: Name.optional(),
  settings: StringMap.default({}).describe('What the person is not asked for'),
  tags: Tags.default({}),
  network: Network.default({}),
  return_url: z
    .string()
    .max(2_048)
    .optional()
    .describe(
      'Where the person is sent back to with session and code in the query; the connection is made when the code is redeemed. Without it the page itself ends the session, which only a key with unlimited connections.write may have',
    ),
})

export const ConnectSession = z.object({
  id: z.string(),
  connector: z.string(),
  connection_id: z.string().nullable(),
  state: z.enum(['pending', 'finished', 'done', 'expired']),
  expires_at: z.string(),
})

export const ConnectSessionWithUrl = ConnectSession.extend({
  url: z.string().describe('For the person who connects the account: single use, 30 minutes'),
  redirect_uri: z.string().nullable().describe('To be registered at the service, where it signs people in'),
})

export const ConnectorAppSet = z.strictObject({
  scheme: Id.optional(),
  settings: StringMap.default({}),
  secrets: StringMap,
  network: Network.default({}),
})

export const ConnectorApp = z.object({
  connector: z.string(),
  scheme: z.string(),
  settings: z.record(z.string(), z.string()),
  network: z.object({
    allow_private: z.union([z.boolean(), z.array(z.string())]).optional(),
    allow_http: z.boolean().optional(),
    ca: z.string().optional(),
  }),
  redirect_uri: z.string().describe('To be registered at the service'),
  created_at: z.string(),
  updated_at: z.string(),
})
