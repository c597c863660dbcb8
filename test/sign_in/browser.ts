/** A browser without a window: it keeps cookies, follows what it is told to, and fills in forms as they stand in the page. */

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** `Location`, or the address that the page leads on to. */
  readonly location: string | undefined
}

export interface VisitOptions {
  readonly headers?: Readonly<Record<string, string>>
  readonly method?: string
}

export class PlainBrowser {
  readonly cookies = new Map<string, string>()
  readonly #base: string
  last: Answer | undefined

  constructor(base: string) {
    this.#base = base
  }

  async get(path: string, { headers = {}, method = 'GET' }: VisitOptions = {}): Promise<Answer> {
    return this.#take(await fetch(this.#url(path), { method, redirect: 'manual', headers: this.#headers(headers) }))
  }

  async post(
    path: string,
    fields: Readonly<Record<string, string>>,
    { headers = {} }: VisitOptions = {},
  ): Promise<Answer> {
    const body = new URLSearchParams(fields)
    return this.#take(
      await fetch(this.#url(path), { method: 'POST', redirect: 'manual', headers: this.#headers(headers), body }),
    )
  }

  /** The form of the last page whose action ends with `action`, with its hidden fields and what is typed. */
  submit(action: string, typed: Readonly<Record<string, string>> = {}, options: VisitOptions = {}): Promise<Answer> {
    const form = this.form(action)
    return this.post(form.action, { ...form.hidden, ...typed }, options)
  }

  form(action: string): { readonly action: string; readonly hidden: Record<string, string> } {
    for (const [, attributes = '', body = ''] of (this.last?.text ?? '').matchAll(/<form([^>]*)>(.*?)<\/form>/gs)) {
      const target = unescaped(/action="([^"]*)"/.exec(attributes)?.[1] ?? '')
      if (target.includes(action)) return { action: target, hidden: hiddenOf(body) }
    }
    throw new Error(
      `No form of ${action} in: ${this.last?.status} ${this.last?.text.replace(/<style>.*?<\/style>/gs, '')}`,
    )
  }

  /** Along redirects, to the first page. */
  async follow(answer: Answer, most = 5): Promise<Answer> {
    let current = answer
    for (let i = 0; i < most && current.status >= 300 && current.status < 400; i++)
      current = await this.get(current.location ?? '')
    return current
  }

  #url(path: string): string {
    return new URL(path, this.#base).href
  }

  #headers(more: Readonly<Record<string, string>>): Record<string, string> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    return { ...(cookie === '' ? {} : { cookie }), ...more }
  }

  async #take(response: Response): Promise<Answer> {
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '') this.cookies.delete(name)
      else this.cookies.set(name, value)
    }
    const text = await response.text()
    const refresh = /http-equiv="refresh" content="0; url=([^"]*)"/.exec(text)?.[1]
    const location = response.headers.get('location') ?? (refresh === undefined ? undefined : unescaped(refresh))
    const answer = { status: response.status, headers: response.headers, text, location }
    if (response.headers.get('content-type')?.startsWith('text/html')) this.last = answer
    return answer
  }
}

function hiddenOf(form: string): Record<string, string> {
  const inputs = [...form.matchAll(/<input[^>]*type="hidden"[^>]*>/g)].map(([tag]) => tag)
  return Object.fromEntries(inputs.map((tag) => [attribute(tag, 'name'), attribute(tag, 'value')]))
}

function attribute(tag: string, name: string): string {
  return unescaped(new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1] ?? '')
}

function unescaped(text: string): string {
  return text
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
}
