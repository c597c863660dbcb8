/** Mail that goes out, to one person each. */
export interface MailMessage {
  /** One address, without a name. */
  readonly to: string
  readonly subject: string
  /** Plain text. */
  readonly text: string
}

export interface Mail {
  /**
   * Resolves when the server has taken it over. Throws 502 `upstream_unreachable` or 504 `upstream_timeout`; the cause names neither the
   * address nor what was in it.
   */
  send(message: MailMessage): Promise<void>
}
