import { z } from 'zod'
import { ID_PATTERN } from '../../core/ids.ts'
import { parseRule } from '../../policy/pattern.ts'
import { SCHEMES } from '../schemes/index.ts'

/** The shape of a connector file. What depends on several fields at once (templates, secrets) is checked in `connector_checks.ts`. */

const Name = z.string().min(1).max(200)
const Text = z.string().max(2000)
const FieldName = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_]{0,63}$/, 'must be letters, digits and _, starting with a letter')
const Status = z.int().min(100).max(599)
const Count = z.int().min(1)

/** The one place that knows what a rule is; a refinement, so that every bad rule of a file is told at once. */
const Rule = z.string().superRefine((rule, context) => {
  try {
    parseRule(rule)
  } catch (error) {
    context.addIssue({
      code: 'custom',
      message: `${rule}: ${error instanceof Error ? error.message : 'is not a rule'}`,
    })
  }
})

const Setting = z.strictObject({
  title: Name,
  description: Text.optional(),
  format: z.enum(['url', 'text', 'hostname']).default('text'),
  example: z.string().optional(),
  default: z.string().optional(),
  pattern: z
    .string()
    .refine(isPattern, 'is not a regular expression')
    .optional()
    .describe('A regular expression that the whole value must match.'),
  enum: z.array(z.string()).min(1).optional(),
  optional: z.boolean().default(false),
})

const Secret = z.strictObject({
  title: Name,
  description: Text.optional(),
  secret: z.boolean().optional().describe('false for what may be shown, such as a user name'),
  aliases: z.array(FieldName).optional().describe('Other names accepted on input'),
  optional: z.boolean().optional(),
  multiline: z.boolean().optional().describe('May hold line breaks: a PEM key'),
})

const HostPattern = z
  .string()
  .regex(/^(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$/, 'must be a host name or *.domain')

const Account = z.strictObject({
  request: z.string().regex(/^GET \S+$/, 'must be "GET /path"'),
  items: z.array(z.string()).default([]).describe('Path to the list in the answer; empty: the answer is the list'),
  id: z.array(z.string()).min(1),
  label: z.array(z.string()).min(1),
  setting: FieldName.describe('The setting that the chosen id becomes'),
})

const Overreach = z.strictObject({
  request: z.string().regex(/^[A-Z]+ \/\S*$/, 'must be "METHOD /path"'),
  refused: z.array(Status).min(1).describe('Statuses that mean: this credential may not'),
  right: z.string().min(1).describe('The right that any other answer shows, such as admin'),
  unless_granted: z.array(Rule).default([]).describe('The right is needed when some key is granted one of these'),
})

const shape = {
  id: z.string().regex(ID_PATTERN, 'must be lower-case letters, digits, ".", "_" and "-", at most 64'),
  name: Name,
  description: Text.optional(),
  docs: z.url({ protocol: /^https?$/ }).describe("The service's own documentation"),
  sources: z.array(z.string().min(1)).default([]).describe('Where the facts of this file come from'),
  scheme: z
    .union([schemeId(), z.array(schemeId()).min(1)])
    .describe('How the service authenticates; a list is in order of preference'),
  settings: z.record(FieldName, Setting).default({}),
  secrets: z.record(FieldName, Secret).default({}),
  base_url: z.string().min(1).describe('Address of the service; a template over settings'),
  hosts: z
    .array(HostPattern)
    .default([])
    .describe('Hosts that an address given by the service may name: base_url from a token'),
  accounts: Account.optional().describe('After consent: the accounts at the service, of which a person chooses one'),
  headers: z.record(z.string(), z.string()).default({}).describe('Sent on every call: name and template over settings'),
  query: z
    .record(z.string().min(1), z.string())
    .default({})
    .describe('Sent on every call: name and template over settings'),
  drop_query: z
    .array(z.string().min(1).max(100))
    .default([])
    .describe(
      'Parameters of the caller that are never sent: with them the service takes another method or path than the rules saw',
    ),
  encoded_slash: z.enum(['allow', 'refuse']).default('refuse'),
  cookies: z.enum(['keep', 'drop']).default('drop'),
  test: z
    .string()
    .regex(/^(GET|HEAD) \S+$/, 'must be "GET /path" or "HEAD /path": a test changes nothing')
    .optional(),
  unauthorized: z
    .enum(['rejected', 'answer'])
    .default('rejected')
    .describe('What a 401 of the service means: our credential was refused, or an answer like any other'),
  rejected_when: z
    .array(z.strictObject({ status: Status, body: z.string().min(1).optional() }))
    .default([])
    .describe('Other answers that mean that our credential was refused'),
  limits: z
    .strictObject({ concurrent: Count, concurrent_writes: Count, queue: Count, request_bytes: Count })
    .partial()
    .default({}),
  token_requests: z
    .strictObject({ limit: Count, window_s: Count })
    .optional()
    .describe('How many requests for tokens the service allows one client in so many seconds'),
  grants: z.record(z.string().regex(ID_PATTERN), z.array(Rule).min(1)).default({}),
  never: z.array(Rule).default([]),
  overreach: z.array(Overreach).default([]),
}

export const ConnectorFile = z.strictObject({ ...shape, ...sections() })
export type ConnectorFile = z.infer<z.ZodObject<typeof shape>> & Readonly<Record<string, unknown>>

/** The JSON Schema that editors use (`connectors/connector.schema.json`). */
export function connectorJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(ConnectorFile, { io: 'input', target: 'draft-7' })
  return {
    ...schema,
    title: 'Octroi connector',
    description: 'What is known of a service before anyone connects to it.',
  }
}

function schemeId() {
  return z.enum(Object.keys(SCHEMES) as [string, ...string[]])
}

function sections(): Record<string, z.ZodOptional<z.ZodType>> {
  const known = Object.values(SCHEMES).flatMap(({ id, section }) =>
    section ? [[id, section.schema.optional()] as const] : [],
  )
  return Object.fromEntries(known)
}

function isPattern(text: string): boolean {
  try {
    new RegExp(text, 'u')
    return true
  } catch {
    return false
  }
}
