import { z } from 'zod'
import { SESSION_SEEN } from '../inbound/session_cookie.ts'
import { ROUTE_REASONS } from '../policy/route_reasons.ts'

const nothing = z.string().nullable()

const Considered = z.object({
  route: z.string(),
  host: z.string(),
  path: z.string(),
  methods: z.array(z.string()),
  reason: z.enum(ROUTE_REASONS),
})

const SeenCheck = z.object({
  at: z.string(),
  request: z.string(),
  peer: z.string().describe('The address of the peer of the socket'),
  trusted: z.boolean().describe('Whether it is a trusted proxy'),
  address: nothing.describe('Of the caller, as the trusted proxy says'),
  asked: z.string().describe('How it was asked: /forward-auth, with ?for= or with a path behind'),
  headers: z.array(z.string()).describe('Headers that say something of the original request; names only'),
  method: nothing,
  host: nothing,
  path: nothing,
  scheme: nothing,
  credentials: z.array(z.string()).describe('The places in which a credential stood'),
  session: z
    .enum(SESSION_SEEN)
    .nullable()
    .describe('What became of the session of a person: missing, the cookie did not come; null, none was looked for'),
  route: nothing,
  considered: z.array(Considered).describe('The nearest routes, and why each is the one or not'),
  status: z.number(),
  code: nothing.describe('null: it passed'),
  detail: nothing,
  account: nothing,
  key: nothing,
})

export const ForwardAuthTrace = z.object({
  id: z.string(),
  expires_at: z.string(),
  seen: z.array(SeenCheck).describe('Checks that came with the id, in order, at most 10'),
})
