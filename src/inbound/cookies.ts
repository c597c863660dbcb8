/** Cookies as they arrive (RFC 6265bis §5.8.3), and the names of ours. */

/** The value of the one cookie of this name; two of one name are none: somebody has planted one. */
export function cookieIn(header: string | undefined, name: string, shape: RegExp): string | undefined {
  const found = header?.split(';').flatMap((pair) => {
    const [key = '', value = ''] = pair.split(/=(.*)/s)
    return plain(key) === name ? [plain(value)] : []
  })
  return found?.length === 1 && shape.test(found[0] as string) ? found[0] : undefined
}

/** Spaces and tabs are around it, and nothing else that looks like one. */
function plain(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, '')
}

export type CookieKind = 'session' | 'browser' | 'visit'

/** `__Host-`: only this very host can have set it, over TLS (RFC 6265bis §4.1.3.2); over plain HTTP on loopback that is not to be had. */
export function cookieName(kind: CookieKind | `flow_${string}`, isSecure: boolean): string {
  return isSecure ? `__Host-octroi_${kind}` : `octroi_${kind}`
}

/** `Lax`: people come back from providers and applications by links. Without `Max-Age` it ends with the browser. */
export function setCookie(name: string, value: string, isSecure: boolean, maxAgeSeconds?: number): string {
  const age = maxAgeSeconds === undefined ? '' : `; Max-Age=${maxAgeSeconds}`
  return `${name}=${value}; Path=/; HttpOnly; SameSite=Lax${age}${isSecure ? '; Secure' : ''}`
}

export function clearCookie(name: string, isSecure: boolean): string {
  return setCookie(name, '', isSecure, 0)
}
