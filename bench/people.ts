import { api, type Site } from './peers/octroi.ts'

/** Of everybody: each is hashed with a salt of its own. */
export const PASSWORD = 'mallow-tramway-ninety-otter'
export const WRONG_PASSWORD = 'mallow-tramway-ninety-gull'

export interface Person {
  readonly id: string
  readonly email: string
}

/** So many at once: the gate hashes two at a time and lets 64 wait. */
const AT_ONCE = 20

/** Ids of one length whatever the kind, so that no page is longer for one of them. `kind`: four letters. */
export function personOf(kind: string, index: number): Person {
  const id = `${kind}-${String(index).padStart(5, '0')}`
  return { id, email: `${id}@people.example` }
}

/** `count` people, made through the management API; with `PASSWORD`, or without one. `each` is done for each. */
export async function addPeople(
  site: Site,
  kind: string,
  count: number,
  { password, each }: { readonly password: boolean; readonly each?: (person: Person) => Promise<unknown> },
): Promise<Person[]> {
  const people = Array.from({ length: count }, (_, i) => personOf(kind, i))
  for (let first = 0; first < count; first += AT_ONCE) {
    const some = people.slice(first, first + AT_ONCE)
    await Promise.all(
      some.map(async (person) => {
        const secret = password ? { password: PASSWORD } : {}
        await api(site, '/accounts', { kind: 'person', name: `Person ${person.id}`, ...person, ...secret })
        await each?.(person)
      }),
    )
  }
  return people
}

/** A directory that answers nobody: people who have an identity there and no password here. */
export async function addDirectory(site: Site): Promise<(person: Person) => Promise<unknown>> {
  await api(site, '/sign-in-methods', {
    id: 'directory',
    kind: 'ldap',
    name: 'Directory',
    settings: {
      preset: 'openldap',
      urls: ['ldap://127.0.0.1:9'],
      base_dn: 'dc=example,dc=org',
      bind_dn: 'cn=reader,dc=example,dc=org',
    },
    secrets: { bind_password: 'p' },
    network: { allow_private: true, allow_http: true },
  })
  return ({ id }) => api(site, `/accounts/${id}/identities`, { method: 'directory', subject: `uuid-${id}` })
}
