import { z } from 'zod'
import { FIRST_SIGN_IN, SECOND_FACTOR, SIGN_IN_KINDS } from '../core/people_types.ts'
import { GroupIds } from './key_schemas.ts'
import { Connection, Id, Name, Network } from './schemas.ts'

/** Sign-in methods as they are sent and answered. */

/** What stands at `/sign-in/...` itself: a method of that name could not be reached. */
const TAKEN = new Set([
  'step',
  'first',
  'link',
  'reset',
  'invitation',
  'email',
  'again',
  'factor',
  'enrol',
  'organization',
  'recovery-codes',
  'callback',
  'sign-out',
  'signed-out',
  'language',
])

/** It stands in addresses, and as `manual` beside what an administrator said of memberships. */
const MethodId = Id.refine(
  (id) => !TAKEN.has(id) && id !== 'manual' && !/\.(?:js|css|svg|ico|png|map)$/.test(id),
  'is taken by an address of Octroi itself; choose another id',
)

/** Of the kind, which has a schema of its own: `settings.FIELD` names the faults. */
const Settings = z.record(z.string().max(100), z.unknown())

const SecretText = z.string().min(1).max(16_384)
const SecretName = z.string().regex(/^[a-z][a-z0-9_]{0,63}$/, 'is not the name of a secret')

const methodFields = {
  name: Name.describe('On its button'),
  position: z.int().min(0).max(10_000).describe('Buttons stand in this order, then by id'),
  enabled: z.boolean(),
  settings: Settings.describe('What its kind wants'),
  first_sign_in: z
    .enum(FIRST_SIGN_IN)
    .describe('Somebody whom no account knows: one is made; he is asked (a new one, or link his own); he is sent away'),
  second_factor: z
    .enum(SECOND_FACTOR)
    .describe('enrolled: asked of whoever has one; required: whoever has none sets one up first'),
  groups: GroupIds.describe('Groups of the accounts that it makes'),
  organizations: z
    .enum(['ignore', 'optional', 'required'])
    .describe('Whether an organization is chosen after the proof; required: nobody comes in for none that is known'),
  network: Network,
}

export const SignInMethodCreate = z.strictObject({
  id: MethodId.optional(),
  kind: z.enum(SIGN_IN_KINDS),
  name: methodFields.name,
  position: methodFields.position.default(50),
  enabled: methodFields.enabled.default(true),
  settings: methodFields.settings.default({}),
  secrets: z.record(SecretName, SecretText).default({}),
  first_sign_in: methodFields.first_sign_in.default('refuse'),
  second_factor: methodFields.second_factor.default('enrolled'),
  groups: methodFields.groups.default([]),
  organizations: methodFields.organizations.default('ignore'),
  network: methodFields.network.default({}),
})

export const SignInMethodUpdate = z.strictObject({
  name: methodFields.name.optional(),
  position: methodFields.position.optional(),
  enabled: methodFields.enabled.optional(),
  settings: methodFields.settings.optional().describe('Only what is given changes; null: as if it were never given'),
  secrets: z
    .record(SecretName, SecretText.nullable())
    .optional()
    .describe('Only what is given changes; null: taken away'),
  first_sign_in: methodFields.first_sign_in.optional(),
  second_factor: methodFields.second_factor.optional(),
  groups: methodFields.groups.optional(),
  organizations: methodFields.organizations.optional(),
  network: methodFields.network.optional(),
})

export const SignInMethod = z.object({
  id: z.string(),
  kind: z.enum(SIGN_IN_KINDS),
  name: z.string(),
  position: z.number(),
  enabled: z.boolean(),
  settings: z.record(z.string(), z.unknown()),
  secret_names: z.array(z.string()),
  first_sign_in: z.enum(FIRST_SIGN_IN),
  second_factor: z.enum(SECOND_FACTOR),
  groups: z.array(z.string()),
  organizations: z.enum(['ignore', 'optional', 'required']),
  network: Connection.shape.network,
  redirect_uri: z.string().nullable().describe('To be registered at the provider; null where there is none'),
  post_logout_redirect_uri: z.string().nullable().describe('The same, for the way back from its sign-out'),
  created_at: z.string(),
  updated_at: z.string(),
})

export const SignInMethodAnswer = SignInMethod.extend({ warnings: z.array(z.string()) })

export const SignInMethodTest = z.object({
  ok: z.boolean(),
  problems: z.array(z.string()).describe('What is wrong, in words for whoever set it up'),
  ms: z.number(),
})
