import { z } from 'zod'
import { checkFault } from '../outbound/connections/check.ts'
import { changedMeanwhile } from '../outbound/connections/secrets_change.ts'
import { connectionFor, fault } from './connections_rules.ts'
import { testNext } from './connections_trying.ts'
import { endpoint } from './endpoint.ts'
import { notFound, presentConnection } from './presenting.ts'
import { Connection, IdParams } from './schemas.ts'

export const connectionsSwitch = endpoint({
  name: 'connections.switch',
  method: 'POST',
  path: '/connections/{id}/switch',
  summary: 'Change over to the next secrets, keeping the current ones to go back to',
  description:
    'The next secrets are tested first unless verify is false. No call fails meanwhile: each goes out with one whole set.',
  permission: 'connections.write',
  params: IdParams,
  body: z.strictObject({ verify: z.boolean().default(true) }).default({ verify: true }),
  response: Connection,
  errors: ['not_found', 'conflict', 'reconnect_required'],
  target: ({ id }) => `connection:${id}`,
  async handle({ principal, params, body, parts }) {
    const stored = await connectionFor(parts.store, principal, 'connections.write', params.id)
    if (stored.sealed.next === null)
      throw fault('next', 'it holds no next secrets; give them with PUT /connections/{id}/next')
    if (body.verify) {
      const result = await testNext(parts, stored)
      if (result !== undefined && !result.ok) throw checkFault(result)
    }
    const switched = () => parts.health.switchOver(params.id, 'asked', stored.sealed.version)
    if (!(await parts.renewals.whileStill(params.id, switched))) throw changedMeanwhile()
    const after = await parts.store.connections.get(params.id)
    if (after === undefined) throw notFound('connection', params.id)
    return presentConnection(after.connection)
  },
})
