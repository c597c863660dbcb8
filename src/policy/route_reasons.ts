import type { Route } from '../core/program_types.ts'
import { RouteTable } from './route_table.ts'

/** In the order in which a request gets past them; `less_specific`: it fits, another fits better. */
export const ROUTE_REASONS = ['chosen', 'less_specific', 'other_method', 'other_path', 'other_host'] as const
export type RouteReason = (typeof ROUTE_REASONS)[number]

/** One route that a request might have had, and why it has it or not. */
export interface Considered {
  readonly route: string
  readonly host: string
  readonly path: string
  readonly methods: readonly string[]
  readonly reason: RouteReason
}

const SHOWN = 20

/** The nearest first. For somebody who wonders: it takes each route by itself. */
export function reasonsFor(
  routes: readonly Route[],
  request: { readonly host: string; readonly method: string; readonly path: string },
): readonly Considered[] {
  const chosen = new RouteTable(routes).find(request.host, request.method, request.path)
  return routes
    .map((route) => {
      const { id, host, path, methods } = route
      return { route: id, host, path, methods, reason: route === chosen ? 'chosen' : reasonAgainst(route, request) }
    })
    .toSorted((a, b) => ROUTE_REASONS.indexOf(a.reason) - ROUTE_REASONS.indexOf(b.reason))
    .slice(0, SHOWN)
}

function reasonAgainst(
  route: Route,
  { host, method, path }: { readonly host: string; readonly method: string; readonly path: string },
): RouteReason {
  const fits = (part: Partial<Route>, by: string) =>
    new RouteTable([{ ...route, ...part }]).find(host, by, path) !== undefined
  if (!fits({ path: '/**', methods: ['*'] }, 'GET')) return 'other_host'
  if (!fits({ methods: ['*'] }, 'GET')) return 'other_path'
  return fits({}, method) ? 'less_specific' : 'other_method'
}
