import type { Organization } from '../core/people_types.ts'
import type { Store } from '../core/stores.ts'
import type { SignInState } from './desk/sign_in_state.ts'

type Reads = Pick<Store, 'organizations'>

/** The organizations that are known here of those that the issuer names, by SIRET; `null`: it names none because it says nothing of them. */
export async function claimedOrganizations(
  store: Reads,
  { proof }: Pick<SignInState, 'proof'>,
): Promise<readonly Organization[] | null> {
  if (proof.kind !== 'identity' || proof.claims.organizations === null) return null
  const sirets = [...new Set(proof.claims.organizations.map(({ siret }) => siret))]
  return sirets.length === 0 ? [] : store.organizations.findBySirets(sirets)
}

/**
 * Those that he may act for by this proof: what the issuer says now, or what this method said last where it says nothing, and what an
 * administrator has set. What another issuer said once is not proved by this one (B-36).
 */
export async function organizationsOf(
  store: Reads,
  state: Pick<SignInState, 'proof' | 'account' | 'method'>,
): Promise<readonly Organization[]> {
  const claimed = await claimedOrganizations(store, state)
  const memberships = state.account === null ? [] : await store.organizations.membershipsOf(state.account)
  const stored = memberships.filter(
    ({ source }) => source === 'manual' || (claimed === null && source === state.method),
  )
  const named = new Map((claimed ?? []).map((organization) => [organization.id, organization]))
  for (const { organization } of stored) {
    const found = named.has(organization) ? undefined : await store.organizations.get(organization)
    if (found !== undefined) named.set(found.id, found)
  }
  return [...named.values()].sort((a, b) => a.label.localeCompare(b.label, 'fr'))
}
