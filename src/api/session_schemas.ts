import { z } from 'zod'
import { AUTHENTICATION_METHODS } from '../core/people_types.ts'

/** Sessions of people as they are answered; never a token, nor the hash of one. */

export const Session = z.object({
  id: z.string(),
  account: z.string(),
  host: z.string().nullable().describe('null: Octroi’s own pages; otherwise the one host behind /forward-auth'),
  parent: z.string().nullable().describe('The session at Octroi that it came from, and ends with'),
  method: z.string().describe('The sign-in method'),
  amr: z.array(z.enum(AUTHENTICATION_METHODS)),
  acr: z.string().nullable(),
  auth_time: z.string(),
  organization: z.string().nullable(),
  address: z.string(),
  user_agent: z.string(),
  created_at: z.string(),
  last_used_at: z.string().nullable().describe('Noted about once a minute; null: not since it began'),
  expires_at: z.string(),
  idle_s: z.number(),
})
