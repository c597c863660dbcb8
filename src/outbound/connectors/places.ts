/** Where a rendered text goes. What it may contain depends on it. */
export type Place =
  | 'url'
  /** An address that a scheme sends secrets to, or a person: a token endpoint. It may have a query. */
  | 'endpoint'
  /** An endpoint that the scheme can do without: absent when its optional setting is. */
  | 'optional_endpoint'
  /** A value in a body: encoded by whoever writes the body. */
  | 'body'
  | 'path'
  | 'header_name'
  | 'header_value'
  | 'query_name'
  | 'query_value'
  | 'user_name'
  | 'password'

/** RFC 9110 §5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** Set by the connection itself (RFC 9110 §7.6.1, RFC 9112 §6) or by Octroi: a connector that sets one breaks the framing or lies. */
const RESERVED_HEADERS = new Set(
  'connection content-length expect host keep-alive proxy-authorization proxy-connection te trailer transfer-encoding upgrade'.split(
    ' ',
  ),
)

/** Why a header may not be set by a connector, or `undefined`. */
export function headerNameFault(name: string): string | undefined {
  if (!TOKEN.test(name)) return 'is not a header name'
  const lower = name.toLowerCase()
  if (RESERVED_HEADERS.has(lower) || lower.startsWith('octroi-'))
    return `may not be the header ${lower}, which Octroi sets itself`
  return undefined
}

/** Why a text cannot be sent as a header value, or `undefined`. Never says the text: it may be a secret. */
export function headerValueFault(value: string): string | undefined {
  // A line break in a value would start a header of the secret's own (RFC 9110 §5.5).
  if (hasControl(value)) return 'contains a line break or another control character, which a header cannot carry'
  if (/[^\x20-\x7e]/.test(value)) return 'contains a character outside ASCII, which a header cannot carry'
  return undefined
}

export function hasControl(value: string): boolean {
  return /[\u0000-\u001f\u007f-\u009f]/.test(value)
}

/** Why a setting or secret cannot go to a place, or `undefined`. */
export function placeFault(place: Place, value: string): string | undefined {
  switch (place) {
    case 'header_name':
      return headerNameFault(value)
    case 'header_value':
      return headerValueFault(value)
    case 'url':
      return baseUrlFault(value)
    case 'endpoint':
    case 'optional_endpoint':
      return endpointFault(value)
    case 'query_name':
      return value === '' ? 'may not be empty' : undefined
    case 'path':
      return pathFault(value)
    case 'user_name':
      // RFC 7617 §2: the first colon ends the user name, so a colon inside would move a part of it into the password.
      return value.includes(':') ? 'may not contain ":", which ends the user name in Basic authentication' : undefined
    default:
      return undefined
  }
}

/** A path and query as they are sent after the base URL. */
export function pathFault(path: string): string | undefined {
  if (!/^\/[\x21-\x7e]*$/.test(path)) return 'must start with "/" and have no spaces'
  if (/[#\\]/.test(path)) return 'may not contain "#" or "\\"'
  const [plain = ''] = path.split('?')
  if (plain.includes('//') || /\/\.{1,2}(\/|$)/.test(plain)) return 'may not contain "//", "." or ".."'
  return undefined
}

/** Why a text is not the address of a service, or `undefined`: http or https, a host, at most a path. */
export function baseUrlFault(text: string): string | undefined {
  if (text.length > 2048) return 'is longer than 2048 characters'
  // `new URL` repairs and drops (tabs, `\`, missing slashes): only what means the same before and after is taken.
  if (!/^https?:\/\/[^/?#\\\s]+(\/[^?#\\\s]*)?$/i.test(text) || hasControl(text)) return NO_QUERY
  if (!URL.canParse(text)) return 'is not a valid address'
  const url = new URL(text)
  if (text.split('/')[2]?.includes('@')) return 'may not contain a user name or password'
  if (url.pathname.includes('//') || /(^|\/)(\.|%2e){1,2}(\/|$)/i.test(pathOf(text)))
    return 'may not contain "//", "." or ".." in its path'
  return undefined
}

/** Why a text is not an endpoint, or `undefined`: an address that may have a query. */
export function endpointFault(text: string): string | undefined {
  const [address = '', query = ''] = text.split('?')
  const fault = baseUrlFault(address)
  if (fault !== undefined) return fault === NO_QUERY ? 'must be an http:// or https:// address' : fault
  if (text.length > 2048) return 'is longer than 2048 characters'
  return /^[\x21\x24-\x7e]*$/.test(query) && !query.includes('\\')
    ? undefined
    : 'has a query that cannot be sent as it is'
}

const NO_QUERY = 'must be an http:// or https:// address without query, fragment or spaces'

/** The one way to write an address that `baseUrlFault` accepts: no trailing slash. */
export function normaliseBaseUrl(text: string): string {
  const url = new URL(text)
  return `${url.origin}${url.pathname.replace(/\/$/, '')}`
}

function pathOf(address: string): string {
  return `/${address.split('/').slice(3).join('/')}`
}
