import { z } from 'zod'
import { openHeld } from '../outbound/connections/held.ts'
import { connectionFor, fault } from './connections_rules.ts'
import { testNext, testStored } from './connections_trying.ts'
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
    const result = body.which === 'next' ? await testNext(parts, stored) : await testStored(parts, stored)
    if (result === undefined) throw fault('which', 'it holds no next secrets')
    if (body.which === 'current' && result.outcome !== 'untested') await parts.health.record(params.id, result)
    const held = await openHeld((await parts.store.connections.get(params.id)) ?? stored, parts.vault, parts.catalogue)
    return { ...result, identity: held.token?.identity ?? null }
  },
})
