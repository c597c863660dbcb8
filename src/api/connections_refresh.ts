import { OctroiError } from '../core/errors.ts'
import { SCHEMES } from '../outbound/schemes/index.ts'
import { connectionFor } from './connections_rules.ts'
import { presentConnectionWithToken } from './connections_token.ts'
import { endpoint } from './endpoint.ts'
import { Connection, IdParams } from './schemas.ts'

export const connectionsRefresh = endpoint({
  name: 'connections.refresh',
  method: 'POST',
  path: '/connections/{id}/refresh',
  summary: 'Renew the token of a connection now',
  description: 'Schemes whose secrets do not expire (basic, api_key) have nothing to renew and answer 501.',
  permission: 'connections.write',
  params: IdParams,
  response: Connection,
  errors: [
    'not_found',
    'unsupported',
    'reconnect_required',
    'upstream_unreachable',
    'upstream_refused_address',
    'upstream_timeout',
  ],
  target: ({ id }) => `connection:${id}`,
  async handle({ principal, params, parts }) {
    const stored = await connectionFor(parts.store, principal, 'connections.write', params.id)
    const { connection } = stored
    if (SCHEMES[connection.scheme]?.exchange === undefined)
      throw new OctroiError(
        'unsupported',
        `The scheme ${connection.scheme} has no token to renew: its secrets do not expire.`,
      )
    await parts.renewals.renew(connection.id, 'asked', stored.token?.version ?? 0)
    return presentConnectionWithToken(parts, connection.id)
  },
})
