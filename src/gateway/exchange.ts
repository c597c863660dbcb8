import type { Dispatcher } from 'undici'
import { asOctroiError, OctroiError } from '../core/errors.ts'
import type { Target } from '../outbound/connections/targets.ts'
import { upstreamError } from '../outbound/network/upstream_error.ts'
import { credentialRefused, refusalNeedsBody, refusalText } from '../outbound/refusal.ts'
import type { Signature } from '../outbound/scheme.ts'
import type { BodyRelay } from './body_relay.ts'
import type { Call } from './call.ts'
import { CallerGone } from './caller_gone.ts'
import type { Deadlines, Watched } from './deadlines.ts'
import { callerHeaders, contentLength, headerOf } from './headers.ts'
import { isSafeMethod } from './lanes.ts'
import { outgoing } from './outgoing.ts'
import type { AnswerSink } from './sinks.ts'

export type RequestBody = BodyRelay | Buffer | null

/** What the gate wants to know of an exchange. Exactly one of `done` and `failed` is told, once. */
export interface ExchangeEvents {
  /** With what a refused call may be made once more: the next secrets, or those that the connection holds by now. */
  renewal(refused: Target): Promise<Renewal | undefined>
  /** Others wait for the place that this call holds. */
  othersWait(): boolean
  /** The upstream refused our credential, and there was no other. */
  onRefused(target: Target): void
  /** It refused the current secrets and took the `next` ones. */
  onNextAccepted(target: Target): void
  done(): void
  failed(error: unknown): void
}

export interface Renewal {
  readonly target: Target
  readonly signature: Signature
  /** The signature is made of the secrets that the connection changes over to. */
  readonly isNext: boolean
}

const REFUSAL_BODY_BYTES = 64 * 1024
/** What a caller must have sent to be given more time while others wait for his place. */
const FAIR_BYTES = 64 * 1024

/** What is left for a renewal and the second attempt, at least. */
const REPEAT_MS = 3_000

type Judged = 'open' | 'judging' | 'passing' | 'refused'

/**
 * One call to the upstream: signed, sent, its answer judged and passed on. Implements undici's dispatch handler, the lowest level
 * that does HTTP/1.1 for us: no stream object, no promise and no header object per call.
 */
export class Exchange implements Dispatcher.DispatchHandler, Watched {
  readonly #call: Call
  #target: Target
  readonly #body: RequestBody
  readonly #sink: AnswerSink
  readonly #events: ExchangeEvents
  readonly #deadlines: Deadlines
  deadline: number
  place = -1
  #controller: Dispatcher.DispatchController | undefined
  #signature: Signature
  #repeated = false
  #renewal: Renewal | undefined
  #sawByte = false
  #judged: Judged = 'open'
  #over = false
  #forget: (() => void) | undefined
  #cancelled: Error | undefined
  #status = 0
  #held: Buffer[] = []
  #heldBytes = 0
  #rawHeaders: readonly (Buffer | string)[] = []

  constructor(call: Call, body: RequestBody, sink: AnswerSink, events: ExchangeEvents, deadlines: Deadlines) {
    this.#call = call
    this.#target = call.target as Target
    this.#body = body
    this.#sink = sink
    this.#events = events
    this.#deadlines = deadlines
    this.#signature = this.#target.signature
    this.deadline = call.waitsFrom + this.#target.firstByteMs
    if (body !== null && !Buffer.isBuffer(body)) this.#waitWhileSending(body)
  }

