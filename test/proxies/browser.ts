import { type IncomingMessage, request } from 'node:http'
import { request as requestTls } from 'node:https'
import { testCertificate } from '../support/upstream_tls.ts'

/** What a person's browser does of HTTP, and no more: cookies by host, redirects one at a time. All hosts are at one port of loopback. */
export interface Browser {
  /** A page: a link that is followed. */
  open(url: string): Promise<Answer>
  /** A script of the page. */
  fetch(url: string, method?: string): Promise<Answer>
  /** The first form of a page that was opened, filled in. */
  submit(url: string, page: Answer, fields: Readonly<Record<string, string>>): Promise<Answer>
  cookies(host: string): ReadonlyMap<string, string>
  put(host: string, name: string, value: string): void
  /** All cookies of a host. */
  forget(host: string): void
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** Where a page leads by itself. */
export function refreshOf({ body }: Answer): string | undefined {
  return /<meta http-equiv="refresh" content="0; url=([^"]+)">/.exec(body)?.[1]?.replaceAll('&amp;', '&')
}

function formOf(body: string): { readonly action: string; readonly hidden: [string, string][] } {
  const form = /<form method="post" action="([^"]+)">.*?<\/form>/s.exec(body)
  if (form === null) throw new Error('the page has no form')
  const hidden = [...form[0].matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)">/g)]
  return { action: form[1] as string, hidden: hidden.map(([, name = '', value = '']) => [name, value]) }
}

const OF_PAGES = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', accept: 'text/html,*/*;q=0.8' }
const OF_SCRIPTS = { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', accept: '*/*' }

export function startBrowser(ports: { readonly http: number; readonly https: number }): Browser {
  const jars = new Map<string, Map<string, string>>()
  const jarOf = (host: string) => {
    const jar = jars.get(host) ?? new Map<string, string>()
    jars.set(host, jar)
    return jar
  }
  const send = async (url: string, method: string, more: Record<string, string>, body = ''): Promise<Answer> => {
    const { protocol, hostname, host, pathname, search } = new URL(url)
    const jar = jarOf(hostname)
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = { host, ...more, 'user-agent': 'a browser', ...(cookie === '' ? {} : { cookie }) }
    const answer = await ask(ports, { secure: protocol === 'https:', method, path: pathname + search, headers, body })
    for (const line of answer.headers['set-cookie'] ?? []) take(jar, line, protocol === 'https:')
    return answer
  }
  return {
    open: (url) => send(url, 'GET', OF_PAGES),
    fetch: (url, method = 'GET') => send(url, method, OF_SCRIPTS),
    submit(url, page, fields) {
      const { action, hidden } = formOf(page.body)
      const body = new URLSearchParams([...hidden, ...Object.entries(fields)]).toString()
      const { href, origin } = new URL(action.replaceAll('&amp;', '&'), url)
      const type = 'application/x-www-form-urlencoded'
      return send(href, 'POST', { ...OF_PAGES, origin, 'sec-fetch-site': 'same-origin', 'content-type': type }, body)
    },
    cookies: jarOf,
    forget: (host) => jarOf(host).clear(),
    put: (host, name, value) => void jarOf(host).set(name, value),
  }
}

/** As browsers do (RFC 6265bis §5.7): what `__Host-` promises has to be so, and what is secure comes over TLS alone. */
function take(jar: Map<string, string>, line: string, isSecure: boolean): void {
  const [pair = '', ...attributes] = line.split(/; */)
  const [, name = '', value = ''] = /^([^=]+)=(.*)$/.exec(pair) ?? []
  const has = (attribute: string) => attributes.some((one) => one.toLowerCase() === attribute)
  if (has('secure') && !isSecure) return
  if (
    name.startsWith('__Host-') &&
    !(has('secure') && has('path=/') && !attributes.some((one) => /^domain=/i.test(one)))
  )
    return
  if (has('max-age=0')) jar.delete(name)
  else jar.set(name, value)
}

interface Asked {
  readonly secure: boolean
  readonly method: string
  readonly path: string
  readonly headers: Record<string, string>
  readonly body: string
}

function ask(ports: { http: number; https: number }, { secure, body, ...asked }: Asked): Promise<Answer> {
  const servername = (asked.headers.host as string).split(':', 1)[0] as string
  const tls = { ca: testCertificate().ca, servername, checkServerIdentity: () => undefined }
  const where = { ...asked, host: '127.0.0.1', port: secure ? ports.https : ports.http, agent: false as const }
  return new Promise((resolve, reject) => {
    const answered = (answer: IncomingMessage) => {
      const parts: Buffer[] = []
      answer.on('data', (part: Buffer) => parts.push(part))
      answer.once('end', () => {
        const { statusCode = 0, headers } = answer
        resolve({ status: statusCode, headers, body: Buffer.concat(parts).toString() })
      })
    }
    const sent = secure ? requestTls({ ...where, ...tls }, answered) : request(where, answered)
    sent.once('error', reject).end(body)
  })
}
