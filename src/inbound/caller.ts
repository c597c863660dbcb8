import { isIP, type Socket } from 'node:net'
import { OctroiError } from '../core/errors.ts'
import { AddressSet, isPrivateAddress, plainAddress } from '../policy/address.ts'
import type { RequestHead } from './request_head.ts'

export interface Caller {
  readonly address: string
  readonly proto: 'http' | 'https'
  /** The peer is a trusted proxy: what it says of the original request is believed. */
  readonly trusted: boolean
}

/** What is known of a peer for as long as its socket lives. */
interface Peer extends Caller {
  readonly near: boolean
}

/** A chain longer than this is not one that proxies of an installation write. */
const MAX_HOPS = 50

/**
 * Where a request comes from: the peer's address, or, when the peer is a trusted proxy, the right-most address in
 * `X-Forwarded-For` that is not one. Plain HTTP is taken from loopback and private peers, or behind a trusted proxy that says
 * `https`; a key must not cross a public network in clear.
 */
export class Callers {
  readonly #trusted: AddressSet
  readonly #peers = new WeakMap<Socket, Peer>()

  constructor(trustedProxies: readonly string[]) {
    this.#trusted = new AddressSet(trustedProxies)
  }

  /** Throws `insecure_transport` or `invalid_request`. */
  identify(socket: Socket, head: RequestHead): Caller {
    const peer = this.#peer(socket)
    if (!peer.trusted) {
      if (!peer.near && peer.proto === 'http') {
        throw new OctroiError(
          'insecure_transport',
          'Use HTTPS: put a reverse proxy with a certificate in front, and name it in OCTROI_TRUSTED_PROXIES.',
        )
      }
      return peer
    }
    const proto = head.forwardedProto?.trim().toLowerCase()
    if (!peer.near && proto !== 'https' && peer.proto === 'http') {
      throw new OctroiError(
        'insecure_transport',
        'The trusted proxy did not say that the request came over HTTPS (X-Forwarded-Proto).',
      )
    }
    // A near proxy that says `http` passes on what came in clear from somewhere: near is fine, far is not.
    const address = head.forwardedFor === undefined ? peer.address : this.#forwarded(head.forwardedFor, peer.address)
    if (proto === 'http' && !isPrivateAddress(address)) {
      throw new OctroiError('insecure_transport', 'The request came over plain HTTP from a public address. Use HTTPS.')
    }
    return { address, proto: proto === 'https' ? 'https' : peer.proto, trusted: true }
  }

  #peer(socket: Socket): Peer {
    let peer = this.#peers.get(socket)
    if (peer === undefined) {
      const address = plainAddress(socket.remoteAddress ?? '')
      peer = {
        address,
        proto: (socket as { encrypted?: boolean }).encrypted === true ? 'https' : 'http',
        trusted: this.#trusted.size > 0 && this.#trusted.has(address),
        near: isPrivateAddress(address),
      }
      this.#peers.set(socket, peer)
    }
    return peer
  }

  /** Never the left-most: anybody can write that one. */
  #forwarded(header: string, peer: string): string {
    const hops = header.split(',')
    if (hops.length > MAX_HOPS) throw new OctroiError('invalid_request', 'X-Forwarded-For names too many addresses.')
    for (let i = hops.length - 1; i >= 0; i--) {
      const address = hopAddress(hops[i] as string)
      if (!this.#trusted.has(address)) return address
    }
    return hops.length === 0 ? peer : hopAddress(hops[0] as string)
  }
}

/** An address as proxies write it, perhaps with a port: `1.2.3.4:5678`, `[2001:db8::1]:443`. */
function hopAddress(text: string): string {
  const trimmed = text.trim()
  const match = /^\[([^\]]+)\](?::\d+)?$/.exec(trimmed) ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(trimmed)
  const address = plainAddress(match?.[1] ?? trimmed)
  if (isIP(address) !== 0 && !address.includes('%')) return address
  throw new OctroiError('invalid_request', 'X-Forwarded-For contains something that is not an address.')
}
