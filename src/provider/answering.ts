import type { Configuration, errors, KoaContextWithOIDC } from 'oidc-provider'
import { asOctroiError, OctroiError } from '../core/errors.ts'
import { arrivalOf } from './arrival.ts'
import { clientOf } from './client_metadata.ts'
import { type ErrorPage, OWN_TROUBLE, oauthError } from './failure.ts'

/** What the library's answers become before they go out. */

export interface AnsweringParts {
  readonly errorPage: ErrorPage
  /** What slows down who guesses the secrets of applications. */
  readonly guard: { refused(address: string, refusal: OctroiError): OctroiError | Promise<OctroiError> }
  readonly log: { error(fields: object, message: string): void }
}

type RenderError = NonNullable<Configuration['renderError']>
type Context = Parameters<RenderError>[0]
type OAuthBody = { readonly error?: unknown; readonly error_description?: unknown }

/** Somebody in a browser: no application can be told. */
export function errorRenderer({ errorPage }: AnsweringParts): RenderError {
  return (ctx, out, error) => {
    const { status, retryAfter } = ownTrouble(error)
    const page = errorPage({
      status: status ?? Math.max(ctx.status, 400),
      error: status === 503 ? OWN_TROUBLE : out.error,
      description: status === undefined ? out.error_description : undefined,
      client: knownClient(ctx),
      requestId: arrivalOf(ctx.req).id,
      cookie: ctx.req.headers.cookie,
      acceptLanguage: ctx.req.headers['accept-language'],
    })
    ctx.status = page.status
    for (let i = 0; i < page.headers.length; i += 2) ctx.set(page.headers[i] as string, page.headers[i + 1] as string)
    if (retryAfter !== undefined) ctx.set('Retry-After', String(retryAfter))
    ctx.body = page.body
  }
}

/** 503 where the store is away, 500 for what is our own fault: in the log with the request id, and nothing of it in the answer. */
export function onServerError({ log }: AnsweringParts): (ctx: KoaContextWithOIDC, error: Error) => void {
  return (ctx, error) => {
    const { id } = arrivalOf(ctx.req)
    const known = asOctroiError(error)
    log.error({ request_id: id, err: known.cause ?? known }, 'the OpenID provider failed')
    if (typeof ctx.body !== 'object' || ctx.body === null || (ctx.body as OAuthBody).error === undefined) return
    const { status = 500, retryAfter } = ownTrouble(error)
    ctx.status = status
    ctx.body = { error: status === 503 ? OWN_TROUBLE : 'server_error', error_description: descriptionOf(known) }
    if (retryAfter !== undefined) ctx.set('Retry-After', String(retryAfter))
  }
}

/** What goes wrong around the library: nothing of what it would have answered leaves, no code and no cookie. */
export function failed(parts: AnsweringParts, ctx: Context, error: unknown): void {
  for (const name of ctx.res.getHeaderNames()) ctx.remove(name)
  ctx.status = 500
  ctx.body = { error: 'server_error' }
  onServerError(parts)(ctx as KoaContextWithOIDC, error as Error)
  if (ctx.path.startsWith('/auth')) errorRenderer(parts)(ctx, { error: 'server_error' }, error as Error)
}

/** A wrong secret, or an application that is not known: the same refusal, late where somebody guesses. */
export async function slowDown({ guard }: AnsweringParts, ctx: Context): Promise<void> {
  if (ctx.status !== 401 || (ctx.body as OAuthBody | undefined)?.error !== 'invalid_client') return
  const arrival = arrivalOf(ctx.req)
  const refusal = new OctroiError('unauthenticated', 'client authentication failed')
  const answer = await guard.refused(arrival.address ?? '', refusal)
  if (answer.code !== 'rate_limited') return
  const { status, body, headers } = oauthError(429, OWN_TROUBLE, answer.detail, arrival.id, answer.retryAfter)
  ctx.status = status
  for (let i = 0; i < headers.length; i += 2) ctx.set(headers[i] as string, headers[i + 1] as string)
  ctx.body = body
}

function ownTrouble(error: unknown): { readonly status?: number; readonly retryAfter?: number | undefined } {
  if (error instanceof OctroiError && error.status >= 500) return { status: error.status, retryAfter: error.retryAfter }
  return (error as Partial<errors.OIDCProviderError>).expose === true ? {} : { status: 500 }
}

function descriptionOf({ status, detail }: OctroiError): string {
  return status === 503 ? detail : 'The log has the details under the request id.'
}

function knownClient(ctx: Context) {
  try {
    return clientOf(ctx.oidc.client)
  } catch {
    return undefined
  }
}
