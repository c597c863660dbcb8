import { z } from 'zod'
import { newEvent } from '../core/events.ts'
import { endpoint } from './endpoint.ts'
import { requireMethodUnnamed } from './people_naming.ts'
import { notFound } from './presenting.ts'
import { IdParams } from './schemas.ts'
import { requireAdministrator, warningsOf } from './sign_in_methods_rules.ts'

export const signInMethodsDelete = endpoint({
  name: 'sign-in-methods.delete',
  method: 'DELETE',
  path: '/sign-in-methods/{id}',
  summary: 'Delete a sign-in method that no application names',
  description:
    'Needs * besides. Identities that came by it stay, and lead to nobody until a method of the same issuer is there.',
  permission: 'sign-in-methods.write',
  params: IdParams,
  response: z.object({ warnings: z.array(z.string()) }),
  errors: ['not_found', 'conflict'],
  target: ({ id }) => `sign-in-method:${id}`,
  async handle({ principal, params, parts }) {
    requireAdministrator(principal)
    return parts.store.transaction(async (store) => {
      await requireMethodUnnamed(store, params.id)
      if (!(await store.signInMethods.delete(params.id))) throw notFound('sign-in method', params.id)
      await store.events.insert(newEvent('sign_in_method.deleted', `sign-in-method:${params.id}`))
      return { warnings: await warningsOf(store) }
    })
  },
})
