import type Provider from 'oidc-provider'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { type AnsweringParts, failed, slowDown } from './answering.ts'
import { arrivalOf } from './arrival.ts'
import type { ProviderClients } from './client_metadata.ts'
import { SESSION_COOKIE } from './configuration.ts'
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

/** Around everything that the library does. */
export function surround(library: Provider, parts: MiddlewareParts): void {
  const ends = new WeakMap<KoaContextWithOIDC, string | null>()
  library.on('authorization.success', (ctx) => ends.set(ctx, null))
  library.on('authorization.error', (ctx, error) => ends.set(ctx, error.message))
  library.use(async (context, next) => {
    const ctx = context as unknown as KoaContextWithOIDC
    try {
      requireTrail(parts)
      const client = await clientOfDocument(ctx, parts)
      await next()
      dropSession(ctx)
      setHeaders(ctx)
      if (ctx.path.startsWith('/.well-known/') && ctx.status === 200) {
        const document = completed(ctx.body as Metadata, parts.issuer)
        ctx.body = client === undefined ? document : narrowed(document, client)
      }
      await slowDown(parts, ctx)
      await note(ctx, ends, parts)
    } catch (error) {
      failed(parts, ctx, error)
      setHeaders(ctx)
    }
  })
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
