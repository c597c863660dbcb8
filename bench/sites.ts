import { type Headers, untilAnswer } from './answer.ts'
import { fill } from './fill.ts'
import type { Lab } from './lab.ts'
import { api, bearer, CONNECTION, foundSite, furnish, SECRETS, type Site, serve, standing } from './peers/octroi.ts'
import { PATHS, type Standing } from './peers/peer.ts'
import type { Product } from './product.ts'

/** A site with so many keys and connections, all of which work; its server is stopped. */
export interface FilledSite {
  readonly site: Site
  readonly keys: readonly string[]
  readonly account: string
}

/** What a large installation holds, and the sample of it for a quick run. */
export const FILLING = { keys: 1_000_000, connections: 100_000 }
export const QUICK_FILLING = { keys: 5_000, connections: 500 }

/** The gate reads the original request of a forward-auth from a trusted proxy only; the load is that proxy. */
const SETTINGS = { OCTROI_TRUSTED_PROXIES: '127.0.0.1/32' }

const made = new Map<string, Promise<FilledSite>>()

/** Made once per run and size: a million rows take a minute or two. */
export function filledSite(
  lab: Lab,
  product: Product,
  upstream: number,
  keys: number,
  connections: number,
): Promise<FilledSite> {
  const size = `${keys} keys, ${connections} connections`
  const site = made.get(size) ?? make(lab, product, upstream, keys, connections, size)
  made.set(size, site)
  return site
}

async function make(
  lab: Lab,
  product: Product,
  upstream: number,
  keys: number,
  connections: number,
  size: string,
): Promise<FilledSite> {
  const site = await foundSite(lab, product, `Octroi, ${size}`, SETTINGS)
  const server = await serve(lab, site)
  const { id, key, account } = await furnish(site, upstream).finally(() => server.stop())
  if (keys > 50_000) console.log(`\n(filling a store with ${size} ...)`)
  const templates = { key, keyId: id, connection: CONNECTION, secrets: SECRETS }
  const filled = await fill(site.dataDir, templates, { keys, connections })
  await tryLast(lab, site, filled.at(-1)!)
  return { site, keys: filled, account }
}

/** The last copy must do what the template does, or the figures are about something else. */
async function tryLast(lab: Lab, site: Site, key: string): Promise<void> {
  const server = await serve(lab, site)
  await untilAnswer(server, site.port, `/proxy/${CONNECTION}${PATHS.small}`, bearer(key), 5_000).finally(() =>
    server.stop(),
  )
}

const HOST = 'bench.example'

/** What nginx, Caddy and the others send with a check, for a page of the host that `protect` protects. */
export const CHECK_HEADERS: Headers = {
  'X-Forwarded-Method': 'GET',
  'X-Forwarded-Proto': 'https',
  'X-Forwarded-Host': HOST,
  'X-Forwarded-Uri': '/page',
}

/** A route for every page of the host, and of Caddy's own, that takes the keys of `account`. */
export async function protect(site: Site, account: string): Promise<void> {
  const accept = { any: ['api_key'] }
  await api(site, '/routes', { host: '*', path: '/**', methods: ['GET'], accept, allow: { accounts: [account] } })
}

/** A served site with one key and one protected host. */
export async function checkSite(
  lab: Lab,
  product: Product,
  upstream: number,
): Promise<{ readonly server: Standing; readonly headers: Headers; readonly key: string }> {
  const site = await foundSite(lab, product, 'Octroi', SETTINGS)
  const server = standing(site, await serve(lab, site), {})
  const { key, account } = await furnish(site, upstream)
  await protect(site, account)
  return { server, headers: CHECK_HEADERS, key }
}
