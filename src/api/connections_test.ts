import { z } from 'zod'
import { checkConnection } from '../outbound/check.ts'
import { connectionFor, fault } from './connections_rules.ts'
import { endpoint } from './endpoint.ts'
import { IdParams, TestResult } from './schemas.ts'

export const connectionsTest = endpoint({
  name: 'connections.test',
  method: 'POST',
  path: '/connections/{id}/test',
  summary: 'Make the connector’s test request now',
  description:
    'The state of the connection follows from it. With "which": "next", the secrets to change over to are tried instead.',
  permission: 'connections.write',
  params: IdParams,
  body: z.strictObject({ which: z.enum(['current', 'next']).default('current') }).default({ which: 'current' }),
  response: TestResult,
  errors: ['not_found', 'reconnect_required'],
  target: ({ id }) => `connection:${id}`,
  async handle({ principal, params, body, parts }) {
    const stored = await connectionFor(parts.store, principal, 'connections.write', params.id)
    const target = await parts.targets.build(stored)
    if (body.which === 'next' && target.next === null) throw fault('which', 'it holds no next secrets')
    const result = await checkConnection(
      target,
      body.which === 'next' && target.next !== null ? target.next : target.signature,
    )
    if (body.which === 'current' && result.outcome !== 'untested') await parts.health.record(params.id, result)
    return { ...result, identity: null }
  },
})
