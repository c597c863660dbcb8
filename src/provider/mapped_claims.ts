import type Provider from 'oidc-provider'

/** A claim of one application: where it goes, and with which scope. */
export interface MappedClaim {
  /** `['profile', 'name']` for `profile.name`. */
  readonly path: readonly string[]
  readonly value: unknown
  readonly scope: string
}

/** Stands beside the claims of an account: a symbol, which no claim's name can be. */
const MAPPED = Symbol('claims of the application')

export function withMapped(claims: object, mapped: readonly MappedClaim[]): { sub: string; [claim: string]: unknown } {
  return Object.assign(claims, { [MAPPED]: mapped }) as unknown as { sub: string }
}

interface ClaimsClass {
  readonly prototype: {
    scope(value?: string): unknown
    result(): Promise<Record<string, unknown>>
  }
}

interface Answering {
  readonly available: { readonly [MAPPED]?: readonly MappedClaim[] }
}

/**
 * The library knows one list of claims for all applications. Each of ours may name its own: they join, or take the place of, those that the
 * library lets out, by the same scopes.
 */
export function letMappedOut(library: Provider): void {
  const { prototype } = (library as unknown as { readonly Claims: ClaimsClass }).Claims
  const { scope, result } = prototype
  const granted = new WeakMap<object, readonly string[]>()
  prototype.scope = function (value = '') {
    granted.set(this, value.split(' '))
    return scope.call(this, value)
  }
  prototype.result = async function () {
    const claims = await result.call(this)
    const scopes = granted.get(this) ?? []
    for (const { path, value, scope } of (this as unknown as Answering).available[MAPPED] ?? [])
      if (scopes.includes(scope)) nest(claims, path, value)
    return claims
  }
}

/** Own properties alone: a claim named `__proto__` is one like others. What stands in the way of a path gives way to it. */
export function nest(claims: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let place = claims
  for (const name of path.slice(0, -1)) {
    const found = Object.hasOwn(place, name) ? place[name] : undefined
    const inner = typeof found === 'object' && found !== null && !Array.isArray(found) ? { ...found } : {}
    define(place, name, inner)
    place = inner
  }
  define(place, path.at(-1) as string, value)
}

function define(place: object, name: string, value: unknown): void {
  Object.defineProperty(place, name, { value, enumerable: true, configurable: true, writable: true })
}
