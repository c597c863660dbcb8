import { setTimeout as wait } from 'node:timers/promises'

/** What RecyClique's settings hold. With a user and a password it sends Basic, with a token alone Bearer. */
export interface RecycliqueOptions {
  /** `PAHEKO_API_BASE_URL`. */
  readonly baseUrl: string
  /** `PAHEKO_API_TOKEN`. */
  readonly token?: string
  readonly user?: string
  readonly password?: string
  readonly fetch?: typeof fetch
  /** Milliseconds between two attempts; tests pass one that returns at once. */
  readonly sleep?: (ms: number) => Promise<unknown>
  readonly timeoutMs?: number
}

/** One closing to post: the two ids are the same on every attempt. */
export interface Posting {
  readonly idempotencyKey: string
  readonly correlationId: string
  readonly transaction: Readonly<Record<string, unknown>>
}

/** `quarantined` waits for a person; `failed` is a redirect, or attempts used up. */
export interface Delivery {
  readonly state: 'delivered' | 'quarantined' | 'failed'
  readonly attempts: number
  readonly lastStatus: number | null
  readonly lastBody: string
}

const MAX_ATTEMPTS = 8

/** How RecyClique, which we do not change, posts to Paheko: the contract that the gate has to keep. */
export class RecycliqueOutbox {
  readonly #options: RecycliqueOptions
  readonly #fetch: typeof fetch
  readonly #sleep: (ms: number) => Promise<unknown>

  constructor(options: RecycliqueOptions) {
    this.#options = options
    this.#fetch = options.fetch ?? fetch
    this.#sleep = options.sleep ?? wait
  }

  async deliver(posting: Posting): Promise<Delivery> {
    for (let attempts = 1; ; attempts++) {
      const { status, body } = await this.#post(posting)
      const verdict = classify(status)
      if (verdict !== 'retry') return { state: verdict, attempts, lastStatus: status, lastBody: body }
      if (attempts === MAX_ATTEMPTS) return { state: 'failed', attempts, lastStatus: status, lastBody: body }
      await this.#sleep(backoffMs(attempts))
    }
  }

  async #post(posting: Posting): Promise<{ status: number | null; body: string }> {
    try {
      const response = await this.#fetch(`${this.#options.baseUrl.replace(/\/+$/, '')}/api/accounting/transaction`, {
        method: 'POST',
        headers: this.#headers(posting),
        body: JSON.stringify(posting.transaction),
        redirect: 'manual',
        signal: AbortSignal.timeout(this.#options.timeoutMs ?? 15_000),
      })
      return { status: response.status, body: await response.text() }
    } catch {
      return { status: null, body: '' } // Refused, cut or too slow: no answer, whatever the reason.
    }
  }

  #headers(posting: Posting): Record<string, string> {
    const common = {
      Accept: 'application/json',
      'Content-Type': 'application/json',
      'Idempotency-Key': posting.idempotencyKey,
      'X-Correlation-ID': posting.correlationId,
    }
    const authorization = this.#authorization()
    return authorization === undefined ? common : { ...common, Authorization: authorization }
  }

  #authorization(): string | undefined {
    const { user, password, token } = this.#options
    if (user && password) return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
    return token ? `Bearer ${token}` : undefined
  }
}

/** A refusal is final; only what says "later", or nothing at all, is tried again. */
export function classify(status: number | null): Delivery['state'] | 'retry' {
  if (status === null || status >= 500 || status === 408 || status === 429) return 'retry'
  if (status === 409) return 'delivered' // It takes a conflict for a posting that is there already.
  if (status >= 400) return 'quarantined'
  return status >= 200 && status < 300 ? 'delivered' : 'failed'
}

/** 2, 4, 8 ... seconds, at most 900. */
export function backoffMs(attempt: number): number {
  return Math.min(2 ** attempt, 900) * 1000
}
