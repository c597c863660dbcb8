import { endpoint } from './endpoint.ts'
import { KeyUsage, UsageQuery, usageOf } from './usage.ts'

export const keysSelfUsage = endpoint({
  name: 'keys-self.usage',
  method: 'GET',
  path: '/keys/self/usage',
  summary: 'How often the key that this request is made with was used',
  permission: null,
  query: UsageQuery,
  response: KeyUsage,
  async handle({ principal, query, parts }) {
    return usageOf(parts, principal.key_id, query)
  },
})
