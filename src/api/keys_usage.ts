import { endpoint } from './endpoint.ts'
import { notFound } from './presenting.ts'
import { IdParams } from './schemas.ts'
import { KeyUsage, UsageQuery, usageOf } from './usage.ts'

export const keysUsage = endpoint({
  name: 'keys.usage',
  method: 'GET',
  path: '/keys/{id}/usage',
  summary: 'How often a key was used, day by day',
  description:
    'What the audit trail has a line of: calls, checks of forward-auth, changes in the management API, refusals. Days are of UTC; those without any are left out. Kept as long as the audit trail.',
  permission: 'keys.read',
  params: IdParams,
  query: UsageQuery,
  response: KeyUsage,
  errors: ['not_found'],
  async handle({ params, query, parts }) {
    if ((await parts.store.keys.get(params.id)) === undefined) throw notFound('key', params.id)
    return usageOf(parts, params.id, query)
  },
})
