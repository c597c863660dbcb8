import { BlockList, isIPv4, SocketAddress } from 'node:net'

/** IPv4 written as IPv6 (`::ffff:10.0.0.1`) is the IPv4 address: one address, one reading. */
export function plainAddress(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)
  return mapped ? (mapped[1] as string) : address
}

/** A set of networks. Throws `Error` with what is wrong with the first entry that is not an address or a CIDR. */
export class AddressSet {
  readonly #list = new BlockList()
  readonly size: number

  constructor(cidrs: readonly string[]) {
    for (const cidr of cidrs) add(this.#list, cidr)
    this.size = cidrs.length
  }

  has(address: string): boolean {
    const plain = plainAddress(address)
    const version = versionOf(plain)
    if (version === 0) return false
    return this.#list.check(plain, version === 4 ? 'ipv4' : 'ipv6')
  }
}

/** 4, 6, or 0 for what is not an address. The system's own parser judges IPv6: `isIPv6` compiles a long pattern first. */
function versionOf(address: string): 0 | 4 | 6 {
  if (isIPv4(address)) return 4
  if (!address.includes(':')) return 0
  try {
    // A zone (`fe80::1%eth0`) says on which link, not which address.
    new SocketAddress({ address: address.replace(/%[\w.-]+$/, ''), family: 'ipv6' })
    return 6
  } catch {
    return 0
  }
}

function add(list: BlockList, cidr: string): void {
  const { address, prefix, family } = parseCidr(cidr)
  list.addSubnet(address, prefix, family)
}

/** `10.0.0.0/8`, `2001:db8::/32`, or one address. Throws `Error` saying what is wrong. */
export function parseCidr(cidr: string): { address: string; prefix: number; family: 'ipv4' | 'ipv6' } {
  const [address = '', bits, ...more] = cidr.split('/')
  const version = versionOf(address)
  if (version === 0 || more.length > 0 || address.includes('%'))
    throw new Error(`"${cidr}" is not an address or a CIDR`)
  const widest = version === 4 ? 32 : 128
  const prefix = bits === undefined ? widest : Number(bits)
  if (bits !== undefined && (!/^\d{1,3}$/.test(bits) || prefix > widest)) {
    throw new Error(`"${cidr}": the prefix length must be 0 to ${widest}`)
  }
  return { address, prefix, family: version === 4 ? 'ipv4' : 'ipv6' }
}

export type Cidr = ReturnType<typeof parseCidr>

/** Whether every address of `inner` is in `outer`. */
export function cidrCovers(outer: Cidr, inner: Cidr): boolean {
  if (outer.family !== inner.family || outer.prefix > inner.prefix) return false
  const list = new BlockList()
  list.addSubnet(outer.address, outer.prefix, outer.family)
  return list.check(inner.address, inner.family)
}

/** Loopback, RFC 1918, shared address space (RFC 6598), unique local addresses (RFC 4193). */
export const PRIVATE_NETWORKS = [
  '127.0.0.0/8',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '::1/128',
  'fc00::/7',
]

const PRIVATE = new AddressSet(PRIVATE_NETWORKS)

export function isPrivateAddress(address: string): boolean {
  return PRIVATE.has(address)
}
