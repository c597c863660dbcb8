import { cookieIn } from '../inbound/cookies.ts'

/** The cookies of the connect pages: which browser this is, and the language that its person chose. */

const LANGUAGE = 'octroi_language'
/** Longer than a session lives. */
const SECONDS = 3600

export class ConnectCookies {
  readonly #name: string
  readonly #secure: string

  /** A name that only our own host can have set, where the transport allows it (RFC 6265bis §4.1.3.2). */
  constructor(publicUrl: string) {
    const isSecure = publicUrl.startsWith('https:')
    this.#name = isSecure ? '__Host-octroi_connect' : 'octroi_connect'
    this.#secure = isSecure ? '; Secure' : ''
  }

  /** `undefined` at its first visit, and where it keeps no cookies. */
  browser(header: string | undefined): string | undefined {
    return cookieIn(header, this.#name, /^[\w-]{43}$/)
  }

  /** What was chosen before the way led over the service's own pages. */
  language(header: string | undefined): string | undefined {
    return cookieIn(header, LANGUAGE, /^[a-z]{2}$/)
  }

  /** `Lax`: the service sends the browser back from its own site. */
  set(browser: string, language: string): string[] {
    const fixed = `Path=/; HttpOnly; SameSite=Lax; Max-Age=${SECONDS}${this.#secure}`
    return [`${this.#name}=${browser}; ${fixed}`, `${LANGUAGE}=${language}; ${fixed}`]
  }
}
