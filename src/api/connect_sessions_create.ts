import type { z } from 'zod'
import { OctroiError } from '../core/errors.ts'
import type { Principal } from '../core/program_types.ts'
import type { Connection } from '../core/types.ts'
import { isOpened, requireAppAddresses, sharedApp } from '../outbound/connections/connector_app.ts'
import { freshConnection } from '../outbound/connections/fresh_connection.ts'
import { withApp } from '../outbound/connections/held.ts'
import { checkOrigin } from '../outbound/connections/origin_check.ts'
import { validateSettings } from '../outbound/connectors/connection_input.ts'
import type { Connector } from '../outbound/connectors/connector.ts'
import { isAddress } from '../outbound/connectors/setting_places.ts'
import { callbackPath } from '../outbound/onboarding/callback.ts'
import { type Opening, openSession, requireReturnUrl } from '../outbound/onboarding/opening.ts'
import { SCHEMES } from '../outbound/schemes/index.ts'
import { holdsPermission } from '../policy/permissions.ts'
import { ConnectSessionCreate, ConnectSessionWithUrl } from './connect_session_schemas.ts'
import { presentSession } from './connect_sessions_presenting.ts'
import { checkNetworkPermission, chooseScheme, connectorFor, fault, requireAtConnection } from './connections_rules.ts'
import { type ApiParts, endpoint } from './endpoint.ts'
import { invalid } from './faults.ts'
import { chooseId } from './presenting.ts'

type Body = z.output<typeof ConnectSessionCreate>

export const connectSessionsCreate = endpoint({
  name: 'connect-sessions.create',
  method: 'POST',
  path: '/connect-sessions',
  summary: 'Get a link with which a person connects an account at a service',
  description:
    'The link is single use and ends after 30 minutes. With return_url the connection is made when the code that comes back is redeemed by the same key (POST /connect-sessions/{id}/redeem). Needs connections.write at the connection as well.',
  permission: 'connect-sessions.write',
  body: ConnectSessionCreate,
  response: ConnectSessionWithUrl,
  status: 201,
  errors: ['conflict', 'secrets_required', 'insecure_upstream'],
  once: ['url'],
  target: (_, answer) => {
    const { connection_id } = (answer ?? {}) as { connection_id?: string }
    return connection_id === undefined ? null : `connection:${connection_id}`
  },
  async handle({ principal, body, parts }) {
    const connector = connectorFor(parts, body.connector)
    if (body.return_url !== undefined) requireReturnUrl(body.return_url)
    else requireOperator(principal)
    const stored = body.connection_id === undefined ? undefined : await parts.store.connections.get(body.connection_id)
    const opening =
      stored === undefined
        ? await forNew(parts, principal, connector, body)
        : forExisting(principal, connector, body, stored.connection)
    const { session, link } = await openSession(
      parts.store,
      parts.drafts,
      { ...opening, keyId: principal.key_id, returnUrl: body.return_url ?? null },
      parts.now(),
    )
    return {
      ...presentSession(session, parts.now()),
      url: `${parts.about.public_url}/connect/${link}`,
      redirect_uri: redirectUri(parts, opening.connection),
    }
  },
})

/** Without an application that knows its own person, a forwarded link would connect a stranger's account (D3): only who owns all may. */
function requireOperator(principal: Principal): void {
  if (holdsPermission(principal.permissions, 'connections.write')) return
  throw new OctroiError('invalid_request', 'return_url is required: the code that comes back to it ends the session.', {
    errors: [{ path: 'return_url', message: 'is required for a key whose permissions are limited' }],
  })
}

type Opened = Pick<Opening, 'connection' | 'exists' | 'fixed' | 'schemes'>

