import { hash } from 'node:crypto'
import type Provider from 'oidc-provider'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { type Budget, Windows } from '../policy/windows.ts'
import { type AnsweringParts, failed, slowDown } from './answering.ts'
import { arrivalOf } from './arrival.ts'
import type { ProviderClients } from './client_metadata.ts'
import { ROUTES, SESSION_COOKIE } from './configuration.ts'
import { completed, type Metadata, narrowed } from './discovery.ts'
import { type OpenIdAction, type Recorder, record, requireTrail } from './recording.ts'

export interface MiddlewareParts extends AnsweringParts, Recorder {
  readonly issuer: string
  readonly clients: ProviderClients
}

const DISCOVERY = '/.well-known/openid-configuration'
const OF_CLIENT = /^\/clients\/([^/]{1,100})(\/\.well-known\/openid-configuration)$/

const ACTIONS: Readonly<Record<string, OpenIdAction>> = {
  token: 'oidc.token',
  introspection: 'oidc.introspection',
  revocation: 'oidc.revocation',
  userinfo: 'oidc.userinfo',
  authorization: 'oidc.authorize',
  resume: 'oidc.authorize',
}

/**
 * The page by which `response_mode=form_post` leaves: nobody frames it, and the one script on it is the library's, which adds its hash. Where the
 * form goes the application says. Pages of ours have their own.
 */
const PAGE_POLICY = "default-src 'none'; script-src; base-uri 'none'; frame-ancestors 'none'"

/** Around everything that the library does. */
export function surround(library: Provider, parts: MiddlewareParts): void {
  const ends = new WeakMap<KoaContextWithOIDC, string | null>()
  const polls = new Windows(POLLED_CODES)
  library.on('authorization.success', (ctx) => ends.set(ctx, null))
  library.on('authorization.error', (ctx, error) => ends.set(ctx, error.message))
  library.use(async (context, next) => {
    const ctx = context as unknown as KoaContextWithOIDC
    try {
      requireTrail(parts)
      const client = await clientOfDocument(ctx, parts)
      if (ctx.path.startsWith('/auth')) ctx.set('Content-Security-Policy', PAGE_POLICY)
      await next()
      dropSession(ctx)
      setHeaders(ctx)
      if (ctx.path.startsWith('/.well-known/') && ctx.status === 200) {
        const document = completed(ctx.body as Metadata, parts.issuer)
        ctx.body = client === undefined ? document : narrowed(document, client)
      }
      ofDevices(ctx, polls, parts)
      await slowDown(parts, ctx)
      await note(ctx, ends, parts)
    } catch (error) {
      failed(parts, ctx, error)
      setHeaders(ctx)
    }
  })
}

/** Seconds between two questions of a device (RFC 8628 §3.2). */
const INTERVAL_S = 5
/** More of them than that in twice the time is more than clocks and networks account for. */
const POLLS: Budget = { limit: 5, lengthMs: 2 * INTERVAL_S * 1000 }
const POLLED_CODES = 10_000

/** A device that asks too often is told so (RFC 8628 §3.5); what was decided it is told at once. */
function ofDevices(ctx: KoaContextWithOIDC, polls: Windows, { now }: Recorder): void {
  const body = ctx.body as { error?: string; error_description?: string; interval?: number } | undefined
  if (ctx.path === ROUTES.device_authorization && ctx.status === 200)
    Object.assign(body ?? {}, { interval: INTERVAL_S })
  if (ctx.path !== ROUTES.token || body?.error !== 'authorization_pending') return
  const { client, params } = ctx.oidc
  const code = hash('sha256', `${client?.clientId}\n${params?.device_code}`, 'base64')
  if (polls.take(code, POLLS, now()) === 0) return
  ctx.body = { error: 'slow_down', error_description: `ask no more often than every ${INTERVAL_S} seconds` }
}

function setHeaders(ctx: KoaContextWithOIDC): void {
  ctx.set('Octroi-Request-Id', arrivalOf(ctx.req).id)
  ctx.set('X-Content-Type-Options', 'nosniff')
  ctx.set('Referrer-Policy', 'no-referrer')
}

/** The document of one application is that of all, narrowed: the library sees the path of that. */
async function clientOfDocument(ctx: KoaContextWithOIDC, { clients }: MiddlewareParts) {
  const [, id] = OF_CLIENT.exec(ctx.path) ?? []
  if (id === undefined) return undefined
  const client = await clients.find(decoded(id))
  if (client !== undefined) ctx.path = DISCOVERY
  return client
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}

/** The library's cookie of a session never leaves: the browser has ours. */
function dropSession({ res }: KoaContextWithOIDC): void {
  const set = res.getHeader('set-cookie')
  if (!Array.isArray(set)) return
  const left = set.filter(
    (line) => !line.startsWith(`${SESSION_COOKIE}=`) && !line.startsWith(`${SESSION_COOKIE}.sig=`),
  )
  if (left.length === 0) res.removeHeader('set-cookie')
  else res.setHeader('set-cookie', left)
}

/** On disk before it leaves. */
async function note(
  ctx: KoaContextWithOIDC,
  ends: WeakMap<KoaContextWithOIDC, string | null>,
  parts: MiddlewareParts,
): Promise<void> {
  const action = ACTIONS[ctx._matchedRouteName as string]
  if (action === undefined) return
  const arrival = arrivalOf(ctx.req)
  arrival.client = ctx.oidc.client?.clientId ?? null
  arrival.account = (ctx.oidc.account?.octroi as string | undefined) ?? null
  if (action === 'oidc.userinfo' && ctx.status < 400) return
  if (action === 'oidc.authorize' && !ends.has(ctx) && ctx.status < 500) return
  const code = ends.get(ctx) ?? errorIn(ctx)
  record(parts, action, arrival, { status: ctx.status, code, bytesOut: ctx.length ?? 0 })
  await parts.trail.flushed()
}

function errorIn({ body, status }: KoaContextWithOIDC): string | null {
  if (status < 400) return null
  const { error } = (typeof body === 'object' && body !== null ? body : {}) as { error?: unknown }
  return typeof error === 'string' ? error : 'server_error'
}
