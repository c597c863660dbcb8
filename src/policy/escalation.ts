import { OctroiError } from '../core/errors.ts'
import type { AcceptKind, Principal, Route } from '../core/program_types.ts'
import type { Connection, Grant, Permission } from '../core/types.ts'
import { cidrCovers, parseCidr } from './address.ts'
import { expandAllow, grantAppliesTo, type RightsOfConnector } from './grants.ts'
import { parseRule, ruleCovers } from './pattern.ts'
import { coversPermission, holdsPermission } from './permissions.ts'
import { type Asker, routeAllows } from './routes.ts'

/** What a caller holds, or what a key, an account or a group that is made or changed would hold. */
export interface Holdings {
  readonly permissions: readonly Permission[]
  readonly grants: readonly Grant[]
  /** Codes of its groups. What a group stands for can change, so only who is in it himself puts somebody in it. */
  readonly groups: readonly string[]
  /** When it ends, and from where alone it may be used: whoever is fenced in makes nothing that is not. */
  readonly expires_at: string | null
  readonly cidrs: readonly string[]
  /** As whom it comes to routes; absent: as nobody, or nothing of that changes. */
  readonly visitor?: Visitor | undefined
}

/** Somebody at a route: whom the route may name, and what it may ask for as a proof. */
export interface Visitor extends Asker {
  readonly proofs: readonly AcceptKind[]
  /** What it could be given besides: a route that names it is its own before it has any. */
  readonly possible: readonly AcceptKind[]
}

/** Whoever writes: what he holds, and as whom he comes to routes himself. */
export type Writer = Omit<Holdings, 'visitor'> & Pick<Principal, 'key_id' | 'account' | 'proof'>

/** Reads of the catalogue and of the connections that comparing grants needs. */
export interface GrantReads {
  connection(id: string): Connection | undefined
  connector(id: string): RightsOfConnector | undefined
}

/** With every route. */
export interface GrantContext extends GrantReads {
  readonly routes: readonly Route[]
}

/**
 * No escalation (D6): whoever creates, edits, rotates or enables must hold all that the target holds, before and after.
 * The administrator (`*`) holds everything. Throws `not_granted` naming the first thing that the caller lacks.
 */
export function requireHoldings(caller: Writer, target: Holdings, context: GrantContext): void {
  if (holdsPermission(caller.permissions, '*')) return
  for (const permission of target.permissions) {
    if (!coversPermission(caller.permissions, permission)) {
      throw lacks(`the permission ${typeof permission === 'string' ? permission : permission.permission}`)
    }
  }
  requireFences(caller, target)
  for (const grant of target.grants) {
    const missing = missingOf(caller.grants, grant, context)
    if (missing !== undefined) throw lacks(`${missing} at ${grant.connection ?? `every ${grant.connector} connection`}`)
  }
  const group = target.groups.find((id) => !caller.groups.includes(id))
  if (group !== undefined) throw lacks(`the group ${group}`)
  if (target.visitor !== undefined) requirePassing(caller, target.visitor, context.routes)
}

/** What lets the target through must let the caller through too, with the proof that he has. */
function requirePassing(caller: Writer, target: Visitor, routes: readonly Route[]): void {
  const shut = routes.find((route) => opensFor(route, target) && !opensAlike(route, caller, target))
  if (shut !== undefined) throw lacks(`what the route ${shut.id} lets through`)
}

function opensFor({ accept, allow }: Route, visitor: Visitor): boolean {
  const isNamed = routeAllows({ allow: { ...allow, authenticated: false } }, visitor)
  const proofs = isNamed ? visitor.possible : visitor.proofs
  return (isNamed || allow.authenticated) && proofs.some((proof) => accept.kinds.includes(proof))
}

/** Where a route takes several proofs at once, another one than the caller's own is one that he does not have. */
function opensAlike(route: Route, caller: Writer, target: Visitor): boolean {
  if (!routeAllows(route, caller) || !route.accept.kinds.includes(caller.proof)) return false
  return (
    route.accept.mode === 'any' ||
    route.accept.kinds.every((kind) => kind === caller.proof || !target.proofs.includes(kind))
  )
}

function requireFences(caller: Writer, target: Holdings): void {
  if (caller.expires_at !== null && (target.expires_at === null || target.expires_at > caller.expires_at)) {
    throw lacks('a life beyond your own (expires_at)')
  }
  if (caller.cidrs.length === 0) return
  const own = caller.cidrs.map(parseCidr)
  const inside = (cidr: string) => own.some((outer) => cidrCovers(outer, parseCidr(cidr)))
  if (target.cidrs.length === 0 || !target.cidrs.every(inside)) throw lacks('addresses beyond your own (cidrs)')
}

function missingOf(held: readonly Grant[], wanted: Grant, context: GrantReads): string | undefined {
  const connector = connectorOf(wanted, context)
  const covering = held.filter((grant) => targetCovers(grant, wanted, context))
  const params = Object.keys(wanted.params ?? {}).length > 0
  // What is chosen per request is a right of its own: the same rules with fewer values do not cover it.
  const choosing = params ? covering.filter((grant) => paramsCover(grant, wanted)) : covering
  const rules = choosing.flatMap((grant) => expandAllow(grant.allow, connector)).map(parseRule)
  for (const text of expandAllow(wanted.allow, connector)) {
    const rule = parseRule(text)
    if (!rules.some((outer) => ruleCovers(outer, rule))) return text
  }
  // A name that the connector does not have (yet) could come to mean anything: only the same name covers it.
  for (const name of wanted.allow) {
    if (
      !name.includes(' ') &&
      !covering.some((grant) => grant.allow.includes(name)) &&
      !Object.hasOwn(connector.grants, name)
    )
      return name
  }
  if (wanted.credentials && !covering.some((grant) => grant.credentials)) return 'reading credentials'
  return undefined
}

function paramsCover(held: Grant, wanted: Grant): boolean {
  return Object.entries(wanted.params ?? {}).every(([name, values]) => {
    const own = held.params !== undefined && Object.hasOwn(held.params, name) ? held.params[name] : undefined
    return own !== undefined && values.every((value) => own.includes(value))
  })
}

const NO_RIGHTS: RightsOfConnector = { grants: {}, never: [] }

function connectorOf(grant: Grant, context: GrantReads): RightsOfConnector {
  const id = grant.connector ?? context.connection(grant.connection ?? '')?.connector
  return (id === undefined ? undefined : context.connector(id)) ?? NO_RIGHTS
}

/** Whether `held` reaches every connection that `wanted` reaches. */
function targetCovers(held: Grant, wanted: Grant, context: GrantReads): boolean {
  if (wanted.connection !== undefined) {
    if (held.connection !== undefined) return held.connection === wanted.connection
    const connection = context.connection(wanted.connection)
    return connection !== undefined && grantAppliesTo(held, connection)
  }
  if (held.connection !== undefined || held.connector !== wanted.connector) return false
  return Object.entries(held.tags ?? {}).every(([name, value]) => wanted.tags?.[name] === value)
}

function lacks(what: string): OctroiError {
  return new OctroiError('not_granted', `You cannot give or change what you do not hold yourself: ${what}.`)
}
