import type { z } from 'zod'
import { newEvent } from '../core/events.ts'
import type { SignInMethod } from '../core/people_types.ts'
import { endpoint } from './endpoint.ts'
import { chooseId, made } from './presenting.ts'
import { SignInMethodAnswer, SignInMethodCreate } from './sign_in_method_schemas.ts'
import { presentMethod } from './sign_in_methods_presenting.ts'
import {
  checkMethod,
  requireAdministrator,
  requireOnlyOne,
  requireReachable,
  sealSecrets,
  tryToOpen,
  warningsOf,
} from './sign_in_methods_rules.ts'
import { notValid, readSettings } from './sign_in_methods_settings.ts'

export const signInMethodsCreate = endpoint({
  name: 'sign-in-methods.create',
  method: 'POST',
  path: '/sign-in-methods',
  summary: 'Set up a way for people to sign in',
  description:
    'Needs * besides. The answer has the addresses to register at the provider. Secrets are sealed and never answered.',
  permission: 'sign-in-methods.write',
  body: SignInMethodCreate,
  response: SignInMethodAnswer,
  status: 201,
  errors: ['conflict', 'insecure_upstream'],
  target: (_, answer) => made('sign-in-method', answer),
  async handle({ principal, body, parts }) {
    requireAdministrator(principal)
    const taken = async (wanted: string) => (await parts.store.signInMethods.get(wanted)) !== undefined
    const id = await chooseId(body.id, body.name, taken)
    // Made of the name it may be one that is taken by an address of ours; one that was given was asked already.
    if (!SignInMethodCreate.shape.id.safeParse(id).success)
      throw notValid([
        { path: 'id', message: `is to be given: ${id}, made of the name, is an address of Octroi itself` },
      ])
    const method = methodOf(id, body, parts.now().toISOString())
    await checkMethod(parts.store, method)
    const warnings = tryToOpen(parts, method, body.secrets)
    await requireReachable(parts, method)
    const sealed = sealSecrets(parts, id, body.secrets)
    return parts.store.transaction(async (store) => {
      // Asked again: a group may have gone while the address was looked up.
      await checkMethod(store, method)
      await requireOnlyOne(store, method)
      await store.signInMethods.insert({ method, sealed })
      const { name, kind } = method
      await store.events.insert(newEvent('sign_in_method.created', `sign-in-method:${id}`, { name, kind }))
      return { ...presentMethod(parts, method), warnings: [...warnings, ...(await warningsOf(store, method))] }
    })
  },
})

function methodOf(id: string, body: z.output<typeof SignInMethodCreate>, now: string): SignInMethod {
  const { secrets, settings, ...fields } = body
  return {
    ...fields,
    id,
    settings: readSettings(body.kind, settings),
    secret_names: Object.keys(secrets).sort(),
    created_at: now,
    updated_at: now,
  }
}
