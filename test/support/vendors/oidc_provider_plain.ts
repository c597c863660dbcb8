import { type PeopleClient, type PeopleProvider, startPeopleProvider, type TestPerson } from './oidc_provider_people.ts'

/** Who the form of the plain provider offers: whatever Keycloak, authentik and their like say of people. */
export const PLAIN_PEOPLE: Readonly<Record<string, TestPerson>> = {
  alix: {
    sub: 'plain-alix',
    acr: '1',
    claims: {
      name: 'Alix Martin',
      email: 'Alix@Example.org',
      email_verified: true,
      groups: ['/finance', 'staff'],
      roles: { editor: { '1': 'example.org' }, reader: {} },
      hd: 'example.org',
      tid: '11111111-2222-3333-4444-555555555555',
      organizations: [
        { id: 1, siret: '130 025 265 00013', label: 'DINUM', is_external: false },
        { id: 2, siret: '21750001600019', label: 'Ville de Paris', is_external: true },
        { id: 3, siret: null, label: 'Sans SIRET' },
      ],
    },
  },
  /** The same address, and it was never verified. */
  eve: {
    sub: 'plain-eve',
    claims: {
      name: '<img src=x onerror=alert(1)>',
      email: 'alix@example.org',
      email_verified: 'true',
      groups: 'staff',
    },
  },
}

const SCOPES = {
  openid: ['sub'],
  profile: ['name', 'groups', 'roles', 'hd', 'tid'],
  email: ['email', 'email_verified'],
  organizations: ['organizations'],
}

/** A second provider beside ProConnect: plain OpenID Connect, userinfo as JSON, `client_secret_basic`. */
export function startPlainProvider(
  redirectUris: readonly string[],
  more: Partial<PeopleClient> & { readonly people?: Readonly<Record<string, TestPerson>> } = {},
): Promise<PeopleProvider> {
  const { people = PLAIN_PEOPLE, ...client } = more
  return startPeopleProvider({
    client: { id: 'octroi-plain', secret: 'plain-secret-of-more-than-32-bytes-a91', redirectUris, ...client },
    people,
    scopes: SCOPES,
    acrValues: ['1', '2'],
  })
}
