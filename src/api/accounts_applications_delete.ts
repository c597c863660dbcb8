import { OctroiError } from '../core/errors.ts'
import { AccessParams } from './access_schemas.ts'
import { requireAccount } from './accounts_holding.ts'
import { endpoint } from './endpoint.ts'
import { accountFor } from './people_rules.ts'

export const accountsApplicationsDelete = endpoint({
  name: 'accounts.applications_delete',
  method: 'DELETE',
  path: '/accounts/{id}/applications/{client}',
  summary: 'Revoke the access of an application to a person: consent, tokens, and his sessions there',
  description: 'The application is told that the sessions have ended, where it wants to be.',
  permission: 'sessions.write',
  params: AccessParams,
  status: 204,
  errors: ['not_found'],
  target: ({ id }) => `account:${id}`,
  async handle({ principal, params: { id, client }, parts }) {
    await parts.store.transaction(async (store) => {
      const account = await accountFor(store, id)
      // D6: as for his sessions.
      await requireAccount({ principal, parts }, store, [account])
      if (!(await parts.access.revoke(id, client, store)))
        throw new OctroiError('not_found', `The application ${client} has no access to ${id}.`)
    })
    await parts.access.forget(id, client)
  },
})
