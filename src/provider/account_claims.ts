import type { Account as LibraryAccount } from 'oidc-provider'
import type { ClaimMapping, ClaimSource } from '../core/openid_types.ts'
import type { Session } from '../core/people_types.ts'
import type { Store } from '../core/stores.ts'
import { type ApplicationPerson, personOf } from '../sign_in/applications/person.ts'
import { clientEmail } from './client_email.ts'
import type { OpenIdClient } from './client_metadata.ts'
import { type MappedClaim, withMapped } from './mapped_claims.ts'

/** Who a person is to an application that asks by OpenID: `email` is a verified address of his, or null. */
export type OpenIdPerson = Omit<ApplicationPerson, 'emailVerified'>

/** Whether he may use the application as things are now; `no_email`: it needs an address of his that was verified. */
export type Standing =
  | { readonly kind: 'allowed'; readonly person: OpenIdPerson }
  | { readonly kind: 'gone' | 'not_allowed' | 'no_email' }

export async function standingAt(
  store: Store,
  client: OpenIdClient,
  who: Pick<Session, 'account' | 'organization'>,
): Promise<Standing> {
  const account = await store.accounts.get(who.account)
  if (account === undefined || account.disabled_at !== null) return { kind: 'gone' }
  const person = await personOf(store, client, who)
  if (person === undefined) return { kind: 'not_allowed' }
  const email = await clientEmail(store, client.openid.email, account)
  if (email === null && client.openid.email.required) return { kind: 'no_email' }
  const { organization, groups, role } = person
  return { kind: 'allowed', person: { account, organization, groups, role, email } }
}

/** The library's account: `sub` and what may be said of it. What of that goes out is a matter of the scopes that were granted. */
export function accountFor(subject: string, client: OpenIdClient, person: OpenIdPerson): LibraryAccount {
  return {
    accountId: subject,
    octroi: person.account.id,
    claims: (use) =>
      use === 'id_token' && !client.openid.id_token_claims ? { sub: subject } : claimsOf(subject, client, person),
  }
}

function claimsOf(subject: string, { openid }: OpenIdClient, person: OpenIdPerson) {
  const standard: Record<string, object> = {
    profile: {
      name: person.account.name,
      preferred_username: person.account.id,
      // OpenID Connect Core 1.0 §5.1: seconds.
      updated_at: Math.floor(Date.parse(person.account.updated_at) / 1000),
    },
    email: person.email === null ? {} : { email: person.email, email_verified: true },
    groups: { groups: person.groups, role: person.role },
    organization: organizationClaims(person),
  }
  const claims = { sub: subject }
  // What it may no longer ask for is not told, whatever was granted before.
  for (const scope of openid.scopes) Object.assign(claims, standard[scope])
  return withMapped(
    claims,
    openid.claims.flatMap((mapping) => mapped(mapping, openid.scopes, person)),
  )
}

function organizationClaims({ organization }: OpenIdPerson): object {
  if (organization === null) return {}
  const { id, siret, label } = organization
  return {
    organization: id,
    ...(siret === null ? {} : { organization_siret: siret }),
    organization_label: label,
  }
}

/** What the token itself says (RFC 7519 §4.1, OpenID Connect Core 1.0 §2): no mapping may say it of somebody else. */
const OF_THE_TOKEN = new Set(
  'iss sub aud exp nbf iat jti azp nonce auth_time acr amr at_hash c_hash s_hash sid events cnf email_verified'.split(
    ' ',
  ),
)

function mapped(
  { claim, from, scope }: ClaimMapping,
  scopes: readonly string[],
  person: OpenIdPerson,
): readonly MappedClaim[] {
  const value = SOURCES[from](person)
  const path = claim.split('.')
  if (value === null || value === undefined || !scopes.includes(scope)) return []
  return OF_THE_TOKEN.has(path[0] as string) ? [] : [{ path, value, scope }]
}

const SOURCES: Readonly<Record<ClaimSource, (person: OpenIdPerson) => unknown>> = {
  account: ({ account }) => account.id,
  name: ({ account }) => account.name,
  email: ({ email }) => email,
  groups: ({ groups }) => groups,
  role: ({ role }) => role,
  organization: ({ organization }) => organization?.id,
  organization_siret: ({ organization }) => organization?.siret,
  organization_label: ({ organization }) => organization?.label,
}
