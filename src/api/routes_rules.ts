import type { z } from 'zod'
import { OctroiError } from '../core/errors.ts'
import type { Principal, Route as Stored } from '../core/program_types.ts'
import type { Store } from '../core/stores.ts'
import { holdsPermission } from '../policy/permissions.ts'
import { hostsMeet, isLoopbackHost } from '../policy/route_hosts.ts'
import { routeConflict } from '../policy/routes.ts'
import type { ApiParts } from './endpoint.ts'
import { invalid } from './faults.ts'
import { missingAccounts, missingGroups, missingKeys } from './references.ts'
import type { Route, RouteCreate } from './route_schemas.ts'

/** The rules that every change of a route keeps. */

type Accept = z.output<typeof RouteCreate>['accept']

export function acceptOf(accept: Accept): Stored['accept'] {
  return 'any' in accept ? { mode: 'any', kinds: accept.any } : { mode: 'all', kinds: accept.all }
}

/** Throws what is wrong with a route as it would be; `before` is what it was. */
export async function checkRoute(
  store: Store,
  { principal, parts }: { readonly principal: Principal; readonly parts: ApiParts },
  route: Stored,
  before?: Stored,
): Promise<void> {
  const all = await store.routes.all()
  requireOpening(principal, all, route, before)
  requireForeignHost(route.host, parts.about.public_url)
  requireNamedHost(route)
  await requireNamed(store, route, before)
  const same = all.find((other) => other.id !== route.id && routeConflict(other, route))
  if (same !== undefined) {
    throw new OctroiError('conflict', `The route ${same.id} is for the same host and path and a method of these.`)
  }
}

/**
 * What nobody has to prove anything for is an administrator's decision (D6): making such a route, changing one, and taking away what
 * stands before one, so that it comes to answer what another route answered until then.
 */
export function requireOpening(
  principal: Principal,
  all: readonly Stored[],
  route: Stored | undefined,
  before?: Stored,
): void {
  if (holdsPermission(principal.permissions, '*')) return
  if ([route, before].some((one) => one !== undefined && isAnonymous(one))) throw notOpened('is for everybody')
  if (before === undefined || (route !== undefined && coversSame(route, before))) return
  const behind = all.find((other) => other.id !== before.id && isAnonymous(other) && hostsMeet(other.host, before.host))
  if (behind !== undefined) throw notOpened(`may leave requests to the route ${behind.id}, which is for everybody`)
}

function isAnonymous({ accept }: Stored): boolean {
  return accept.kinds.includes('anonymous')
}

/** It answers no fewer requests than before. */
function coversSame(route: Stored, before: Stored): boolean {
  const { host, path, methods } = before
  return route.host === host && route.path === path && methods.every((method) => route.methods.includes(method))
}

function notOpened(why: string): OctroiError {
  return new OctroiError('not_granted', `This ${why}: it is an administrator’s decision and needs the permission *.`)
}

/** D2: an application on our own origin could act as whoever looks at the console. */
function requireForeignHost(host: string, publicUrl: string): void {
  const own = new URL(publicUrl).hostname
  if (host !== own || isLoopbackHost(own)) return
  throw invalid('The route is not valid.', [
    { path: 'host', message: 'is the host of Octroi itself; put what is behind the gate on a host of its own' },
  ])
}

/** A session is one host's: where any name is one, anybody's name would be. */
function requireNamedHost({ host, accept }: Stored): void {
  if (host !== '*' || !accept.kinds.includes('session')) return
  throw invalid('The route is not valid.', [
    {
      path: 'accept',
      message: 'takes no session where the host is "*": name the host, or one like *.example.org',
    },
  ])
}

async function requireNamed(store: Store, { allow }: Stored, before?: Stored): Promise<void> {
  const faults = [
    ...(await missingKeys(store, 'allow.keys', allow.keys, before?.allow.keys)),
    ...(await missingAccounts(store, 'allow.accounts', allow.accounts)),
    ...(await missingGroups(store, 'allow.groups', allow.groups)),
  ]
  if (faults.length > 0) throw invalid('The route is not valid.', faults)
}

/** What the route does not do although it looks like it. */
export function warningsOf({ host, accept, allow, session }: Stored, publicUrl: string): string[] {
  const warnings: string[] = []
  const isOpen = accept.kinds.every((kind) => kind === 'anonymous')
  const names = allow.keys.length + allow.accounts.length + allow.groups.length
  if (!isOpen && names === 0 && !allow.authenticated) {
    warnings.push('allow: names nobody, so whoever proves who he is gets 403 not_granted')
  }
  if (isOpen && (names > 0 || allow.authenticated)) warnings.push('allow: is not asked where everybody is anonymous')
  if (accept.kinds.includes('session') && new URL(publicUrl).protocol !== 'https:' && !isLoopbackHost(host))
    warnings.push(`accept: people sign in at ${publicUrl}, which is not https: nobody but this machine may get there`)
  if ((session.mfa || session.max_age_s !== null) && !accept.kinds.includes('session'))
    warnings.push('session: is not asked where accept takes no session')
  return warnings
}

export function presentRoute(route: Stored): z.input<typeof Route> {
  const { accept, allow, cors_origins, methods, ...rest } = route
  const { keys, accounts, groups, authenticated } = allow
  return {
    ...rest,
    methods: [...methods],
    accept: (accept.mode === 'any' ? { any: [...accept.kinds] } : { all: [...accept.kinds] }) as Accept,
    allow: { keys: [...keys], accounts: [...accounts], groups: [...groups], authenticated },
    cors: { origins: [...cors_origins] },
  }
}
