/** Where calls go. Whatever is put into an address, it stays below what it was put under. */

/** Without slashes at its end. Throws `TypeError`. */
export function checkedBase(url: string, name = 'url'): string {
  const { protocol, username, search, hash } = new URL(url)
  if (!/^https?:$/.test(protocol) || username !== '' || search !== '' || hash !== '') {
    throw new TypeError(`${name} must be an http or https address without user info, query or fragment`)
  }
  return url.replace(/\/+$/, '')
}

/** `.` and `..` stay what they are through percent-encoding, and would make another path of it. */
export function filled(path: string, params: Readonly<Record<string, unknown>>): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = String(params[name] ?? '')
    if (/^\.{0,2}$/.test(value)) throw new TypeError(`params.${name} must be an id`)
    return encodeURIComponent(value)
  })
}

export function proxyPrefix(base: string, connection: string): string {
  return `${base}/proxy/${filled('{connection}', { connection })}`
}

/** The address of a path at the service. Throws `TypeError` where it would lead elsewhere. */
export function proxyUrl(prefix: string, path: string): URL {
  const url = new URL(path.startsWith('/') ? prefix + path : `${prefix}/${path}`)
  // `..` would lead out of the connection, to another one or to the management API.
  if (!url.href.startsWith(`${new URL(prefix).href}/`)) throw new TypeError('the path leads out of the connection')
  return url
}