async function forNew(parts: ApiParts, principal: Principal, connector: Connector, body: Body): Promise<Opened> {
  const schemes = body.scheme === undefined ? connector.schemes : [chooseScheme(connector, body.scheme)]
  const [scheme = ''] = schemes
  const shared = await sharedApp(parts, connector.id, scheme)
  // Many people may be on their way at once, and an id that is free now need not be when they come back.
  const isTaken = async (wanted: string) =>
    body.return_url !== undefined || (await parts.store.connections.get(wanted)) !== undefined
  const id = await chooseId(body.connection_id, connector.id, isTaken)
  const chosen = {
    id,
    connector: connector.id,
    scheme,
    name: body.name ?? connector.name,
    settings: body.settings,
    tags: body.tags,
    network: body.network,
    options: {},
    app: shared?.app.connector ?? null,
  }
  const connection = freshConnection(chosen, parts.now().toISOString())
  requireAtConnection(principal, 'connections.write', connection)
  checkNetworkPermission(principal, connection, {})
  const settings = requireKnown(connector, { ...body.settings, ...shared?.app.settings })
  requireAppAddresses(connector, connection, shared)
  const given = [...Object.keys(body.settings), ...Object.keys(shared?.app.settings ?? {})]
  const fixed = [...given, ...withheldAddresses(connector, connection, given)]
  const opened = { ...connection, settings: { ...settings } }
  await requireReachable(parts, connector, shared === undefined ? opened : withApp(opened, shared.app))
  return { connection: opened, exists: false, fixed, schemes }
}

/**
 * A network is opened for an address: whoever has the link must not choose another one inside (D9). Returns the addresses that are
 * not asked for because they may be left out. Throws `invalid_request` for those that may not.
 */
function withheldAddresses(connector: Connector, connection: Connection, given: readonly string[]): string[] {
  if (!isOpened(connection)) return []
  const asked = Object.entries(connector.settings).filter(
    ([name]) => isAddress(connector, name) && !given.includes(name),
  )
  const errors = asked
    .filter(([, field]) => !field.optional && field.default === undefined)
    .map(([name]) => ({ path: `settings.${name}`, message: 'must be given where the network is opened' }))
  if (errors.length > 0) throw invalid('The person cannot choose the address in an opened network.', errors)
  return asked.map(([name]) => name)
}

/** Whoever makes the link can mend an address that is not allowed; the person who opens it cannot. */
async function requireReachable(parts: ApiParts, connector: Connector, connection: Connection): Promise<void> {
  if (isComplete(connector, connection.settings)) await checkOrigin(parts.listeners, connector, connection)
}

function isComplete(connector: Connector, settings: Connection['settings']): boolean {
  try {
    validateSettings(connector, settings)
    return true
  } catch {
    return false
  }
}

/** Those that are given must be right; those that are missing are asked of the person. */
function requireKnown(
  connector: Connector,
  settings: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  try {
    validateSettings(connector, settings)
  } catch (error) {
    const errors = ((error as OctroiError).errors ?? []).filter(
      ({ path, message }) => message !== 'is required' || Object.hasOwn(settings, path.slice('settings.'.length)),
    )
    if (errors.length > 0) throw invalid('The settings are not valid.', errors)
  }
  return settings
}

function forExisting(principal: Principal, connector: Connector, body: Body, connection: Connection): Opened {
  // First of all: whoever has no right there learns nothing of it.
  requireAtConnection(principal, 'connections.write', connection)
  if (connection.connector !== connector.id)
    throw fault('connector', `the connection ${connection.id} is one of ${connection.connector}`)
  const given = (['name', 'scheme'] as const).find((name) => body[name] !== undefined)
  const filled = (['settings', 'tags', 'network'] as const).find((name) => Object.keys(body[name]).length > 0)
  const path = given ?? filled
  if (path !== undefined) throw fault(path, 'of a connection that exists stays as it is')
  if (connection.state === 'suspended')
    throw new OctroiError('conflict', `The connection ${connection.id} is suspended: activate it first.`)
  return { connection, exists: true, fixed: Object.keys(connection.settings), schemes: [connection.scheme] }
}

function redirectUri(parts: ApiParts, connection: Connection): string | null {
  return SCHEMES[connection.scheme]?.exchange?.consent === undefined
    ? null
    : `${parts.about.public_url}${callbackPath(connection)}`
}
