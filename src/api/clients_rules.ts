import type { z } from 'zod'
import { type FieldError, OctroiError } from '../core/errors.ts'
import type { Client as Stored } from '../core/people_types.ts'
import type { Principal } from '../core/program_types.ts'
import type { Store } from '../core/stores.ts'
import { holdsPermission } from '../policy/permissions.ts'
import { isLoopbackHost } from '../policy/route_hosts.ts'
import { openIdFaults, openIdWarnings, presentOpenId } from './client_openid_rules.ts'
import type { Client } from './client_schemas.ts'
import type { ApiParts, Operation } from './endpoint.ts'
import { invalid } from './faults.ts'
import { grantContext, requireHeld } from './grant_context.ts'
import { checkGrants } from './keys_making.ts'
import { presentGrants } from './presenting.ts'
import { missingAccounts, missingGroups, noSuch } from './references.ts'

/** The rules that every change of an application keeps. */

type Asking = Pick<Operation<unknown, unknown, unknown>, 'principal' | 'parts'>

/**
 * D6. An application that gets tokens holds a key of whoever signs in to it, the administrator too, and lives on when the caller's own key
 * has ended. One with APIs is given tokens that they believe, and nobody asks them whose they are. `states`: as it is and as it would be.
 */
export async function requireClientRights(
  { principal, parts }: Asking,
  store: Store,
  states: readonly Stored[],
): Promise<void> {
  for (const { token, openid } of states) {
    const holdings = { permissions: [], grants: token.grants, groups: [], expires_at: null, cidrs: [] }
    await requireHeld(store, parts.catalogue, principal, [holdings])
    if (token.enabled) requireAdministrator(principal, OF_PEOPLE)
    if ((openid?.resources.length ?? 0) > 0) requireAdministrator(principal, OF_APIS)
  }
}

const OF_PEOPLE = 'An application that gets tokens speaks for whoever signs in to it'
const OF_APIS = 'An application with APIs (openid.resources) gets tokens that they believe'

function requireAdministrator(principal: Principal, what: string): void {
  if (holdsPermission(principal.permissions, '*')) return
  throw new OctroiError(
    'not_granted',
    `${what}: that is an administrator’s decision and needs the permission *. With clients.write it can be disabled and deleted.`,
  )
}

/** What stands against an application as it would be. Throws 400; gives back warnings. */
export async function checkClient(store: Store, parts: ApiParts, client: Stored): Promise<string[]> {
  const faults = [...addressFaults(client, parts.about.public_url), ...(await unnamed(store, client))]
  if (client.token_in_query && !client.token.enabled)
    faults.push({ path: 'token_in_query', message: 'goes with token.enabled: otherwise there is no token' })
  faults.push(...codeFaults(client))
  if (client.openid !== null) faults.push(...openIdFaults(client.openid, parts.about.public_url))
  if (faults.length > 0) throw invalid('The application is not valid.', faults)
  const { grants } = client.token
  const ofGrants = checkGrants(grants, await grantContext(store, parts.catalogue, grants))
  const ofOpenId = client.openid === null ? [] : openIdWarnings(client.openid)
  return [...ofGrants.map((warning) => `token.${warning}`), ...warningsOf(client), ...ofOpenId]
}

/** Somewhere a code has to go, unless none is ever given. */
function codeFaults({ redirect_uris, openid }: Stored): FieldError[] {
  if (redirect_uris.length > 0 || openid?.grant_types.includes('authorization_code') === false) return []
  const message = 'must have at least 1 entry, but for an OpenID client without the grant type authorization_code'
  return [{ path: 'redirect_uris', message }]
}

/**
 * An application on our own origin could act as whoever looks at the console (D2); at another port of our host it is sent our cookies, which
 * know no ports (RFC 6265 §8.5). On loopback everybody is a developer.
 */
function addressFaults({ redirect_uris, post_logout_redirect_uris, openid }: Stored, publicUrl: string): FieldError[] {
  const own = new URL(publicUrl)
  const isOurs = (uri: URL) =>
    uri.origin === own.origin || (uri.hostname === own.hostname && !isLoopbackHost(own.hostname))
  const faultOf = (path: string, uri: string) =>
    isOurs(new URL(uri)) ? [{ path, message: 'is at Octroi itself; put the application on a host of its own' }] : []
  const faultsOf = (path: string, uris: readonly string[]) => uris.flatMap((uri, i) => faultOf(`${path}.${i}`, uri))
  const logout = openid?.backchannel_logout_uri ?? null
  return [
    ...faultsOf('redirect_uris', redirect_uris),
    ...faultsOf('post_logout_redirect_uris', post_logout_redirect_uris),
    ...(logout === null ? [] : faultOf('openid.backchannel_logout_uri', logout)),
  ]
}

async function unnamed(store: Store, { allow, methods, roles }: Stored): Promise<FieldError[]> {
  const faults = [
    ...(await missingAccounts(store, 'allow.accounts', allow.accounts)),
    ...(await missingGroups(store, 'allow.groups', allow.groups)),
  ]
  for (const [i, id] of allow.organizations.entries()) {
    if ((await store.organizations.get(id)) === undefined)
      faults.push(noSuch('organization', `allow.organizations.${i}`, id))
  }
  for (const [i, id] of methods.entries()) {
    if ((await store.signInMethods.get(id)) === undefined) faults.push(noSuch('sign-in method', `methods.${i}`, id))
  }
  const ofRoles = roles.map(({ group }) => group)
  const known = ofRoles.length === 0 ? new Set() : await store.groups.existing(ofRoles)
  return [...faults, ...ofRoles.flatMap((id, i) => (known.has(id) ? [] : [noSuch('group', `roles.${i}.group`, id)]))]
}

/** What is right but perhaps not meant. */
function warningsOf({ allow, token_in_query }: Stored): string[] {
  const warnings: string[] = []
  const named = allow.accounts.length + allow.groups.length + allow.organizations.length
  if (named === 0 && !allow.authenticated) warnings.push('allow: names nobody, so nobody can use the application')
  if (token_in_query)
    warnings.push(
      'token_in_query: the token stands in the address of the browser, and so in histories, in logs of servers and in what other pages are told; have the back end exchange a code instead',
    )
  return warnings
}

export function presentClient(client: Stored): z.input<typeof Client> {
  const { redirect_uris, post_logout_redirect_uris, allow, methods, roles, token, openid, ...rest } = client
  const { accounts, groups, organizations, authenticated } = allow
  return {
    ...rest,
    client_id: client.id,
    redirect_uris: [...redirect_uris],
    post_logout_redirect_uris: [...post_logout_redirect_uris],
    allow: { accounts: [...accounts], groups: [...groups], organizations: [...organizations], authenticated },
    methods: [...methods],
    roles: roles.map((role) => ({ ...role })),
    token: { ...token, grants: presentGrants(token.grants) },
    openid: openid === null ? null : presentOpenId(openid),
  }
}
