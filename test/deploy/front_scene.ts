import { request } from 'node:https'
import { type Browser, startBrowser } from '../proxies/browser.ts'
import type { RunningProxy } from '../proxies/proxy.ts'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { testCertificate } from '../support/upstream_tls.ts'
import { type Front, PLACES, type Place, startFront } from './fronts.ts'

export const PASSWORD = 'a difference engine'
/** Not the proxy's own address: what the gate says of a caller must not be mistaken for it. */
export const CALLER = '127.0.0.5'

export interface FrontScene {
  readonly gate: TestGate
  readonly proxy: RunningProxy
  /** The public URL. */
  readonly base: string
  browser(): Browser
  /** From `CALLER`, over TLS. `target` is what stands in the request line, from the root of the host on. With a form it is a POST. */
  call(
    target: string,
    headers?: Record<string, string | string[]>,
    form?: Readonly<Record<string, string>>,
  ): Promise<Called>
  stop(): Promise<void>
}

export interface Called {
  readonly status: number
  readonly headers: Record<string, unknown>
  readonly body: string
}

export async function startFrontScene(front: Front, place: Place): Promise<FrontScene> {
  const base = PLACES[place]
  const gate = await startTestGate({
    OCTROI_PUBLIC_URL: base,
    OCTROI_TRUSTED_PROXIES: '127.0.0.1',
    OCTROI_CLIENT_CERTIFICATE_HEADER: 'X-Client-Subject',
  })
  const made = await gate.api('POST', '/accounts', {
    kind: 'person',
    id: 'ada',
    name: 'Ada',
    email: 'ada@example.org',
    password: PASSWORD,
  })
  if (made.status !== 201) throw new Error(JSON.stringify(made.body))
  const proxy = await startFront(front, place, gate.port)
  return {
    gate,
    proxy,
    base,
    browser: () => startBrowser({ http: proxy.port, https: proxy.tlsPort }),
    call: (target, headers = {}, form) => call(proxy.tlsPort, new URL(base).hostname, target, headers, form),
    async stop() {
      await proxy.stop()
      await gate.stop()
    },
  }
}

function call(
  port: number,
  host: string,
  path: string,
  headers: Record<string, string | string[]>,
  form?: Readonly<Record<string, string>>,
): Promise<Called> {
  const tls = { ca: testCertificate().ca, servername: host, checkServerIdentity: () => undefined }
  const type = form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }
  const where = {
    host: '127.0.0.1',
    localAddress: CALLER,
    port,
    path,
    method: form === undefined ? 'GET' : 'POST',
    headers: { host, ...type, ...headers },
    agent: false as const,
  }
  return new Promise((resolve, reject) => {
    const sent = request({ ...where, ...tls }, (answer) => {
      let body = ''
      answer.setEncoding('utf8').on('data', (chunk) => (body += chunk))
      answer.once('end', () => resolve({ status: answer.statusCode as number, headers: answer.headers, body }))
    })
    sent.once('error', reject).end(form && new URLSearchParams(form).toString())
  })
}
