import { isIP } from 'node:net'

/** Whose passkeys these are, in the words of WebAuthn: the host that browsers bind them to, and the one origin of our pages. */
export interface RelyingParty {
  readonly id: string
  readonly origin: string
  /** What the browser shows. */
  readonly name: string
}

/**
 * `undefined` where browsers have no passkeys: on an IP address, which is no domain (WebAuthn §5.1.3), and over plain HTTP on any host but
 * `localhost` (Secure Contexts §3.1). `http://127.0.0.1` is both at once.
 */
export function relyingParty(publicUrl: string, name: string | undefined): RelyingParty | undefined {
  const { protocol, hostname, origin, host } = new URL(publicUrl)
  if (hostname.startsWith('[') || isIP(hostname) !== 0) return undefined
  const isLocal = hostname === 'localhost' || hostname.endsWith('.localhost')
  if (protocol !== 'https:' && !isLocal) return undefined
  return { id: hostname, origin, name: name ?? host }
}
