import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AuditLine } from '../core/audit.ts'
import { asOctroiError, type ErrorCode, type OctroiError } from '../core/errors.ts'
import { requestId } from '../core/ids.ts'
import type { CheckMetrics } from '../core/metrics.ts'
import type { AcceptKind, Route } from '../core/program_types.ts'
import type { Admission } from '../inbound/admission.ts'
import type { Caller } from '../inbound/caller.ts'
import type { OriginalRequest } from '../inbound/original_request.ts'
import type { RequestHead } from '../inbound/request_head.ts'
import { othersCookies, type SessionPlace, type SessionSeen } from '../inbound/session_cookie.ts'
import type { CallRecorder } from './call.ts'
import { challengeFor, withChallenge } from './challenge.ts'
import { answerEarly } from './early_answer.ts'
import type { AskedBy } from './forward_auth_target.ts'
import type { Redirect } from './host_door.ts'
import { BLANK_IDENTITY } from './identity_headers.ts'
import { isoNow } from './iso_now.ts'

export type CheckRecorder = Omit<CallRecorder, 'metrics'> & { readonly metrics: CheckMetrics }

/** What a proxy sends along of a body is thrown away, so that its connection can be used again; more than this is not waited for. */
const DRAINED_BYTES = 65_536

const PASSED = ['Octroi-Request-Id', '', 'Cache-Control', 'no-store', 'Content-Length', '0']

/** One question of a proxy, from arrival to its line in the audit trail. What is not known yet is undefined. */
export class Check {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly askedBy: AskedBy
  readonly id = requestId()
  readonly arrivedAt = performance.now()
  readonly #recorder: CheckRecorder
  head: RequestHead | undefined
  caller: Caller | undefined
  original: OriginalRequest | undefined
  /** Of the original request, for the trail: normalised once the policy has read it. */
  path: string | null = null
  route: Route | undefined
  /** What the route that decides takes. */
  wanted: readonly AcceptKind[] = []
  admission: Admission | undefined
  /** Where a session would be good, and what became of one. */
  place: SessionPlace | undefined
  session: SessionSeen | undefined
  /** Who it is, where no admission says so. */
  account: string | null = null
  /** What it came to. */
  outcome: { readonly status: number; readonly error: OctroiError | null } | undefined

  constructor(request: IncomingMessage, response: ServerResponse, askedBy: AskedBy, recorder: CheckRecorder) {
    this.request = request
    this.response = response
    this.askedBy = askedBy
    this.#recorder = recorder
  }

  /** `identity`: a flat list, every identity header in it. */
  pass(identity: readonly string[]): undefined | Promise<undefined> {
    const headers = PASSED.concat(identity)
    headers[1] = this.id
    if (this.askedBy.handsCookies) headers.push(...this.#cookies())
    return this.#end(200, null, headers, '')
  }

  /** What the application may see of the caller's cookies, for proxies that cannot take single ones out. */
  #cookies(): readonly string[] {
    const others = this.head && othersCookies(this.head)
    return others === undefined ? [] : ['Cookie', others]
  }

  /** Sends a browser elsewhere: `refusal`, because it may not pass as it is. nginx takes no 302; its configuration makes one. */
  redirect({ location, cookie }: Redirect, refusal: OctroiError | null = null): undefined | Promise<undefined> {
    const headers = PASSED.concat(BLANK_IDENTITY, 'Referrer-Policy', 'no-referrer')
    headers[1] = this.id
    if (cookie !== null) headers.push('Set-Cookie', cookie)
    if (!this.askedBy.nginx) return this.#end(302, refusal, headers.concat('Location', location), '')
    return this.#end(401, refusal, headers.concat('Octroi-Redirect', location), '')
  }

  /** Answers with what is wrong. */
  refuse(error: unknown): undefined | Promise<undefined> {
    const known = asOctroiError(error)
    this.#log(known)
    const { status, headers, body } = this.#recorder.problem(known, this.id)
    const shown = this.askedBy.nginx ? statusForNginx(status) : status
    const challenge = challengeFor(this.wanted, error)
    const said = [...withChallenge(headers, challenge), ...BLANK_IDENTITY]
    return this.askedBy.nginx ? this.#end(shown, known, withoutBody(said), '') : this.#end(shown, known, said, body)
  }

