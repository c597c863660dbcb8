import { isIP, connect as tcpConnect } from 'node:net'
import { connect as tlsConnect } from 'node:tls'
import type { NetworkPolicy } from '../../core/types.ts'
import { AddressSet } from '../../policy/address.ts'
import { Egress, type Listener, RefusedAddress } from './egress.ts'

const LOOPBACK = new AddressSet(['127.0.0.0/8', '::1/128'])

/** Sockets to a directory under a network policy: only to addresses that may be reached, TLS always verified. */
export interface DirectorySockets {
  /** `loopbackOnly`: what follows is not encrypted. Throws, or ends with an error, where the address is refused. */
  plain(port: number, host: string, loopbackOnly: boolean): ReturnType<typeof tcpConnect>
  secure(port: number, host: string, serverName: string | undefined): ReturnType<typeof tlsConnect>
  /** Over a socket that is open (StartTLS, RFC 4511 §4.14). */
  upgrade(socket: ReturnType<typeof tcpConnect>, serverName: string): ReturnType<typeof tlsConnect>
}

export function directorySockets(listeners: () => readonly Listener[]): (network: NetworkPolicy) => DirectorySockets {
  return (network) => {
    const egress = new Egress(network, listeners)
    // Explicit, so that no environment variable of the process can switch verification off.
    const trust = { rejectUnauthorized: true, ...(network.ca === undefined ? {} : { ca: network.ca }) }
    const checked = (host: string, port: number) => {
      // `net.connect` asks no look-up for an address written in digits.
      const refusal = isIP(host) === 0 ? undefined : egress.refusal(host, port, 'ldap:')
      if (refusal !== undefined) throw new RefusedAddress(`${host}: ${refusal}`)
      return { host, port, lookup: egress.lookup(port, 'ldap:') }
    }
    return {
      plain(port, host, loopbackOnly) {
        const socket = tcpConnect(checked(host, port))
        if (loopbackOnly)
          socket.prependOnceListener('connect', () => {
            if (!LOOPBACK.has(socket.remoteAddress ?? ''))
              socket.destroy(new RefusedAddress(`${host}: without TLS only loopback is reached`))
          })
        return socket
      },
      secure: (port, host, serverName) =>
        tlsConnect({ ...checked(host, port), ...trust, ...named(serverName ?? host) }),
      upgrade: (socket, serverName) => tlsConnect({ socket, ...trust, ...named(serverName), host: serverName }),
    }
  }
}

/** An address is no server name (RFC 6066 §3); the certificate is compared with `host` then. */
function named(name: string): { servername?: string } {
  return isIP(name) === 0 ? { servername: name } : {}
}
