import type { SignInMethod } from '../core/people_types.ts'

/** Where a sign-in method sends its secrets, read from its settings by the names that such things have in every kind. */

const ADDRESS = /(?:^|_)(?:issuer|url|urls|uri|endpoint|discovery)$/
/** They decide on an address, or on what protects the way to it. */
const DECIDES = /^(?:preset|environment|tenant|start_tls|server_name)$/

type Places = Pick<SignInMethod, 'settings' | 'network'>

interface Address {
  readonly path: string
  readonly url: string
}

/** Every address that is called, with an explicit port: directories have others than the web. */
export function addressesOf(settings: SignInMethod['settings']): Address[] {
  return valuesOf(settings, 'settings').flatMap(({ path, name, value }) => {
    if (typeof value !== 'string' || !ADDRESS.test(name) || !URL.canParse(value)) return []
    const { protocol, hostname, port } = new URL(value)
    if (protocol === 'https:' || protocol === 'http:') return [{ path, url: value }]
    if (protocol !== 'ldap:' && protocol !== 'ldaps:') return []
    // Whether LDAP is in clear is for the schema of its settings; here the address is judged.
    return [{ path, url: `https://${hostname}:${port || (protocol === 'ldaps:' ? '636' : '389')}` }]
  })
}

/** Whoever may change where secrets are sent must not have the stored ones delivered there (D8). */
export function isSentElsewhere(before: Places, after: Places): boolean {
  const places = ({ network, settings }: Places) => [
    network,
    valuesOf(settings, 'settings')
      .filter(({ name, value }) => ADDRESS.test(name) || DECIDES.test(name) || isAddress(value))
      .map(({ path, value }) => [path, value]),
  ]
  return JSON.stringify(places(before)) !== JSON.stringify(places(after))
}

function isAddress(value: unknown): boolean {
  return typeof value === 'string' && /^[a-z][a-z0-9+.-]*:\/\//i.test(value)
}

interface Value {
  readonly path: string
  /** Of the field; for what stands in a list, of the list. */
  readonly name: string
  readonly value: unknown
}

/** In order of their names: the order in which they were given says nothing. */
function valuesOf(node: unknown, path: string, name = ''): Value[] {
  if (node === null || typeof node !== 'object') return [{ path, name, value: node }]
  if (Array.isArray(node)) return node.flatMap((item, i) => valuesOf(item, `${path}.${i}`, name))
  return Object.entries(node)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([key, value]) => valuesOf(value, `${path}.${key}`, key))
}
