import type { Dispatcher } from 'undici'
import type { StoredWebhook } from '../../core/webhook_stores.ts'
import { RefusedAddress } from '../network/egress.ts'
import { upstreamError } from '../network/upstream_error.ts'
import type { Upstreams } from '../network/upstreams.ts'
import { retryAfterMs } from './schedule.ts'
import { liveSecrets, type WebhookSecrets } from './secrets.ts'
import { type SignedMessage, signatureHeaders } from './signing.ts'

/** What came of one attempt. `detail` is ours: nothing of the receiver's answer but its status is kept. */
export interface Attempt {
  readonly ok: boolean
  /** 410: the receiver wants nothing more. */
  readonly gone: boolean
  readonly status: number | null
  readonly detail: string
  readonly retryAfterMs: number | undefined
  readonly ms: number
}

const CONNECT_MS = 5_000
const TIMEOUT_MS = 15_000
const MAX_ANSWER = 1_024

/** One POST to one webhook, through the same rules of the network as every other call out (D9). */
export class WebhookSender {
  readonly secrets: WebhookSecrets
  readonly #upstreams: Upstreams
  readonly #timeoutMs: number

  constructor(upstreams: Upstreams, secrets: WebhookSecrets, timeoutMs = TIMEOUT_MS) {
    this.#upstreams = upstreams
    this.secrets = secrets
    this.#timeoutMs = timeoutMs
  }

  /** Throws for our own trouble (a secret that does not open) and when `signal` ends it; never for the receiver's faults. */
  async send(stored: StoredWebhook, message: SignedMessage, now: Date, signal?: AbortSignal): Promise<Attempt> {
    const began = performance.now()
    const keys = liveSecrets(this.secrets.open(stored), now).map(({ key }) => key)
    const timeout = AbortSignal.timeout(this.#timeoutMs)
    try {
      const headers = signatureHeaders(keys, message, now)
      const bound = signal === undefined ? timeout : AbortSignal.any([timeout, signal])
      const answer = await this.#post(stored, headers, message.body, bound)
      await readStart(answer.body)
      return {
        ...judge(answer.statusCode),
        retryAfterMs: retryAfterMs(answer.headers['retry-after'], now.getTime()),
        ms: Math.round(performance.now() - began),
      }
    } catch (error) {
      if (signal?.aborted) throw error
      const detail = timeout.aborted ? 'The receiver did not answer in time.' : failure(error)
      const ms = Math.round(performance.now() - began)
      return { ok: false, gone: false, status: null, detail, retryAfterMs: undefined, ms }
    }
  }

  #post({ webhook }: StoredWebhook, headers: readonly string[], body: string, signal: AbortSignal) {
    const url = new URL(webhook.url)
    const upstream = this.#upstreams.get(url.origin, webhook.network, CONNECT_MS)
    upstream.usedAt = performance.now()
    // Redirects are not followed: the address that was checked is the one that is told.
    return upstream.pool.request({
      method: 'POST',
      path: `${url.pathname}${url.search}`,
      headers: ['content-type', 'application/json', 'user-agent', 'Octroi', ...headers],
      body,
      signal,
    })
  }
}

function judge(status: number): Pick<Attempt, 'ok' | 'gone' | 'status' | 'detail'> {
  const ok = status >= 200 && status < 300
  const redirects = status >= 300 && status < 400 ? '; redirects are not followed' : ''
  return { ok, gone: status === 410, status, detail: `The receiver answered ${status}${redirects}.` }
}

function failure(error: unknown): string {
  if (error instanceof RefusedAddress || (error as { cause?: unknown }).cause instanceof RefusedAddress)
    return 'The address of the receiver is one that this webhook may not reach.'
  return upstreamError(error).detail.replace('service', 'receiver')
}

/** Reads at most a kilobyte, so that a short answer leaves its socket usable; the status has decided already. */
async function readStart(body: Dispatcher.ResponseData['body']): Promise<void> {
  let size = 0
  try {
    for await (const chunk of body) {
      size += (chunk as Buffer).length
      if (size > MAX_ANSWER) break
    }
  } catch {
    // Cut off, or too slow: the socket is closed, and that is all that it comes to.
  }
}
