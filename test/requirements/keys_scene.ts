import { ask, keyWithId, type Scene, startScene } from '../gateway/scene.ts'

/** A gate that a reverse proxy on this machine may ask, with a service behind it and a key that may do everything there. */
export async function startKeyScene(env: Record<string, string> = {}): Promise<Scene> {
  return startScene({}, { env: { OCTROI_TRUSTED_PROXIES: '127.0.0.1', ...env } })
}

export const ALL = [{ connection: 'svc', allow: ['* /**'] }]
export const HOST = 'odoo.example.org'

export interface Checked {
  readonly status: number
  readonly headers: Headers
  readonly code: string | null
  readonly text: string
}

/** What a reverse proxy is told about a request for `path` of the host `HOST`. */
export async function check(
  { gate }: Pick<Scene, 'gate'>,
  headers: Record<string, string>,
  path = '/my-endpoint/orders',
  method = 'GET',
): Promise<Checked> {
  const about = { 'X-Forwarded-Method': method, 'X-Forwarded-Host': HOST, 'X-Forwarded-Uri': path }
  const answer = await fetch(`${gate.url}/forward-auth`, {
    headers: { ...about, 'X-Forwarded-Proto': 'https', ...headers },
  })
  return {
    status: answer.status,
    headers: answer.headers,
    code: answer.headers.get('octroi-error'),
    text: await answer.text(),
  }
}

export async function route(scene: Pick<Scene, 'gate'>, fields: Record<string, unknown>): Promise<string> {
  const { status, body } = await scene.gate.api('POST', '/routes', {
    host: HOST,
    path: '/**',
    accept: { any: ['api_key'] },
    allow: { authenticated: true },
    ...fields,
  })
  if (status !== 201) throw new Error(`no route: ${JSON.stringify(body)}`)
  return body.id
}

/** A key that may call the service, of an account of its own. */
export async function keyOf(
  scene: Pick<Scene, 'gate'>,
  account: string,
  more: Record<string, unknown> = {},
): Promise<{ id: string; key: string }> {
  const known = await scene.gate.api('GET', `/accounts/${account}`)
  if (known.status === 404) await scene.gate.api('POST', '/accounts', { id: account, kind: 'service', name: account })
  return keyWithId(scene.gate, ALL, { account, ...more })
}

/** The status of a call through the gate, or the code of its refusal. */
export async function through(scene: Pick<Scene, 'gate'>, key: string): Promise<number | string> {
  const { status, code } = await ask({ gate: scene.gate, key }, '/x')
  return code ?? status
}

export function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
}
