import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { pageAnswer } from './presenting.ts'
import { Page, pageOf } from './schemas.ts'
import { SignInMethod } from './sign_in_method_schemas.ts'
import { presentMethod } from './sign_in_methods_presenting.ts'

export const signInMethodsList = endpoint({
  name: 'sign-in-methods.list',
  method: 'GET',
  path: '/sign-in-methods',
  summary: 'List sign-in methods',
  description: 'In order of id; people see them in order of position.',
  permission: 'sign-in-methods.read',
  query: z.strictObject(Page),
  response: pageOf(SignInMethod),
  async handle({ query, parts }) {
    const methods = (await parts.store.signInMethods.all()).map(({ method }) => method)
    const rows = methods
      .sort((a, b) => (a.id < b.id ? -1 : 1))
      .filter(({ id }) => query.cursor === undefined || id > query.cursor)
    return pageAnswer(rows.slice(0, query.limit + 1), query.limit, (method) => presentMethod(parts, method))
  },
})
