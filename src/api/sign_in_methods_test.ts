import { endpoint } from './endpoint.ts'
import { notFound } from './presenting.ts'
import { IdParams } from './schemas.ts'
import { SignInMethodTest } from './sign_in_method_schemas.ts'
import { openSecrets } from './sign_in_methods_rules.ts'
import { kindOf } from './sign_in_methods_settings.ts'

export const signInMethodsTest = endpoint({
  name: 'sign-in-methods.test',
  method: 'POST',
  path: '/sign-in-methods/{id}/test',
  summary: 'Ask the provider or directory of a sign-in method whether it can be used',
  description:
    'A provider is asked for its description, a directory is searched. Nobody is signed in. What needs nobody else is always well.',
  permission: 'sign-in-methods.write',
  params: IdParams,
  response: SignInMethodTest,
  errors: ['not_found'],
  target: ({ id }) => `sign-in-method:${id}`,
  async handle({ params, parts }) {
    const stored = await parts.store.signInMethods.get(params.id)
    if (stored === undefined) throw notFound('sign-in method', params.id)
    const began = performance.now()
    const { method } = stored
    const check = kindOf(method.kind).check
    const outcome = await check?.(method, openSecrets(parts, stored), parts.methodParts)
    const ms = Math.round(performance.now() - began)
    return { ok: outcome?.ok ?? true, problems: [...(outcome?.problems ?? [])], ms }
  },
})
