export interface Seen {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Where a redirect leads, or a page that leads on by itself. */
  readonly location: string | undefined
}

/** A browser without a window, for one site: cookies, redirects and forms. */
export class Visitor {
  readonly cookies = new Map<string, string>()
  last: Seen | undefined

  async ask(url: string, form?: Readonly<Record<string, string>>): Promise<Seen> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await fetch(url, {
      method: form === undefined ? 'GET' : 'POST',
      headers: { Cookie: cookie },
      body: form === undefined ? null : new URLSearchParams(form),
      redirect: 'manual',
    })
    for (const set of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? []
      if (value === '') this.cookies.delete(name)
      else this.cookies.set(name, value)
    }
    const text = await answer.text()
    const refresh = /http-equiv="refresh" content="0; url=([^"]*)"/.exec(text)?.[1]?.replaceAll('&amp;', '&')
    const location = answer.headers.get('location') ?? refresh
    this.last = { status: answer.status, headers: answer.headers, text, location }
    return this.last
  }

  /** The form of the last page whose action has this text in it, with its hidden fields and what is typed. */
  submit(action: string, base: string, typed: Readonly<Record<string, string>> = {}): Promise<Seen> {
    const { target, fields } = this.#form(action)
    return this.ask(new URL(target, base).href, { ...fields, ...typed })
  }

  /**
   * Through the forms of our stand-ins, as the person that is named, until the provider sends the browser away: that address. An answer of its
   * own (an error page) throws with its text.
   */
  async through(url: string, person: string): Promise<string> {
    const { origin } = new URL(url)
    let seen = await this.ask(url)
    let at = url
    for (let hops = 0; hops < 12; hops++) {
      if (seen.location !== undefined) {
        at = new URL(seen.location, at).href
        if (!at.startsWith(`${origin}/`)) return at
        seen = await this.ask(at)
      } else if (seen.status === 200 && seen.text.includes('name="person"')) seen = await this.ask(at, { person })
      else if (seen.status === 200 && seen.text.includes('op.logoutForm')) {
        const { target, fields } = this.#form('/session/end')
        seen = await this.ask(target, { ...fields, logout: 'yes' })
      } else throw new Error(`${seen.status} ${seen.text.slice(0, 300)}`)
    }
    throw new Error(`still at ${at}`)
  }

  #form(wanted: string): { readonly target: string; readonly fields: Record<string, string> } {
    for (const [, attributes = '', body = ''] of (this.last?.text ?? '').matchAll(/<form([^>]*)>(.*?)<\/form>/gs)) {
      const target = attribute(attributes, 'action')
      if (!target.includes(wanted)) continue
      const hidden = [...body.matchAll(/<input[^>]*type="hidden"[^>]*>/g)].map(([tag]) => tag)
      return {
        target,
        fields: Object.fromEntries(hidden.map((tag) => [attribute(tag, 'name'), attribute(tag, 'value')])),
      }
    }
    throw new Error(`no form of ${wanted} in ${this.last?.status} ${this.last?.text}`)
  }
}

function attribute(tag: string, name: string): string {
  return (new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1] ?? '').replaceAll('&quot;', '"').replaceAll('&amp;', '&')
}
