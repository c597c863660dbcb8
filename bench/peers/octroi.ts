import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { type Headers, untilAnswer } from '../answer.ts'
import { freePort, type Lab } from '../lab.ts'
import { launch, type Running } from '../processes.ts'
import type { Product } from '../product.ts'
import { PATHS, type Peer, type Standing } from './peer.ts'

export const CONNECTION = 'up'
export const SECRETS = { username: 'u', password: 'p' }
const ACCOUNT = 'bench'

/** A data folder of Octroi's with one connection to the upstream and one key that may GET everything there. */
export interface Site {
  readonly name: string
  readonly room: string
  readonly dataDir: string
  readonly port: number
  readonly product: Product
  readonly env: Readonly<Record<string, string>>
  readonly adminKey: string
}

export type Settings = Readonly<Record<string, string>>

/** `octroi init` in a new room. */
export async function foundSite(lab: Lab, product: Product, name: string, settings: Settings = {}): Promise<Site> {
  const room = lab.room('octroi')
  const dataDir = join(room, 'data')
  const port = await freePort()
  // The second as the launcher sets it.
  const env = {
    OCTROI_DATA_DIR: dataDir,
    MALLOC_MMAP_THRESHOLD_: '1048576',
    OCTROI_LISTEN: `127.0.0.1:${port}`,
    ...settings,
  }
  const made = spawnSync(product.file, [...product.args, 'init', '--json'], {
    cwd: room,
    env: { PATH: process.env.PATH, HOME: room, ...env },
    encoding: 'utf8',
  })
  if (made.status !== 0) throw new Error(`octroi init failed (${made.status}):\n${made.stdout}${made.stderr}`)
  const { admin_key: adminKey } = JSON.parse(made.stdout) as { admin_key: string }
  return { name, room, dataDir, port, product, env, adminKey }
}

/** Spawns `octroi serve`; it may not answer yet. */
export function spawnServer(lab: Lab, site: Site): Running {
  const { product } = site
  return launch({
    name: site.name,
    file: product.file,
    args: [...product.args, 'serve'],
    cpus: lab.pinning.server,
    env: site.env,
    cwd: site.room,
    log: join(site.room, 'log'),
  })
}

export const HEALTH = '/health'

export async function serve(lab: Lab, site: Site): Promise<Running> {
  const server = spawnServer(lab, site)
  await untilAnswer(server, site.port, HEALTH)
  return server
}

/** One call of the management API; `undefined` is no body. @throws with the problem document when the answer is not 2xx */
export async function api(site: Site, path: string, body: unknown): Promise<Record<string, unknown>> {
  const response = await fetch(`http://127.0.0.1:${site.port}/api/v1${path}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${site.adminKey}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    body: body === undefined ? null : JSON.stringify(body),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`POST ${path} → ${response.status} ${text}`)
  return JSON.parse(text) as Record<string, unknown>
}

/** What every measured site holds: an account, a connection to the upstream, a key. Returns the key. */
export async function furnish(site: Site, upstream: number): Promise<{ id: string; key: string; account: string }> {
  const account = await api(site, '/accounts', { kind: 'service', name: ACCOUNT })
  await api(site, '/connections', {
    id: CONNECTION,
    connector: 'generic-basic',
    settings: { base_url: `http://127.0.0.1:${upstream}` },
    secrets: SECRETS,
    network: { allow_private: true, allow_http: true },
  })
  const accountId = String(account.id ?? ACCOUNT)
  const grants = [{ connection: CONNECTION, allow: ['GET /**'] }]
  const made = await api(site, '/keys', { name: 'bench', account: accountId, grants, permissions: [] })
  return { id: String(made.id), key: String(made.key), account: accountId }
}

export function bearer(key: string): Headers {
  return { Authorization: `Bearer ${key}` }
}

export function standing(site: Site, server: Running, headers: Headers): Standing {
  return { ...server, port: site.port, prefix: `/proxy/${CONNECTION}`, headers }
}

/** Octroi as a peer among others: key check, grant, secret opened and audit on every call. */
export function octroi(product: Product, name = 'Octroi', settings: Settings = {}): Peer {
  return async (lab, upstream) => {
    const site = await foundSite(lab, product, name, settings)
    const server = await serve(lab, site)
    const { key } = await furnish(site, upstream)
    const peer = standing(site, server, bearer(key))
    await untilAnswer(server, site.port, `${peer.prefix}${PATHS.small}`, peer.headers)
    return peer
  }
}
