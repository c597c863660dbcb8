import { lookup as systemLookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { NetworkPolicy } from '../../core/types.ts'
import { AddressSet, isPrivateAddress, plainAddress } from '../../policy/address.ts'

/** Where Octroi itself listens: no connection may lead back to it (D9). */
export interface Listener {
  readonly address: string
  readonly port: number
}

/**
 * Never, whatever a connection says: link-local and the metadata services of clouds, which hand out credentials of the machine to
 * whoever asks from it; multicast, reserved and unspecified addresses; tunnels that carry another address inside (RFC 4380, 3056).
 */
const NEVER = new AddressSet([
  '0.0.0.0/8',
  '169.254.0.0/16',
  '100.100.100.200/32',
  '168.63.129.16/32',
  '192.0.0.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/128',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
  'fd00:ec2::/32',
  'fd20:ce::/32',
  '2001::/32',
  '2002::/16',
  '64:ff9b:1::/48',
  '::ffff:0:0:0/96',
])

const LOOPBACK = new AddressSet(['127.0.0.0/8', '::1/128'])
const UNSPECIFIED = new Set(['0.0.0.0', '::', ''])

/** The address that was connected to is not one that this connection may reach. */
export class RefusedAddress extends Error {
  override readonly name = 'RefusedAddress'
}

/** The rules of one connection, asked with the very address that a socket would go to. */
export class Egress {
  readonly #network: NetworkPolicy
  readonly #private: AddressSet | undefined
  readonly #listeners: () => readonly Listener[]

  constructor(network: NetworkPolicy, listeners: () => readonly Listener[]) {
    this.#network = network
    this.#private = Array.isArray(network.allow_private) ? new AddressSet(network.allow_private) : undefined
    this.#listeners = listeners
  }

  /** Why not, or `undefined` when it may. */
  refusal(address: string, port: number, protocol: string): string | undefined {
    const plain = embedded(address)
    if (isIP(plain) === 0 || plain.includes('%')) return 'it is not an address that can be judged'
    if (NEVER.has(plain)) return 'link-local, metadata and reserved addresses are never allowed'
    if (this.#isOurs(plain, port)) return 'it is an address of Octroi itself'
    const isPrivate = isPrivateAddress(plain)
    if (isPrivate && !this.#mayReachPrivate(plain))
      return 'it is a private address, and network.allow_private does not allow it'
    if (protocol === 'http:' && this.#network.allow_http !== true)
      return 'it is plain HTTP, and network.allow_http is not set'
    if (protocol === 'http:' && !isPrivate) return 'plain HTTP is allowed to private addresses only'
    return undefined
  }

  /** A look-up for `net.connect` that gives only addresses that may be connected to. */
  lookup(port: number, protocol: string, resolve: LookupFunction = systemLookup): LookupFunction {
    return (hostname, options, callback) => {
      resolve(hostname, { ...options, all: true }, (error, found) => {
        if (error) return callback(error, [])
        const addresses = Array.isArray(found) ? found : [{ address: found, family: isIP(found) }]
        const refusals = addresses.map(({ address }) => this.refusal(address, port, protocol))
        const allowed = addresses.filter((_, i) => refusals[i] === undefined)
        const first = allowed[0]
        if (first === undefined) return callback(new RefusedAddress(`${hostname}: ${refusals[0] ?? 'no address'}`), [])
        if (options.all) callback(null, allowed)
        else callback(null, first.address, first.family)
      })
    }
  }

  #mayReachPrivate(address: string): boolean {
    if (this.#private !== undefined) return this.#private.has(address)
    return this.#network.allow_private === true
  }

  #isOurs(address: string, port: number): boolean {
    return this.#listeners().some((listener) => {
      if (listener.port !== port) return false
      if (plainAddress(listener.address) === address) return true
      const everywhere = UNSPECIFIED.has(listener.address)
      if (LOOPBACK.has(address)) return everywhere || LOOPBACK.has(listener.address)
      return everywhere && localAddresses().has(address)
    })
  }
}

function localAddresses(): ReadonlySet<string> {
  return new Set(Object.values(networkInterfaces()).flatMap((entries) => (entries ?? []).map((entry) => entry.address)))
}

/**
 * The IPv4 address inside an IPv6 one, in whatever notation: mapped (RFC 4291 §2.5.5.2), NAT64 (RFC 6052 §2.1) and the compatible
 * form that some systems still route (RFC 4291 §2.5.5.1). It is what the packet reaches, so it is what is judged.
 */
function embedded(address: string): string {
  if (isIP(address) !== 6 || address.includes('%')) return address
  // The one canonical notation (RFC 5952): lower case, `::` for the longest run, no dotted part.
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const match = /^(?:::ffff:|64:ff9b::|::)(?:([0-9a-f]{1,4}):)?([0-9a-f]{1,4})$/.exec(canonical)
  if (!match || canonical === '::1') return canonical
  const high = Number.parseInt(match[1] ?? '0', 16)
  const low = Number.parseInt(match[2] as string, 16)
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`
}

/** Checks an address of a service before it is stored: what a name gives now; a name that gives nothing now is judged at the call. */
export async function originRefusal(
  baseUrl: string,
  egress: Egress,
  resolve: LookupFunction = systemLookup,
): Promise<string | undefined> {
  const url = new URL(baseUrl)
  const host = bareHost(url.hostname)
  const port = portOf(url)
  if (isIP(host) !== 0) return egress.refusal(host, port, url.protocol)
  const addresses = await resolveAll(host, resolve)
  for (const address of addresses) {
    const refusal = egress.refusal(address, port, url.protocol)
    if (refusal !== undefined) return refusal
  }
  return undefined
}

function resolveAll(host: string, resolve: LookupFunction): Promise<readonly string[]> {
  return new Promise((settle) => {
    const timer = setTimeout(() => settle([]), 3_000)
    resolve(host, { all: true }, (error, found) => {
      clearTimeout(timer)
      if (error) settle([])
      else settle(Array.isArray(found) ? found.map(({ address }) => address) : [found])
    })
  })
}

export function bareHost(hostname: string): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
}

export function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port)
  return url.protocol === 'https:' ? 443 : 80
}
