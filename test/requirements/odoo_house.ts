import { readFileSync } from 'node:fs'
import { type IncomingHttpHeaders, request } from 'node:http'
import { join } from 'node:path'
import { expect } from 'vitest'
import { LOOPBACK_NETWORK } from '../recyclique/shop.ts'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { ODOO_KEY, type Odoo, type OdooOptions, startOdoo } from '../support/vendors/odoo.ts'
import { type Front, openFront } from './front.ts'

/** Programs, the real nginx, Octroi, and an Odoo with `auth_api_key`: nginx serves a site of the documentation. */
export interface House {
  readonly odoo: Odoo
  readonly gate: TestGate
  readonly front: Front
  /** Serves the site that begins with the comment `# title` on a page of `docs/`. */
  site(page: string, title: string): Promise<void>
  /** A program's request to https://odoo.example.org. */
  ask(line: string, headers?: Readonly<Record<string, string>>, body?: string): Promise<Answered>
  /** Makes something by the management API; a refusal fails the test. */
  make(path: string, body: object): Promise<Made>
  /** What came to Odoo last. */
  last(): Odoo['requests'][number]
  stop(): Promise<void>
}

export interface Answered {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

// biome-ignore lint/suspicious/noExplicitAny: tests read whatever field they ask about
export type Made = any

export const HOST = 'odoo.example.org'

export async function openHouse(
  options: { odoo?: OdooOptions; env?: Readonly<Record<string, string>> } = {},
): Promise<House> {
  const odoo = await startOdoo(options.odoo)
  const gate = await startTestGate({ OCTROI_TRUSTED_PROXIES: '127.0.0.1', ...options.env })
  const front = await openFront(gate.port)
  const ports = { gate: gate.port, odoo: odoo.port, front: front.port }
  return {
    odoo,
    gate,
    front,
    site: (page, title) => front.serve(siteOf(page, title, ports)),
    ask: (line, headers, body) => ask(front.port, line, headers, body),
    async make(path, body) {
      const answer = await gate.api('POST', path, body)
      expect([path, answer.status < 300 ? 'made' : answer.body]).toEqual([path, 'made'])
      return answer.body
    },
    last: () => odoo.requests.at(-1) as Odoo['requests'][number],
    async stop() {
      await front.stop()
      await gate.stop()
      await odoo.stop()
    },
  }
}

/** A connection to the stand-in with a key of Octroi's own. */
export function odooConnection(odoo: Odoo, more: object = {}): object {
  return {
    id: 'odoo',
    connector: 'odoo',
    settings: { base_url: odoo.url, test_path: '/my-endpoint/ping' },
    secrets: { api_key: ODOO_KEY },
    network: LOOPBACK_NETWORK,
    ...more,
  }
}

export const basic = (user: string, password: string) =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

interface Ports {
  readonly gate: number
  readonly odoo: number
  readonly front: number
}

/** As it stands on the page, but for addresses: no certificate, and the ports of the day. */
export function siteOf(page: string, title: string, ports: Ports): string {
  const text = readFileSync(join(import.meta.dirname, '../../docs', page), 'utf8')
  const blocks = [...text.matchAll(/^```nginx\n(.*?)^```$/gms)].map(([, block]) => block as string)
  const site = blocks.find((block) => block.startsWith(`# ${title}\n`))
  if (site === undefined) throw new Error(`docs/${page} has no site "${title}"`)
  return localSite(site, ports)
}

export function localSite(site: string, { gate, odoo, front }: Ports): string {
  return site
    .replace('listen 443 ssl;', `listen 127.0.0.1:${front};`)
    .replace(/^ *ssl_certificate.*\n/gm, '')
    .replaceAll('127.0.0.1:8700', `127.0.0.1:${gate}`)
    .replaceAll('127.0.0.1:8069', `127.0.0.1:${odoo}`)
}

/** By `node:http`, which sends the Host that it is told and leaves the path alone. */
export function ask(
  port: number,
  line: string,
  headers: Readonly<Record<string, string>> = {},
  body = '',
): Promise<Answered> {
  const [method = 'GET', path = '/'] = line.split(' ')
  const length = body === '' ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port,
      method,
      path,
      headers: { Host: HOST, ...length, ...headers },
      agent: false,
    }
    const sent = request(options, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }))
      answer.on('error', reject)
    })
    sent.on('error', reject)
    sent.end(body)
  })
}
