import { type ClientAuthority, clientAuthority } from '../support/client_certificates.ts'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { type RawResponse, rawLines, rawRequest } from '../support/raw_http.ts'
import { type Application, startApplication } from './application.ts'
import type { RunningProxy, Surroundings } from './proxy.ts'

export const HOST = 'app.example.org'
export const SHOP = 'https://shop.example.org'
/** Outside ASCII, so that it has to be encoded on its way. */
export const NAME = 'Ventes d’été'

export type Start = (around: Surroundings) => Promise<RunningProxy>

/** A real proxy of the system between a caller and an application, with a real Octroi beside it that says who passes. */
export interface Scene {
  readonly gate: TestGate
  readonly application: Application
  readonly proxy: RunningProxy
  readonly clients: ClientAuthority
  /** A key of `crm`, which is in `sales`; one of nobody in particular; one that works once in ten minutes; one for 10.9.8.0/24. */
  readonly keys: Readonly<Record<'crm' | 'other' | 'once' | 'elsewhere', string>>
  /** Exactly these lines, to `app.example.org` unless they name a host. */
  ask(line: string, ...lines: string[]): Promise<RawResponse>
  stop(): Promise<void>
}

const ENV = { OCTROI_TRUSTED_PROXIES: '127.0.0.1', OCTROI_CLIENT_CERTIFICATE_HEADER: 'X-Client-Subject' }

const ROUTES = [
  { id: 'public', path: '/public/**', accept: { any: ['anonymous', 'api_key'] }, allow: { authenticated: true } },
  {
    id: 'orders',
    path: '/orders/**',
    methods: ['GET', 'POST'],
    allow: { groups: ['sales'] },
    cors: { origins: [SHOP] },
  },
  { id: 'once', path: '/once', allow: { authenticated: true } },
  { id: 'machines', path: '/machines/**', accept: { any: ['mtls'] }, allow: { accounts: ['crm'] } },
  { id: 'inner', path: '/.octroi/**', allow: { authenticated: true } },
  { id: 'admin', path: '/admin/**', allow: { accounts: ['administration'] } },
]

/** `env`: further settings of the gate. */
export async function startScene(
  start: Start,
  patience?: number,
  env: Readonly<Record<string, string>> = {},
): Promise<Scene> {
  const clients = clientAuthority('Clients')
  const application = await startApplication()
  const gate = await startTestGate({ ...ENV, ...env })
  const keys = await furnish(gate)
  const around = { gatePort: gate.port, applicationPort: application.port, clients: clients.ca }
  const proxy = await start(patience === undefined ? around : { ...around, patience })
  return {
    gate,
    application,
    proxy,
    clients,
    keys,
    ask: (line, ...lines) => ask(proxy.port, line, lines),
    async stop() {
      await proxy.stop()
      await application.stop()
      await gate.stop()
    },
  }
}

export function ask(port: number, line: string, lines: readonly string[]): Promise<RawResponse> {
  const host = lines.some((one) => /^host:/i.test(one)) ? [] : [`Host: ${HOST}`]
  return rawRequest(port, rawLines(`${line} HTTP/1.1`, ...host, ...lines), { timeoutMs: 15_000 })
}

async function furnish(gate: TestGate): Promise<Scene['keys']> {
  const make = async (path: string, body: object) => {
    const answer = await gate.api('POST', path, body)
    if (answer.status !== 201) throw new Error(`POST ${path}: ${JSON.stringify(answer.body)}`)
    return answer.body
  }
  await make('/groups', { id: 'sales', name: 'Sales' })
  const subjects = ['O=Example,CN=Reports', 'CN=Till,O=Example']
  const crm = { id: 'crm', name: NAME, email: 'crm@example.org', groups: ['sales'], certificate_subjects: subjects }
  await make('/accounts', { kind: 'service', ...crm })
  await make('/accounts', { kind: 'service', id: 'administration', name: 'Administration' })
  for (const route of ROUTES) await make('/routes', { host: HOST, accept: { any: ['api_key'] }, ...route })
  const key = async (more: object) => (await make('/keys', { name: 'a program', grants: [], ...more })).key as string
  return {
    crm: await key({ account: 'crm' }),
    other: await key({}),
    once: await key({ rate_limit: { limit: 1, window_s: 600 } }),
    elsewhere: await key({ account: 'crm', cidrs: ['10.9.8.0/24'] }),
  }
}
