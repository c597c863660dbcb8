import type { z } from 'zod'
import { OctroiError } from '../core/errors.ts'
import { newEvent } from '../core/events.ts'
import type { SignInMethod, StoredSignInMethod } from '../core/people_types.ts'
import type { Secrets } from '../core/types.ts'
import { type ApiParts, endpoint } from './endpoint.ts'
import { changedFields, given } from './given.ts'
import { notFound } from './presenting.ts'
import { IdParams } from './schemas.ts'
import { SignInMethodAnswer, SignInMethodUpdate } from './sign_in_method_schemas.ts'
import { isSentElsewhere } from './sign_in_methods_places.ts'
import { presentMethod } from './sign_in_methods_presenting.ts'
import {
  checkMethod,
  openSecrets,
  requireAdministrator,
  requireReachable,
  sealSecrets,
  tryToOpen,
  warningsOf,
} from './sign_in_methods_rules.ts'
import { changedSettings } from './sign_in_methods_settings.ts'

type Changes = z.output<typeof SignInMethodUpdate>

export const signInMethodsUpdate = endpoint({
  name: 'sign-in-methods.update',
  method: 'PATCH',
  path: '/sign-in-methods/{id}',
  summary: 'Change, enable or disable a sign-in method',
  description:
    'Needs * besides. Where its secrets are sent (an address, the network) can only be changed together with the secrets.',
  permission: 'sign-in-methods.write',
  params: IdParams,
  body: SignInMethodUpdate,
  response: SignInMethodAnswer,
  errors: ['not_found', 'conflict', 'insecure_upstream', 'secrets_required'],
  target: ({ id }) => `sign-in-method:${id}`,
  async handle({ principal, params, body, parts }) {
    requireAdministrator(principal)
    const before = await parts.store.signInMethods.get(params.id)
    if (before === undefined) throw notFound('sign-in method', params.id)
    const { after, secrets } = changed(parts, before, body, parts.now().toISOString())
    // What stays as it is must not keep anybody from disabling it.
    const isChecked = !onlyDisables(body)
    if (isChecked) await checkMethod(parts.store, after.method)
    const warnings = isChecked ? tryToOpen(parts, after.method, secrets) : []
    if (isSentElsewhere(before.method, after.method)) {
      requireSecretsAnew(before.method, body.secrets ?? {})
      await requireReachable(parts, after.method)
    }
    return parts.store.transaction(async (store) => {
      if (JSON.stringify(await store.signInMethods.get(params.id)) !== JSON.stringify(before)) {
        const detail = 'The sign-in method was changed by somebody else meanwhile. Read it and try again.'
        throw new OctroiError('conflict', detail)
      }
      if (isChecked) await checkMethod(store, after.method)
      await store.signInMethods.update(after)
      const event = newEvent('sign_in_method.updated', `sign-in-method:${params.id}`, changedFields(body))
      await store.events.insert(event)
      return {
        ...presentMethod(parts, after.method),
        warnings: [...warnings, ...(await warningsOf(store, after.method))],
      }
    })
  },
})

function onlyDisables(body: Changes): boolean {
  return body.enabled === false && Object.keys(given(body)).length === 1
}

interface Changed {
  readonly after: StoredSignInMethod
  readonly secrets: Secrets
}

function changed(parts: ApiParts, before: StoredSignInMethod, body: Changes, now: string): Changed {
  const { settings, secrets: asked, ...fields } = body
  const { method } = before
  const held = openSecrets(parts, before)
  const secrets = asked === undefined ? held : changedSecrets(held, asked)
  const after: SignInMethod = {
    ...method,
    ...given(fields),
    settings: settings === undefined ? method.settings : changedSettings(method.kind, method.settings, settings),
    secret_names: Object.keys(secrets).sort(),
    updated_at: now,
  }
  const sealed = asked === undefined ? before.sealed : sealSecrets(parts, method.id, secrets)
  return { after: { method: after, sealed }, secrets }
}

function changedSecrets(before: Secrets, given: NonNullable<Changes['secrets']>): Secrets {
  const all = Object.entries({ ...before, ...given })
  return Object.fromEntries(all.flatMap(([name, value]) => (value === null ? [] : [[name, value]])))
}

/** Each that is held: to be given anew, or taken away. */
function requireSecretsAnew({ secret_names }: SignInMethod, given: object): void {
  const missing = secret_names.filter((name) => !Object.hasOwn(given, name))
  if (missing.length === 0) return
  const errors = missing.map((name) => ({
    path: `secrets.${name}`,
    message: 'is required with a change of an address, of TLS or of the network',
  }))
  throw new OctroiError(
    'secrets_required',
    'This changes where the secrets are sent. Give them again in the same request.',
    { errors },
  )
}
