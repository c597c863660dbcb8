import type { z } from 'zod'
import { type FieldError, OctroiError } from '../core/errors.ts'
import type { ClientOpenId as Stored } from '../core/openid_types.ts'
import type { Client } from '../core/people_types.ts'
import type { Principal } from '../core/program_types.ts'
import { Egress, originRefusal } from '../outbound/network/egress.ts'
import { holdsPermission } from '../policy/permissions.ts'
import { claimConflicts } from './client_openid_claims.ts'
import { resourceConflicts } from './client_openid_resources.ts'
import type { ClientOpenId } from './client_openid_schemas.ts'
import type { ApiParts } from './endpoint.ts'
import { presentNetwork } from './presenting.ts'

/** The rules that every OpenID client keeps. */

/** What stands against it, each by its place in the application. */
export function openIdFaults(openid: Stored, publicUrl: string): FieldError[] {
  return [
    ...proofFaults(openid),
    ...grantFaults(openid),
    ...claimConflicts('openid.claims', openid.claims),
    ...scopeFaults(openid),
    ...resourceConflicts('openid.resources', openid.resources, publicUrl),
    ...logoutFaults(openid),
  ]
}

/** What assertions are checked with: RS256, PS256, ES256, EdDSA. */
const USABLE = ['P-256', 'Ed25519']

function proofFaults({ auth_method, jwks, pkce, grant_types }: Stored): FieldError[] {
  const faults: FieldError[] = []
  if (auth_method === 'private_key_jwt' && jwks === null)
    faults.push({
      path: 'openid.jwks',
      message: 'is required with private_key_jwt: the public keys of the application',
    })
  if (auth_method !== 'private_key_jwt' && jwks !== null)
    faults.push({ path: 'openid.jwks', message: 'goes with auth_method private_key_jwt' })
  if (jwks !== null && !jwks.keys.some(({ kty, crv }) => kty === 'RSA' || USABLE.includes(String(crv))))
    faults.push({ path: 'openid.jwks', message: 'must have an RSA key, or one of the curves P-256 and Ed25519' })
  if (auth_method === 'none' && !pkce)
    faults.push({ path: 'openid.pkce', message: 'cannot be false with auth_method none: nothing else holds its codes' })
  if (auth_method === 'none' && grant_types.includes('client_credentials'))
    faults.push({
      path: 'openid.grant_types',
      message: 'cannot have client_credentials with auth_method none: it has none',
    })
  return faults
}

function grantFaults({ grant_types, scopes }: Stored): FieldError[] {
  const ofPeople = isForPeople(grant_types)
  const faults: FieldError[] = []
  if (grant_types.includes('refresh_token') && !ofPeople)
    faults.push({
      path: 'openid.grant_types',
      message: 'has refresh_token, which goes with authorization_code or device_code',
    })
  if (ofPeople && !scopes.includes('openid'))
    faults.push({ path: 'openid.scopes', message: 'must have openid: without it the application is told nobody' })
  return faults
}

function isForPeople(grants: Stored['grant_types']): boolean {
  return grants.includes('authorization_code') || grants.includes('device_code')
}

function scopeFaults({ claims, scopes }: Stored): FieldError[] {
  return claims.flatMap(({ scope }, i) =>
    scopes.includes(scope)
      ? []
      : [{ path: `openid.claims.${i}.scope`, message: `is none of openid.scopes, so the claim would never go out` }],
  )
}

function logoutFaults({ backchannel_logout_uri: uri, network }: Stored): FieldError[] {
  if (uri === null)
    return Object.keys(network).length === 0
      ? []
      : [{ path: 'openid.network', message: 'goes with backchannel_logout_uri: nothing else is called' }]
  if (uri.startsWith('https://') || network.allow_http === true) return []
  return [
    { path: 'openid.backchannel_logout_uri', message: 'must be https:// (http:// with openid.network.allow_http)' },
  ]
}

/** What is right but perhaps not meant. */
export function openIdWarnings({ pkce, scopes, grant_types, resources }: Stored): string[] {
  const warnings: string[] = []
  if (!pkce && grant_types.includes('authorization_code'))
    warnings.push(
      'openid.pkce: it is not asked for, so a code that is stolen on its way can be used by whoever knows the secret; leave it off only for an application that does not know it',
    )
  if (scopes.includes('offline_access') && !grant_types.includes('refresh_token'))
    warnings.push('openid.scopes: offline_access gives nothing without the grant type refresh_token')
  if (grant_types.includes('device_code'))
    warnings.push(
      'openid.grant_types: with device_code somebody can be talked into allowing a device that is not his; leave it off where no device needs it',
    )
  if (grant_types.includes('client_credentials') && resources.length === 0)
    warnings.push(
      'openid.grant_types: client_credentials without an API in openid.resources gives tokens that are good nowhere',
    )
  return warnings
}

/** D9: opening the network, and using what is opened for another address, needs a permission of its own. */
export function requireOpenIdNetwork(principal: Principal, after: Client, before?: Client): void {
  const [was, is] = [before?.openid ?? null, after.openid]
  const network = is?.network ?? {}
  const isSame = JSON.stringify(was?.network ?? {}) === JSON.stringify(network)
  const isOpened = Object.keys(network).length > 0
  if (isSame && !(isOpened && was?.backchannel_logout_uri !== is?.backchannel_logout_uri)) return
  if (holdsPermission(principal.permissions, 'connections.write_network')) return
  throw new OctroiError(
    'not_granted',
    'openid.network: another network than the public one needs connections.write_network.',
  )
}

/** Refuses an address that this network policy does not reach. Throws 422 `insecure_upstream`. */
export async function requireReachable(parts: ApiParts, openid: Stored | null): Promise<void> {
  const uri = openid?.backchannel_logout_uri ?? null
  // What is in clear without leave is a fault of the request, said with the others.
  if (openid === null || uri === null || logoutFaults(openid).length > 0) return
  const refusal = await originRefusal(uri, new Egress(openid.network, parts.listeners))
  if (refusal === undefined) return
  throw new OctroiError('insecure_upstream', `The address for back-channel logout is not allowed: ${refusal}.`, {
    errors: [{ path: 'openid.backchannel_logout_uri', message: refusal }],
  })
}

export function presentOpenId(openid: Stored): z.input<typeof ClientOpenId> {
  const { jwks, grant_types, scopes, claims, resources, network } = openid
  return {
    ...openid,
    jwks: jwks === null ? null : { keys: jwks.keys.map((key) => ({ ...key })) },
    grant_types: [...grant_types],
    scopes: [...scopes],
    email: { ...openid.email },
    claims: claims.map((claim) => ({ ...claim })),
    resources: resources.map((resource) => ({ ...resource, scopes: [...resource.scopes] })),
    network: presentNetwork(network),
  }
}
