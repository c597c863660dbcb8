import type { z } from 'zod'
import { OctroiError } from '../core/errors.ts'
import { newEvent } from '../core/events.ts'
import type { StoredConnection } from '../core/stores.ts'
import type { Secrets, Connection as Stored } from '../core/types.ts'
import type { SecretSets } from '../core/vault.ts'
import { AWAITS } from '../outbound/connections/connection_making.ts'
import { openApp, ownSecrets, requireAppAddresses } from '../outbound/connections/connector_app.ts'
import { heldOf, openHeld, withApp } from '../outbound/connections/held.ts'
import { checkOrigin } from '../outbound/connections/origin_check.ts'
import { changeSecrets } from '../outbound/connections/secrets_change.ts'
import { resolveBaseUrl, validateSettings } from '../outbound/connectors/connection_input.ts'
import type { Connector } from '../outbound/connectors/connector.ts'
import { isName } from '../outbound/connectors/setting_places.ts'
import { durableNames } from '../outbound/exchange.ts'
import type { Values } from '../outbound/scheme.ts'
import { SCHEMES } from '../outbound/schemes/index.ts'
import { spentToken } from '../outbound/tokens/lifetime.ts'
import { awaitsConsent, splitBegins } from '../outbound/tokens/token_carrying.ts'
import {
  checkAllowNever,
  checkNetworkPermission,
  connectionFor,
  connectorFor,
  requireAtConnection,
} from './connections_rules.ts'
import { requireRightsOfTags } from './connections_tags.ts'
import { requireWorks } from './connections_trying.ts'
import { type ApiParts, endpoint } from './endpoint.ts'
import { presentConnection } from './presenting.ts'
import { Connection, ConnectionUpdate, IdParams } from './schemas.ts'

type Changes = z.output<typeof ConnectionUpdate>

export const connectionsUpdate = endpoint({
  name: 'connections.update',
  method: 'PATCH',
  path: '/connections/{id}',
  summary: 'Change a connection',
  description:
    'Where the secrets are sent (address, network), and under which name, can only be changed together with the secrets.',
  permission: 'connections.write',
  params: IdParams,
  body: ConnectionUpdate,
  response: Connection,
  errors: ['not_found', 'conflict', 'secrets_required', 'insecure_upstream', 'busy'],
  target: ({ id }) => `connection:${id}`,
  async handle({ principal, params, body, parts }) {
    const stored = await connectionFor(parts.store, principal, 'connections.write', params.id)
    const before = stored.connection
    const connector = connectorFor(parts, before.connector)
    const now = parts.now().toISOString()
    const after = changed(before, connector, body, now)
    const app = stored.app === null ? undefined : await openApp(parts, stored.app)
    const given = body.secrets && ownSecrets(connector, before.scheme, body.secrets, app)
    const scheme = SCHEMES[before.scheme] as NonNullable<(typeof SCHEMES)[string]>
    const { kept: secrets, begins } = given ? splitBegins(scheme, connector, given) : { kept: undefined, begins: {} }
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
    const diverted = moved || isNamedOtherwise(connector, before, after)
    if (diverted && secrets === undefined) throw secretsRequired()
    requireAppAddresses(connector, after, app)
    await checkOrigin(parts.listeners, connector, app === undefined ? after : withApp(after, app.app))
    const opened = await parts.vault.openSecrets(stored.dataKey, before, stored.sealed)
    const sets = nextSets(opened, secrets, diverted)
    if (body.verify) await requireWorks(parts, heldOf(after, sets.current, parts.catalogue, app))
    const isFresh = secrets !== undefined
    const state = isFresh ? await freshState(parts, stored, { after, connector, diverted, begins }) : undefined
    await changeSecrets(parts, stored, {
      after,
      sets,
      keep: diverted ? 'none' : isFresh ? 'durable' : isSetOtherwise(before, after) ? 'consented' : 'all',
      begins,
      async record(store) {
        if (state !== undefined) await store.connections.setState(before.id, state.state, state.state_reason, now)
        await store.events.insert(newEvent('connection.updated', `connection:${before.id}`, { secrets: isFresh }))
        if (isFresh) await store.events.insert(newEvent('connection.secret_rotated', `connection:${before.id}`))
      },
    })
    return presentConnection({ ...after, ...state, has_next: sets.next !== null })
  },
})

/** New secrets are a new beginning; but where the service must be asked and nothing of its consent is left, a person is waited for. */
async function freshState(
  parts: ApiParts,
  stored: StoredConnection,
  { after, connector, diverted, begins }: { after: Stored; connector: Connector; diverted: boolean; begins: Values },
): Promise<Pick<Stored, 'state' | 'state_reason'>> {
  const { scheme, token } = await openHeld(stored, parts.vault, parts.catalogue)
  const kept = diverted ? {} : spentToken(token, durableNames(scheme.exchange, connector), 0).values
  const isPending = awaitsConsent(scheme, connector, after.settings, { ...kept, ...begins })
  return isPending ? { state: 'pending', state_reason: AWAITS } : { state: 'ready', state_reason: null }
}

function changed(before: Stored, connector: Connector, body: Changes, now: string): Stored {
  const settings =
    body.settings === undefined
      ? before.settings
      : validateSettings(connector, { ...before.settings, ...body.settings })
  const { limits, timeouts, allow_never, replay_s } = body
  const given = Object.entries({ limits, timeouts, allow_never, replay_s }).filter(([, value]) => value !== undefined)
  return {
    ...before,
    name: body.name ?? before.name,
    settings,
    tags: body.tags ?? before.tags,
    network: body.network ?? before.network,
    options: { ...before.options, ...Object.fromEntries(given) },
    updated_at: now,
  }
}

/** Whoever may edit an address must not be able to have the stored secret delivered to it (D8). */
function isSentElsewhere(connector: Connector, before: Stored, after: Stored): boolean {
  const places = ({ network, settings }: Stored) => [
    network,
    resolveBaseUrl(connector, settings),
    SCHEMES[before.scheme]?.exchange?.endpoints({ connector, settings }),
  ]
  return JSON.stringify(places(before)) !== JSON.stringify(places(after))
}

/** A token was asked for with the settings: a narrower scope, another role or user holds from the next call on. */
function isSetOtherwise(before: Stored, after: Stored): boolean {
  return changedSettings(before, after).length > 0
}

/** Under another name a secret may come back: some headers are repeated in answers (D8). */
function isNamedOtherwise(connector: Connector, before: Stored, after: Stored): boolean {
  return changedSettings(before, after).some((name) => isName(connector, name))
}

function changedSettings(before: Stored, after: Stored): string[] {
  const names = Object.keys({ ...before.settings, ...after.settings })
  return names.filter((name) => before.settings[name] !== after.settings[name])
}

/** The set to change over to goes nowhere that it was not given for. */
function nextSets(opened: SecretSets, secrets: Secrets | undefined, diverted: boolean): SecretSets {
  return { current: secrets ?? opened.current, next: diverted ? null : opened.next }
}

function secretsRequired(): OctroiError {
  return new OctroiError(
    'secrets_required',
    'This changes where the secrets are sent, or under which name. Give them again in the same request.',
    {
      errors: [
        {
          path: 'secrets',
          message: 'are required with a change of the address, the network or a name that they are sent under',
        },
      ],
    },
  )
}
