import type { Transporter } from 'nodemailer'
import { ConfigurationError, OctroiError } from '../core/errors.ts'
import type { Mail, MailMessage } from '../core/mail.ts'
import { canonicalEmail } from '../policy/email.ts'
import { isLoopbackHost } from '../policy/route_hosts.ts'

export interface MailerOptions {
  /** `smtp://` or `smtps://`, with user and password where the server wants them; `?timeout=SECONDS` for one that is slow. */
  readonly url: string
  /** `Octroi <octroi@example.org>`, or the address alone. */
  readonly from: string
  /** Trusted instead of the public authorities; PEM. */
  readonly ca?: string | undefined
  /** False: STARTTLS also on loopback. */
  readonly plainOnLoopback?: boolean | undefined
}

/** A person waits for the page behind it. */
const CONNECT_MS = 5_000
const ANSWER_S = 10
const MAX_ANSWER_S = 300
const AT_ONCE = 2
const IDLE_MS = 30_000

const DEFAULT_PORT = { 'smtp:': 587, 'smtps:': 465 } as const

/**
 * Mail by the server that the operator names: over verified TLS, but on this very machine. Its refusals are not passed on, for they quote
 * the address; a mail that is refused is our own trouble, never the caller's.
 */
export class Mailer implements Mail {
  readonly #options: MailerOptions
  readonly #from: { readonly name: string; readonly address: string }
  readonly #answerMs: number
  #transport: Promise<Transporter> | undefined

  /** Throws `ConfigurationError`. */
  constructor(options: MailerOptions) {
    this.#options = options
    this.#answerMs = 1000 * answerSeconds(new URL(options.url))
    this.#from = mailbox(options.from)
  }

  async send({ to, subject, text }: MailMessage): Promise<void> {
    // One address and no more, whatever somebody has made his: no list, no second header (RFC 5322 §3.4).
    if (canonicalEmail(to) === undefined) throw failed('upstream_unreachable', 'ADDRESS')
    this.#transport ??= this.#open()
    const transport = await this.#transport
    const from = { ...this.#from }
    const address = to.trim()
    try {
      await transport.sendMail({
        from,
        to: { name: '', address },
        envelope: { from: from.address, to: [address] },
        subject: subject.replace(/\p{Cc}+/gu, ' '),
        text,
        // RFC 3834 §5: nobody's absence note is wanted.
        headers: { 'Auto-Submitted': 'auto-generated' },
        disableFileAccess: true,
        disableUrlAccess: true,
      })
    } catch (error) {
      throw mailError(error)
    }
  }

  /** What is being sent is sent. */
  async close(): Promise<void> {
    const transport = await this.#transport?.catch(() => undefined)
    transport?.close()
  }

  /** At the first mail: most installations never send one. */
  async #open(): Promise<Transporter> {
    const { createTransport } = await import('nodemailer')
    const url = new URL(this.#options.url)
    const { username, password, hostname, port } = url
    const isTls = url.protocol === 'smtps:'
    const host = hostname.replace(/^\[(.*)\]$/, '$1')
    const isPlain = !isTls && this.#options.plainOnLoopback !== false && isLoopbackHost(hostname)
    return createTransport({
      host,
      port: port === '' ? DEFAULT_PORT[isTls ? 'smtps:' : 'smtp:'] : Number(port),
      secure: isTls,
      // Without it a server in between that strips STARTTLS would read every link (RFC 3207 §6).
      requireTLS: !isTls && !isPlain,
      ignoreTLS: isPlain,
      tls: { minVersion: 'TLSv1.2', ...(this.#options.ca === undefined ? {} : { ca: this.#options.ca }) },
      ...(username === '' ? {} : { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
      pool: true,
      maxConnections: AT_ONCE,
      maxRequeues: 1,
      idleTimeout: IDLE_MS,
      dnsTimeout: CONNECT_MS,
      connectionTimeout: CONNECT_MS,
      greetingTimeout: this.#answerMs,
      socketTimeout: this.#answerMs,
      logger: false,
    })
  }
}

function answerSeconds({ searchParams }: URL): number {
  const seconds = Number(searchParams.get('timeout') ?? ANSWER_S)
  const unknown = [...searchParams.keys()].find((name) => name !== 'timeout')
  if (unknown === undefined && Number.isInteger(seconds) && seconds >= 1 && seconds <= MAX_ANSWER_S) return seconds
  throw new ConfigurationError([`OCTROI_SMTP_URL: takes ?timeout=SECONDS, 1 to ${MAX_ANSWER_S}, and nothing else.`])
}

/** The settings have checked the shape. */
function mailbox(text: string): { readonly name: string; readonly address: string } {
  const [, name = '', address = text] = /^(.*?) <([^<>]+)>$/.exec(text) ?? []
  return { name, address }
}

interface SmtpError {
  readonly code?: unknown
  readonly command?: unknown
  readonly responseCode?: unknown
}

function mailError(error: unknown): OctroiError {
  const { code, command, responseCode } = error as SmtpError
  const isLate = code === 'ETIMEDOUT'
  const what = [code, command, responseCode].filter((part) => typeof part === 'string' || typeof part === 'number')
  return failed(isLate ? 'upstream_timeout' : 'upstream_unreachable', what.join(' ') || 'UNKNOWN')
}

/** `what`: codes alone. The server's own words would name the person. */
function failed(code: 'upstream_unreachable' | 'upstream_timeout', what: string): OctroiError {
  const detail = code === 'upstream_timeout' ? 'did not answer in time' : 'did not take the mail'
  return new OctroiError(code, `The mail server ${detail}.`, { cause: new Error(`SMTP: ${what}`), retryAfter: 60 })
}

/** `undefined`: no mail leaves. */
export function mailOf(settings: {
  readonly smtp_url?: string | undefined
  readonly mail_from?: string | undefined
}): Mailer | undefined {
  const { smtp_url: url, mail_from: from } = settings
  return url === undefined || from === undefined ? undefined : new Mailer({ url, from })
}