  /** While the caller is still sending, the upstream is not late. But whoever sends drop by drop must not hold up those behind him. */
  #waitWhileSending(body: BodyRelay): void {
    let counted = 0
    body.onProgress = () => {
      if (this.#sawByte) return
      if (!body.complete && this.#events.othersWait() && body.received - counted < FAIR_BYTES) return
      counted = body.received
      this.deadline = performance.now() + this.#target.firstByteMs
    }
  }

  send(): void {
    this.#forget = undefined
    this.#deadlines.watch(this)
    this.#dispatch(this.#body)
  }

  /** The caller is gone: an upstream that nobody aborts would keep its socket for good. */
  cancel(): void {
    this.#abort(new CallerGone())
  }

  /** All places of the connection are taken: waiting for one counts as waiting for the first byte. */
  waitForTurn(forget: () => void): void {
    this.#forget = forget
    this.#deadlines.watch(this)
  }

  expire(): void {
    if (this.#forget !== undefined) {
      this.#abort(new OctroiError('busy', 'No place became free for this call in time.', { retryAfter: 2 }))
      return
    }
    this.#abort(new OctroiError('upstream_timeout', 'The service did not answer in time.', { retryAfter: 5 }))
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#cancelled !== undefined) controller.abort(this.#cancelled)
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    // Interim answers (100, 103) are for the hop that they came over.
    if (status < 200) return
    this.#sawByte = true
    this.#touch()
    this.#status = status
    this.#rawHeaders = (controller.rawHeaders ?? []) as readonly (Buffer | string)[]
    if (credentialRefused(this.#target.connector, status)) this.#judged = 'refused'
    else if (refusalNeedsBody(this.#target.connector, status)) this.#judged = 'judging'
    else this.#begin(controller)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#touch()
    if (this.#judged === 'passing') {
      if (!this.#sink.write(chunk, () => controller.resume())) controller.pause()
    } else if (this.#judged === 'judging') {
      this.#held.push(chunk)
      this.#heldBytes += chunk.length
      if (this.#heldBytes > REFUSAL_BODY_BYTES) this.#judge(controller)
    } else {
      // What a refusal goes on to say is nobody's; one that does not end is cut.
      this.#heldBytes += chunk.length
      if (this.#heldBytes > REFUSAL_BODY_BYTES) controller.abort(new Error('the service refused the credential'))
    }
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    if (this.#judged === 'judging') this.#judge(controller)
    if (this.#judged === 'refused') {
      void this.#afterRefusal()
      return
    }
    this.#end()
    this.#sink.end()
    // A service in trouble has not said what it thinks of the secret.
    if (this.#renewal?.isNext && this.#status < 500) this.#events.onNextAccepted(this.#target)
    this.#events.done()
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (this.#over) return
    if (this.#judged === 'refused' && this.#cancelled === undefined) {
      void this.#afterRefusal()
      return
    }
    if (this.#mayRepeat(error)) {
      this.#repeated = true
      this.#dispatch(this.#body)
      return
    }
    this.#end()
    this.#events.failed(this.#cancelled ?? this.#bodyFault() ?? upstreamError(error))
  }

  #dispatch(body: RequestBody): void {
    const { upstream } = this.#target
    upstream.usedAt = performance.now()
    // The one of an attempt before aborts nothing any more.
    this.#controller = undefined
    try {
      upstream.pool.dispatch(
        {
          method: this.#call.method as Dispatcher.HttpMethod,
          ...outgoing(this.#call, this.#target, this.#signature, body),
          body: body ?? null,
        } as Dispatcher.DispatchOptions,
        this,
      )
    } catch (error) {
      this.#end()
      this.#events.failed(upstreamError(error))
    }
  }

  #begin(controller: Dispatcher.DispatchController): void {
    this.#judged = 'passing'
    const keepCookies = this.#target.connector.cookies === 'keep'
    const headers = callerHeaders(this.#rawHeaders, this.#call.ownHeaders, keepCookies)
    const mayGoOn = this.#sink.begin(this.#status, headers, contentLength(this.#rawHeaders), () => controller.resume())
    if (!mayGoOn) controller.pause()
  }

  #judge(controller: Dispatcher.DispatchController): void {
    const body = Buffer.concat(this.#held)
    this.#held = []
    const encoding = headerOf(this.#rawHeaders, 'content-encoding')
    if (credentialRefused(this.#target.connector, this.#status, refusalText(body, encoding))) {
      this.#judged = 'refused'
      return
    }
    this.#begin(controller)
    if (body.length > 0 && !this.#sink.write(body, () => controller.resume())) controller.pause()
  }

  /** With other secrets at hand and the body still known, once more; the service did not act on the first call. */
  async #afterRefusal(): Promise<void> {
    const body = this.#body === null || Buffer.isBuffer(this.#body) ? this.#body : this.#body.replay
    // This attempt is over: whoever ends the exchange meanwhile must not wait for it.
    this.#controller = undefined
    this.#sawByte = false
    this.deadline = Math.max(this.#call.waitsFrom + this.#target.firstByteMs, performance.now() + REPEAT_MS)
    const first = this.#renewal === undefined
    const renewal = first ? await this.#events.renewal(this.#target).catch((error) => asOctroiError(error)) : undefined
    if (this.#over) return
    if (renewal === undefined || renewal instanceof OctroiError) this.#giveUp(renewal)
    else if (body === undefined) this.#giveUp(renewal.isNext ? undefined : tooLargeToRepeat())
    else {
      this.#renewal = renewal
      this.#target = renewal.target
      this.#signature = renewal.signature
      this.#heldBytes = 0
      this.#judged = 'open'
      this.#dispatch(body)
    }
  }

  /** What is wrong with the connection is known where its renewal failed, and looked into where there was none. */
  #giveUp(fault: OctroiError | undefined): void {
    const known = fault !== undefined && fault.status >= 502 ? fault : undefined
    // Not before: while other secrets may still do, nothing is wrong with the connection.
    if (known === undefined) this.#events.onRefused(this.#target)
    this.#end()
    const detail = 'The service refused the secret that Octroi holds for this connection.'
    this.#events.failed(known ?? new OctroiError('upstream_rejected_credential', detail, { retryAfter: 60 }))
  }

  /**
   * A socket that was kept open may have been closed by the other side just now. A call that changes nothing may then be made
   * again (RFC 9110 §9.2.2); one that writes never is.
   */
  #mayRepeat(error: Error): boolean {
    const code = (error as { code?: string }).code
    const closed = code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE'
    if (!closed || this.#repeated || this.#sawByte || this.#cancelled !== undefined) return false
    return this.#body === null && isSafeMethod(this.#call.method)
  }

  /** Why the body stopped, when that is what ended the exchange. */
  #bodyFault(): Error | undefined {
    const { errored } = this.#body === null || Buffer.isBuffer(this.#body) ? { errored: null } : this.#body
    return errored instanceof OctroiError || errored instanceof CallerGone ? errored : undefined
  }

  #abort(error: Error): void {
    if (this.#over) return
    this.#cancelled = error
    this.#forget?.()
    if (this.#controller !== undefined) this.#controller.abort(error)
    else {
      // Not sent yet: undici aborts it when its turn comes; nobody waits for that.
      this.#end()
      this.#events.failed(error)
    }
  }

  #touch(): void {
    this.deadline = performance.now() + this.#target.idleMs
  }

  #end(): void {
    this.#over = true
    this.#deadlines.release(this)
  }
}

function tooLargeToRepeat(): OctroiError {
  const detail =
    'The service refused the token, which was renewed; this call is too large to be repeated: make it again.'
  return new OctroiError('upstream_rejected_credential', detail, { retryAfter: 1 })
}
