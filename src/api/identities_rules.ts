import type { z } from 'zod'
import type { SignInMethod, Identity as Stored } from '../core/people_types.ts'
import type { Store } from '../core/stores.ts'
import { resolveOidc } from '../sign_in/methods/oidc_resolved.ts'
import { OidcSettings } from '../sign_in/methods/oidc_settings.ts'
import { invalid } from './faults.ts'
import type { Identity, IdentityCreate } from './identity_schemas.ts'

/** From whom identities come. */

/** `null`: people prove themselves to ourselves by it. */
export function issuerOf({ id, kind, settings }: SignInMethod): string | null {
  if (kind === 'ldap') return `ldap:${id}`
  if (kind !== 'oidc') return null
  const read = OidcSettings.safeParse(settings)
  return read.success ? (resolveOidc(read.data).issuer ?? null) : null
}

/** The issuer, and the method by which it speaks here. Throws 400. */
export async function comingFrom(
  store: Store,
  { method, issuer }: Pick<z.output<typeof IdentityCreate>, 'method' | 'issuer'>,
): Promise<Pick<Stored, 'issuer' | 'method'>> {
  const methods = (await store.signInMethods.all()).map((stored) => stored.method)
  const found = methods.find((one) => (method === undefined ? issuerOf(one) === issuer : one.id === method))
  const own = found && issuerOf(found)
  if (found !== undefined && typeof own === 'string') return { issuer: own, method: found.id }
  throw invalid('The identity is not valid.', [
    method === undefined
      ? { path: 'issuer', message: 'is of no sign-in method that is there' }
      : {
          path: 'method',
          message: found === undefined ? `there is no sign-in method ${method}` : `${method} has no issuer of its own`,
        },
  ])
}

export function presentIdentity(identity: Stored): z.input<typeof Identity> {
  return { ...identity }
}
