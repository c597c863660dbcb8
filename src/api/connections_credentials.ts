import { z } from 'zod'
import { OctroiError } from '../core/errors.ts'
import { withoutAppSecrets } from '../outbound/connections/connector_app.ts'
import { openHeld, secretsOf } from '../outbound/connections/held.ts'
import { grantAppliesTo } from '../policy/grants.ts'
import { holdsPermission } from '../policy/permissions.ts'
import { connectionFor } from './connections_rules.ts'
import { endpoint } from './endpoint.ts'
import { IdParams } from './schemas.ts'

export const connectionsCredentials = endpoint({
  name: 'connections.credentials',
  method: 'GET',
  path: '/connections/{id}/credentials',
  summary: 'Read the secrets that the connection injects',
  description:
    'Needs the permission and a grant with "credentials": true at this connection; administrators need no grant. Each read is recorded. The secrets of a shared application are given to administrators only.',
  permission: 'connections.read_credentials',
  params: IdParams,
  response: z.object({ secrets: z.record(z.string(), z.string()), expires_at: z.string().nullable() }),
  errors: ['not_found', 'reconnect_required', 'upstream_unreachable', 'upstream_refused_address', 'upstream_timeout'],
  recorded: true,
  target: ({ id }) => `connection:${id}`,
  async handle({ principal, params, parts }) {
    const stored = await connectionFor(parts.store, principal, 'connections.read_credentials', params.id)
    const { connection } = stored
    const isAdministrator = holdsPermission(principal.permissions, '*')
    const granted = principal.grants.some((grant) => grant.credentials === true && grantAppliesTo(grant, connection))
    if (!granted && !isAdministrator) {
      throw new OctroiError('not_granted', `This key has no grant to read the credentials of ${connection.id}.`)
    }
    // The service may have to be asked first: what is handed out is good for some time.
    await parts.renewals.ready(await parts.targets.build(stored))
    const now = await connectionFor(parts.store, principal, 'connections.read_credentials', params.id)
    const held = await openHeld(now, parts.vault, parts.catalogue)
    const all = secretsOf(held)
    const shown = now.app === null || isAdministrator ? all : withoutAppSecrets(all, held.scheme)
    return { secrets: { ...held.scheme.injects(shown) }, expires_at: held.token?.expires_at ?? null }
  },
})
