import { isLoopbackHost } from '../../policy/route_hosts.ts'
import { canonicalRouteHost } from '../../policy/routes.ts'

/** More than a flow can carry; a page with a longer query is returned to without it. */
const MAX_RETURN = 1_200

/** An address at a host behind `/forward-auth`, in parts that make it up again exactly. */
export interface HostAddress {
  readonly scheme: 'http' | 'https'
  /** Canonical, without a port. */
  readonly host: string
  /** `:8443`; empty: the scheme's own. */
  readonly port: string
  /** With the query. */
  readonly path: string
}

/** Printable ASCII, no user info, no backslash: what a browser would read as another address than we do has no place here (T15). */
const ADDRESS = /^https?:\/\/([a-z0-9_.-]+|\[[0-9a-f:.]+\])(?::(\d{1,5}))?(\/[\x21\x22\x24-\x5b\x5d-\x7e]*)?$/i

/**
 * Reads a return address; `undefined`: it is none that a code may be sent to, whatever routes there are. Always HTTPS, but on loopback.
 * Another port than the scheme's own must be the public URL's: something else may listen at the others, and it would get the code.
 */
export function hostAddress(text: string, publicUrl: string): HostAddress | undefined {
  const [, name, port, path = '/'] = ADDRESS.exec(text) ?? []
  if (name === undefined || !URL.canParse(text)) return undefined
  const url = new URL(text)
  const own = new URL(publicUrl)
  const host = canonical(name)
  // The browser's reading of the host has to be ours.
  if (host === undefined || canonical(url.hostname) !== host || url.username !== '' || url.password !== '')
    return undefined
  // D2: our own origin is no host behind the gate, at any port: cookies do not tell ports apart.
  if (host === own.hostname) return undefined
  const isLocal = isLoopbackHost(host)
  if (url.protocol !== 'https:' && !isLocal) return undefined
  if (port !== undefined && url.port !== '' && url.port !== own.port && !isLocal) return undefined
  return {
    scheme: url.protocol === 'https:' ? 'https' : 'http',
    host,
    port: url.port === '' ? '' : `:${url.port}`,
    path,
  }
}

/** As long as can be carried along: without its query where that is too much. */
export function fitting(address: HostAddress): HostAddress {
  const paths = [address.path, address.path.split('?', 1)[0] as string, '/']
  return paths.map((path) => ({ ...address, path })).find((one) => fits(addressText(one))) as HostAddress
}

export function fits(text: string): boolean {
  return text.length <= MAX_RETURN
}

function canonical(name: string): string | undefined {
  try {
    const host = canonicalRouteHost(name)
    return host.includes('*') ? undefined : host
  } catch {
    return undefined
  }
}

export function addressText({ scheme, host, port, path }: HostAddress): string {
  return `${scheme}://${host}${port}${path}`
}

/** Our own pages that somebody may come back to. */
const OWN_PAGES = ['/account', '/console']

/** A path of ours, below the public URL, with its query; `undefined`: it is none, or may be read as another address (T15). */
export function ownPath(text: string): string | undefined {
  if (!fits(text) || !/^\/[\x21\x22\x24-\x5b\x5d-\x7e]*$/.test(text) || text.startsWith('//')) return undefined
  const origin = 'https://octroi.invalid'
  const url = new URL(text, origin)
  const path = `${url.pathname}${url.search}`
  // As it is read is as it was written: no dots that lead elsewhere.
  if (url.origin !== origin || path !== text) return undefined
  return OWN_PAGES.some((page) => url.pathname === page || url.pathname.startsWith(`${page}/`)) ? path : undefined
}
