import type { z } from 'zod'
import { OctroiError } from '../core/errors.ts'
import { newEvent } from '../core/events.ts'

import type { Secrets, Connection as Stored } from '../core/types.ts'
import type { SecretSets } from '../core/vault.ts'
import { checkConnection, checkFault } from '../outbound/check.ts'
import { resolveBaseUrl, validateSecrets, validateSettings } from '../outbound/connection_input.ts'
import type { Connector } from '../outbound/connector.ts'
import {
  checkAllowNever,
  checkNetworkPermission,
  checkOrigin,
  connectionFor,
  connectorFor,
  requireAtConnection,
} from './connections_rules.ts'
import { requireRightsOfTags } from './connections_tags.ts'
import { endpoint } from './endpoint.ts'
import { presentConnection } from './presenting.ts'
import { Connection, ConnectionUpdate, IdParams } from './schemas.ts'

type Changes = z.output<typeof ConnectionUpdate>

export const connectionsUpdate = endpoint({
  name: 'connections.update',
  method: 'PATCH',
  path: '/connections/{id}',
  summary: 'Change a connection',
  description: 'Where the secrets are sent (address, network) can only be changed together with the secrets.',
  permission: 'connections.write',
  params: IdParams,
  body: ConnectionUpdate,
  response: Connection,
  errors: ['not_found', 'conflict', 'secrets_required', 'insecure_upstream'],
  target: ({ id }) => `connection:${id}`,
  async handle({ principal, params, body, parts }) {
    const stored = await connectionFor(parts.store, principal, 'connections.write', params.id)
    const before = stored.connection
    const connector = connectorFor(parts, before.connector)
    const after = changed(before, connector, body, parts.now().toISOString())
    const secrets = body.secrets && validateSecrets(connector, before.scheme, body.secrets)
    requireAtConnection(principal, 'connections.write', after)
    checkNetworkPermission(principal, after, before.network)
    checkAllowNever(
      principal,
      connector,
      before.options.allow_never ?? [],
      body.allow_never ?? before.options.allow_never ?? [],
    )
    await requireRightsOfTags(parts, principal, before, after)
    const moved = isSentElsewhere(connector, before, after)
    // An opened network is opened for the address that it was opened for: another one inside is another decision (D9).
    if (moved && Object.keys(after.network).length > 0)
      requireAtConnection(principal, 'connections.write_network', after)
    if (moved && secrets === undefined) throw secretsRequired()
    await checkOrigin(parts, connector, after)
    const opened = await parts.vault.openSecrets(stored.dataKey, before, stored.sealed)
    const sets = nextSets(opened, secrets, moved)
    if (body.verify) {
      const result = await checkConnection(parts.targets.compile(after, sets.current))
      if (!result.ok) throw checkFault(result)
    }
    const version = stored.sealed.version + 1
    const sealed = await parts.vault.sealSecrets(stored.dataKey, after, sets, version)
    await parts.store.transaction(async (store) => {
      await store.connections.update(after)
      if (secrets !== undefined) await store.connections.setState(before.id, 'ready', null, after.state_since)
      if (!(await store.connections.updateSecrets(before.id, sealed, stored.sealed.version))) throw changedMeanwhile()
      await store.events.insert(
        newEvent('connection.updated', `connection:${before.id}`, { secrets: secrets !== undefined }),
      )
    })
    return presentConnection({ ...after, has_next: sets.next !== null })
  },
})

function changed(before: Stored, connector: Connector, body: Changes, now: string): Stored {
  const settings =
    body.settings === undefined
      ? before.settings
      : validateSettings(connector, { ...before.settings, ...body.settings })
  const { limits, timeouts, allow_never, replay_s } = body
  const given = Object.entries({ limits, timeouts, allow_never, replay_s }).filter(([, value]) => value !== undefined)
  // New secrets are a new beginning: what was wrong with the old ones says nothing of them.
  const fresh = body.secrets === undefined ? {} : { state: 'ready' as const, state_reason: null, state_since: now }
  return {
    ...before,
    name: body.name ?? before.name,
    settings,
    tags: body.tags ?? before.tags,
    network: body.network ?? before.network,
    options: { ...before.options, ...Object.fromEntries(given) },
    ...fresh,
    updated_at: now,
  }
}

/** Whoever may edit an address must not be able to have the stored secret delivered to it (D8). */
function isSentElsewhere(connector: Connector, before: Stored, after: Stored): boolean {
  if (JSON.stringify(before.network) !== JSON.stringify(after.network)) return true
  return resolveBaseUrl(connector, before.settings) !== resolveBaseUrl(connector, after.settings)
}

/** The set to change over to goes nowhere that it was not given for. */
function nextSets(opened: SecretSets, secrets: Secrets | undefined, moved: boolean): SecretSets {
  return { current: secrets ?? opened.current, next: moved ? null : opened.next }
}

function secretsRequired(): OctroiError {
  return new OctroiError(
    'secrets_required',
    'This changes where the secrets are sent. Give them again in the same request.',
    {
      errors: [{ path: 'secrets', message: 'are required with a change of the address or the network' }],
    },
  )
}

export function changedMeanwhile(): OctroiError {
  return new OctroiError('conflict', 'The connection was changed by somebody else meanwhile. Read it and try again.')
}
