import { type FieldError, OctroiError } from '../core/errors.ts'
import type { SignInMethod, StoredSignInMethod } from '../core/people_types.ts'
import type { Principal } from '../core/program_types.ts'
import type { Store } from '../core/stores.ts'
import type { Secrets } from '../core/types.ts'
import { Egress, originRefusal } from '../outbound/network/egress.ts'
import { holdsPermission } from '../policy/permissions.ts'
import { methodPlace } from '../sign_in/open_methods.ts'
import type { ApiParts } from './endpoint.ts'
import { missingGroups } from './references.ts'
import { addressesOf } from './sign_in_methods_places.ts'
import { kindOf, notValid, type Settings } from './sign_in_methods_settings.ts'

/** The rules that every change of a sign-in method keeps. */

/** D6: a sign-in method says who anybody is. */
export function requireAdministrator(principal: Principal): void {
  if (holdsPermission(principal.permissions, '*')) return
  throw new OctroiError(
    'not_granted',
    'By which methods people sign in is an administrator’s decision and needs the permission *.',
  )
}

/** What stands against a method as it would be. Throws 400 with every fault. */
export async function checkMethod(store: Store, method: SignInMethod): Promise<void> {
  const faults = [
    ...secretFaults(method),
    ...kindFaults(method),
    ...(await missingGroups(store, 'groups', method.groups)),
  ]
  if (faults.length > 0) throw notValid(faults)
}

function secretFaults({ kind, secret_names }: SignInMethod): FieldError[] {
  const known = kindOf(kind).secrets
  const unknown = secret_names.filter((name) => !Object.hasOwn(known, name))
  const missing = Object.entries(known).filter(([name, { optional }]) => !optional && !secret_names.includes(name))
  const has = Object.keys(known).join(', ') || 'none'
  return [
    ...unknown.map((name) => ({ path: `secrets.${name}`, message: `is no secret of ${kind}; it has ${has}` })),
    ...missing.map(([name, { title }]) => ({ path: `secrets.${name}`, message: `is required (${title})` })),
  ]
}

/** Passwords and passkeys are those of accounts that are there, kept by ourselves. */
function kindFaults({ kind, first_sign_in, groups, network }: SignInMethod): FieldError[] {
  if (kind === 'oidc' || kind === 'ldap') return []
  const faults: FieldError[] = []
  const own = `goes with oidc and ldap: by ${kind} only people come in who have an account`
  if (first_sign_in !== 'refuse') faults.push({ path: 'first_sign_in', message: own })
  if (groups.length > 0) faults.push({ path: 'groups', message: own })
  if (Object.keys(network).length > 0) faults.push({ path: 'network', message: `is not used by ${kind}` })
  return faults
}

/** One form for passwords, one button for passkeys: a second one would only be another way around the rules of the first. */
export async function requireOnlyOne(store: Store, { id, kind }: SignInMethod): Promise<void> {
  if (kind === 'oidc' || kind === 'ldap') return
  const other = (await store.signInMethods.all()).find(({ method }) => method.kind === kind && method.id !== id)
  if (other === undefined) return
  throw new OctroiError('conflict', `There is a method of the kind ${kind} already: ${other.method.id}.`)
}

/** Refuses an address that this network policy does not reach. Throws 422 `insecure_upstream`. */
export async function requireReachable(parts: ApiParts, { settings, network }: SignInMethod): Promise<void> {
  const egress = new Egress(network, parts.listeners)
  for (const { path, url } of addressesOf(settings)) {
    const refusal = await originRefusal(url, egress)
    if (refusal === undefined) continue
    throw new OctroiError('insecure_upstream', `The address of ${path} is not allowed: ${refusal}.`, {
      errors: [{ path, message: refusal }],
    })
  }
}

type Sealing = Pick<ApiParts, 'methodSecrets'>

export function sealSecrets({ methodSecrets }: Sealing, id: string, secrets: Secrets): string | null {
  if (Object.keys(secrets).length === 0) return null
  return methodSecrets.seal(Buffer.from(JSON.stringify(secrets)), methodPlace(id))
}

export function openSecrets({ methodSecrets }: Sealing, { method, sealed }: StoredSignInMethod): Secrets {
  if (sealed === null) return {}
  try {
    return JSON.parse(methodSecrets.open(sealed, methodPlace(method.id)).toString())
  } catch (cause) {
    const detail = `The secrets of the sign-in method ${method.id} do not open: the row was altered.`
    throw new OctroiError('internal', detail, { cause })
  }
}

/**
 * Opened as it will be when somebody signs in. Throws `invalid_request` for settings and secrets that do not fit together; a warning for
 * passkeys where browsers have none.
 */
export function tryToOpen({ methodParts }: ApiParts, method: SignInMethod, secrets: Secrets): string[] {
  try {
    kindOf(method.kind).open(method, secrets, methodParts)
    return []
  } catch (error) {
    if (error instanceof OctroiError && error.errors !== undefined) throw notValid(error.errors)
    if (error instanceof OctroiError || method.kind !== 'passkey') throw error
    return [`kind: ${(error as Error).message}`]
  }
}

/** What is right but surely not meant. */
export async function warningsOf(store: Store, method?: SignInMethod): Promise<string[]> {
  const all = await store.signInMethods.all()
  const warnings = method === undefined ? [] : await unknownGroups(store, method.settings)
  if (all.some(({ method: { enabled } }) => enabled)) return warnings
  return [...warnings, 'enabled: no sign-in method is enabled: nobody can sign in, and sessions last until they end']
}

/** A group that a mapping names may come later; until then nobody is put in it. */
async function unknownGroups(store: Store, settings: Settings): Promise<string[]> {
  const { group_map, groups } = settings as { group_map?: object; groups?: { map?: object } }
  const mapped = [
    ...Object.entries(group_map ?? {}).map(([name, id]) => [`settings.group_map.${name}`, id] as const),
    ...Object.entries(groups?.map ?? {}).map(([name, id]) => [`settings.groups.map.${name}`, id] as const),
  ]
  const ids = [...new Set(mapped.map(([, id]) => String(id)))]
  const known = ids.length === 0 ? new Set() : await store.groups.existing(ids)
  return mapped.flatMap(([path, id]) => (known.has(id) ? [] : [`${path}: there is no group ${id} yet`]))
}
