import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AuditLine, AuditTrail } from '../core/audit.ts'
import { asOctroiError, type OctroiError } from '../core/errors.ts'
import { requestId } from '../core/ids.ts'
import type { GateMetrics } from '../core/metrics.ts'
import type { RenderProblem } from '../core/problem.ts'
import type { Admission } from '../inbound/admission.ts'
import type { Caller } from '../inbound/caller.ts'
import type { RequestHead } from '../inbound/request_head.ts'
import type { Sought, Target } from '../outbound/connections/targets.ts'
import type { Values } from '../outbound/scheme.ts'
import { CallerGone } from './caller_gone.ts'
import { answerEarly } from './early_answer.ts'
import { isoNow } from './iso_now.ts'

export interface CallRecorder {
  readonly trail: AuditTrail
  readonly metrics: GateMetrics
  readonly problem: RenderProblem
  readonly log: { error(fields: object, message: string): void; debug(fields: object, message: string): void }
}

/** Answers of a page's origin must not run as one (D1). */
const GUARDS = ['Content-Security-Policy', 'sandbox', 'X-Content-Type-Options', 'nosniff']

/** One call through the gate, from arrival to its line in the audit trail. What is not known yet is undefined. */
export class Call {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly id = requestId()
  readonly arrivedAt = performance.now()
  /** When waiting for the service begins to count: on arrival, or once a body that has to be whole first was. */
  waitsFrom = this.arrivedAt
  readonly #recorder: CallRecorder
  head: RequestHead | undefined
  caller: Caller | undefined
  admission: Admission | undefined
  connectionId: string | null = null
  /** What the call was allowed at; `target` once it is ready to be called. */
  sought: Sought | undefined
  target: Target | undefined
  /** Per-request parameters of the scheme (`Octroi-Param-...`), granted. */
  params: Values = {}
  /** The raw path below the connection until the policy has normalised it. */
  path: string | null = null
  query = ''
  bytesIn = 0
  bytesOut = 0
  #status: number | null = null
  #code: string | null = null
  #recorded = false
  /** Strict mode: settles when the `started` line is on disk. */
  started: Promise<void> | undefined

  constructor(request: IncomingMessage, response: ServerResponse, recorder: CallRecorder) {
    this.request = request
    this.response = response
    this.#recorder = recorder
  }

  get method(): string {
    return this.request.method as string
  }

  /** Headers of ours on an upstream's answer. */
  get ownHeaders(): readonly string[] {
    return ['Octroi-Request-Id', this.id, ...GUARDS]
  }

  /** In strict mode the line is on disk before anything is answered; the write overlaps with the wait for the upstream. */
  recordStart(): Promise<void> | undefined {
    const { trail } = this.#recorder
    if (trail.mode === 'batched' || this.started !== undefined) return this.started
    trail.record(this.#line('started'))
    this.started = trail.flushed()
    // It is awaited before the first byte; until then its failure must not look unhandled.
    this.started.catch(() => undefined)
    return this.started
  }

  /** The answer began: the status is what the caller was told. */
  answered(status: number, code: string | null): void {
    this.#status = status
    this.#code = code
  }

  /** Ends the call on Octroi's own account. After the upstream's answer began there is only cutting it off. */
  async refuse(error: unknown): Promise<void> {
    if (error instanceof CallerGone) {
      this.#code = 'caller_gone'
      this.finish()
      return
    }
    const known = asOctroiError(error)
    this.#log(known)
    if (this.response.headersSent) {
      this.#code = known.code
      this.response.destroy()
      this.finish()
      return
    }
    const shown = await this.#recordedOr503(known)
    // Every 502 says how the connection stands, so that a program need not ask.
    const state = shown.status === 502 ? this.#stateBehind(shown.code) : undefined
    const { status, headers, body } = this.#recorder.problem(shown, this.id, state)
    this.answered(status, shown.code)
    if (!this.response.destroyed) {
      const shownBody = this.method === 'HEAD' ? '' : body
      if (this.request.complete) this.response.writeHead(status, [...headers]).end(shownBody)
      else answerEarly(this.request, this.response, { status, headers, body: shownBody })
    }
    this.bytesOut = body.length
    this.finish()
  }

  /** The line and the figures, once. */
  finish(): void {
    if (this.#recorded) return
    this.#recorded = true
    const { trail, metrics } = this.#recorder
    const line = this.#line('finished')
    trail.record(line)
    metrics.answered(this.sought === undefined ? null : this.connectionId, line.status ?? 0, line.code, line.ms / 1000)
  }

  /** As it was read for this call, but for what this very call came to. */
  #stateBehind(code: string): string | undefined {
    const state = this.sought?.connection.state
    return code === 'reconnect_required' && (state === 'ready' || state === 'degraded') ? code : state
  }

  async #recordedOr503(error: OctroiError): Promise<OctroiError> {
    try {
      await this.recordStart()
      return error
    } catch (failure) {
      return asOctroiError(failure)
    }
  }

  #log(error: OctroiError): void {
    if (error.status < 500) return
    const { log } = this.#recorder
    const fields = { request_id: this.id, code: error.code, connection: this.connectionId, err: error.cause }
    if (error.code === 'internal') log.error(fields, error.detail)
    else log.debug(fields, error.detail)
  }

  #line(phase: AuditLine['phase']): AuditLine {
    return {
      at: isoNow(),
      request: this.id,
      action: 'proxy',
      phase,
      account: this.admission?.principal.account ?? null,
      key: this.admission?.principal.key_id ?? null,
      connection: this.connectionId,
      method: this.method,
      path: this.path,
      status: phase === 'started' ? null : this.#status,
      code: this.#code,
      bytes_in: this.bytesIn,
      bytes_out: this.bytesOut,
      ms: Math.round((performance.now() - this.arrivedAt) * 10) / 10,
      correlation: shortened(this.head?.correlationId),
      address: this.caller?.address ?? null,
      target: null,
    }
  }
}

function shortened(value: string | undefined): string | null {
  return value === undefined ? null : value.slice(0, 200)
}