  /** In strict mode the line is on disk before anything is answered. */
  #end(
    status: number,
    error: OctroiError | null,
    headers: readonly string[],
    body: string,
  ): undefined | Promise<undefined> {
    if (this.#recorder.trail.mode === 'strict') return this.#endStrictly(status, error, headers, body)
    this.#send(status, headers, body)
    this.#record(status, error, body.length)
    return undefined
  }

  async #endStrictly(
    status: number,
    error: OctroiError | null,
    headers: readonly string[],
    body: string,
  ): Promise<undefined> {
    this.#record(status, error, body.length)
    try {
      await this.#recorder.trail.flushed()
    } catch (failure) {
      const known = asOctroiError(failure)
      const problem = this.#recorder.problem(known, this.id)
      this.#send(problem.status, [...problem.headers, ...BLANK_IDENTITY], problem.body)
      this.#record(problem.status, known, problem.body.length)
      return
    }
    this.#send(status, headers, body)
  }

  #send(status: number, headers: readonly string[], body: string): void {
    const { request, response, head } = this
    if (response.destroyed || response.headersSent) return
    if (request.method === 'HEAD') body = ''
    if (head !== undefined && head.transferEncoding === undefined && isNothing(head.contentLength))
      response.writeHead(status, headers as string[]).end(body)
    else if (request.complete || this.#drains()) response.writeHead(status, [...headers]).end(body)
    else answerEarly(request, response, { status, headers, body })
  }

  /** Whether the rest of the request is short, and comes by itself: who waits for a 100 may never send it (RFC 9110 §10.1.1). */
  #drains(): boolean {
    const { headers } = this.request
    if (headers['transfer-encoding'] !== undefined || headers.expect !== undefined) return false
    return Number(headers['content-length'] ?? 0) <= DRAINED_BYTES
  }

  #record(status: number, error: OctroiError | null, bytesOut: number): void {
    this.outcome = { status, error }
    const code = error?.code ?? null
    const line = this.#line(status, code, bytesOut)
    this.#recorder.trail.record(line)
    this.#recorder.metrics.checked(this.route?.id ?? null, status, code, line.ms / 1000)
  }

  #log(error: OctroiError): void {
    if (error.status < 500) return
    const { log } = this.#recorder
    const fields = { request_id: this.id, code: error.code, route: this.route?.id ?? null, err: error.cause }
    if (error.code === 'internal') log.error(fields, error.detail)
    else log.debug(fields, error.detail)
  }

  #line(status: number, code: ErrorCode | null, bytesOut: number): AuditLine {
    const principal = this.admission?.principal
    return {
      at: isoNow(),
      request: this.id,
      action: 'forward-auth',
      phase: 'finished',
      account: principal?.account ?? this.account,
      key: principal?.key_id ?? null,
      connection: null,
      method: this.original?.method.slice(0, 40) ?? null,
      path: this.path,
      status,
      code,
      bytes_in: 0,
      bytes_out: bytesOut,
      ms: Math.round((performance.now() - this.arrivedAt) * 10) / 10,
      correlation: this.head?.correlationId?.slice(0, 200) ?? null,
      address: this.caller?.address ?? null,
      target: this.route === undefined ? null : `route:${this.route.id}`,
    }
  }
}

function isNothing(contentLength: string | undefined): boolean {
  return contentLength === undefined || contentLength === '0'
}

/** `auth_request` knows 2xx, 401 and 403 alone, and makes a 500 of the rest; that it does for 5xx is right. */
function statusForNginx(status: number): number {
  return status >= 400 && status < 500 && status !== 401 ? 403 : status
}

/**
 * nginx shows its caller nothing of a body, and closes the connection that a body came on instead of using it again
 * (ngx_http_auth_request_module).
 */
function withoutBody(headers: readonly string[]): readonly string[] {
  return headers.flatMap((name, i) => {
    if (i % 2 === 1 || name === 'Content-Type') return []
    return [name, name === 'Content-Length' ? '0' : (headers[i + 1] as string)]
  })
}
