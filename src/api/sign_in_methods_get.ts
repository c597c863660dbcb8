import { endpoint } from './endpoint.ts'
import { notFound } from './presenting.ts'
import { IdParams } from './schemas.ts'
import { SignInMethod } from './sign_in_method_schemas.ts'
import { presentMethod } from './sign_in_methods_presenting.ts'

export const signInMethodsGet = endpoint({
  name: 'sign-in-methods.get',
  method: 'GET',
  path: '/sign-in-methods/{id}',
  summary: 'Read a sign-in method',
  permission: 'sign-in-methods.read',
  params: IdParams,
  response: SignInMethod,
  errors: ['not_found'],
  async handle({ params, parts }) {
    const stored = await parts.store.signInMethods.get(params.id)
    if (stored === undefined) throw notFound('sign-in method', params.id)
    return presentMethod(parts, stored.method)
  },
})
