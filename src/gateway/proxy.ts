import type { IncomingMessage, ServerResponse } from 'node:http'
import { OctroiError } from '../core/errors.ts'
import { ID_PATTERN } from '../core/ids.ts'
import type { HotReads } from '../core/stores.ts'
import {
  type Admission,
  type Admissions,
  missingCredential,
  requireUsable,
  requireWithinLimit,
} from '../inbound/admissions.ts'
import type { Caller, Callers } from '../inbound/caller.ts'
import { presentedSecret } from '../inbound/credentials.ts'
import { containsKey } from '../inbound/key_format.ts'
import { readHead } from '../inbound/request_head.ts'
import type { ConnectionHealth } from '../outbound/health.ts'
import type { Target, Targets } from '../outbound/targets.ts'
import { compileRights, grantAppliesTo, type Rights } from '../policy/grants.ts'
import { normalisePath } from '../policy/path.ts'
import { holdsPermission } from '../policy/permissions.ts'
import type { RateLimiter } from '../policy/rate_limit.ts'
import { BodyRelay, readBody, tooLarge } from './body_relay.ts'
import { Call, type CallRecorder } from './call.ts'
import { CallerGone } from './caller_gone.ts'
import { Deadlines } from './deadlines.ts'
import { type AnswerSink, Exchange, type ExchangeEvents, type Renewal, type RequestBody } from './exchange.ts'
import { isSafeMethod, Lanes } from './lanes.ts'
import { type Claim, MAX_KEPT_BYTES, type Replays } from './replays.ts'
import { CallerSink, type KeptAnswer, MemorySink } from './sinks.ts'

export interface ProxyParts extends CallRecorder {
  readonly hot: HotReads
  readonly callers: Callers
  readonly admissions: Admissions
  readonly limiter: RateLimiter
  readonly targets: Targets
  readonly health: ConnectionHealth
  readonly replays: Replays
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

const PREFIX = '/proxy/'
/** Longer than any id; what is cut matches none. */
const MAX_ID = 100
/** A last use is noted at most once a minute per key. */
const NOTE_USE_MS = 60_000

type Ends = Pick<ExchangeEvents, 'done' | 'failed'>

interface Passage {
  readonly target: Target
  readonly rights: Rights
}

/**
 * `ANY /proxy/{connection}/{path}?{query}`: the six steps of a call. A step that refuses throws; what is thrown is answered, and
 * every call ends in one line of the audit trail.
 */
export class Gate {
  readonly #parts: ProxyParts
  readonly #lanes = new Lanes()
  readonly #deadlines = new Deadlines()

  constructor(parts: ProxyParts) {
    this.#parts = parts
  }

  handle(request: IncomingMessage, response: ServerResponse, target: string): void {
    const call = new Call(request, response, this.#parts)
    this.#run(call, target).catch((error) => call.refuse(error))
  }

  close(): void {
    this.#deadlines.close()
  }

  async #run(call: Call, target: string): Promise<void> {
    // Read before anything that it vouches for is loaded.
    const asked = this.#parts.hot.version()
    const version = typeof asked === 'number' ? asked : await asked
    const rawPath = match(call, target)
    const found = authenticate(call, this.#parts, version)
    // Known before it is judged: a refused key is in the trail under its id.
    call.admission = found instanceof Promise ? await found : found
    const admission = requireUsable(call.admission, (call.caller as Caller).address, this.#parts.now())
    requireWithinLimit(admission, this.#parts.limiter, this.#parts.now())
    const sought = this.#sought(version, call.connectionId as string, admission)
    authorise(call, admission, sought instanceof Promise ? await sought : sought, rawPath)
    this.#noteUse(admission)
    if (this.#parts.trail.full)
      throw new OctroiError('store_unavailable', 'The audit trail cannot be written now.', { retryAfter: 5 })
    call.recordStart()
    await this.#forward(call)
  }

  /** That a connection cannot be used now is told only to a key that was granted something that it could be. */
  #sought(version: number, id: string, { principal }: Admission): ReturnType<Targets['find']> {
    const hide = (error: unknown): never => {
      const mayKnow = principal.grants.some((grant) => grant.connection === id || grant.connector !== undefined)
      throw mayKnow ? error : notGranted()
    }
    const sought = this.#parts.targets.find(version, id)
    return sought instanceof Promise ? sought.catch(hide) : sought
  }

  /** Steps four to six: signing happens in the exchange, recording when the call is over. */
  async #forward(call: Call): Promise<void> {
    const target = call.target as Target
    // He may have left while his rights were looked up: nobody would be told of that any more.
    if (call.request.socket.destroyed) throw new CallerGone()
    const key = call.head?.idempotencyKey
    const replaySeconds = target.connection.options.replay_s ?? 0
    if (replaySeconds > 0 && key !== undefined && !isSafeMethod(call.method))
      await this.#forwardOnce(call, key, replaySeconds)
    else this.#exchange(call, bodyOf(call), new CallerSink(call, (error) => call.refuse(error)))
  }

  /** With a kept answer: the call goes on when the caller leaves, so that his next request finds it. */
  async #forwardOnce(call: Call, key: string, keepSeconds: number): Promise<void> {
    if (Number(call.head?.contentLength ?? 0) > MAX_KEPT_BYTES) throw tooLarge(MAX_KEPT_BYTES)
    acceptBody(call)
    const body = await readBody(call.request, Math.min(MAX_KEPT_BYTES, (call.target as Target).limits.request_bytes))
    call.bytesIn = body.length
    const claim = await this.#parts.replays.claim(call, key, body, keepSeconds)
    if ('status' in claim) return answer(call, claim, ['Idempotent-Replayed', 'true'])
    let exchange: Exchange | undefined
    const sink = new MemorySink(MAX_KEPT_BYTES, () => {
      // The service has acted: that there is no answer to keep must not make it act again.
      void this.#settle(claim, sink.answer)
      watchCaller(call, () => exchange?.cancel())
      return new CallerSink(call, (error) => call.refuse(error))
    })
    try {
      await new Promise<void>((resolve, reject) => {
        exchange = this.#exchange(call, body, sink, { done: resolve, failed: reject })
      })
    } catch (error) {
      if (!sink.answer.tooLarge) await this.#parts.replays.release(claim).catch(() => undefined)
      throw error
    }
    if (sink.answer.tooLarge) return call.finish()
    await this.#settle(claim, sink.answer)
    await answer(call, sink.answer)
  }

  /** The answer is true whether it could be kept or not: a caller who is told to try again would post twice. */
  async #settle(claim: Claim, kept: KeptAnswer): Promise<void> {
    await this.#parts.replays.settle(claim, kept).catch((error) => {
      this.#parts.log.error({ err: error }, 'an answer could not be kept')
    })
  }

  #exchange(
    call: Call,
    body: RequestBody,
    sink: AnswerSink,
    ends: Ends = { done: () => call.finish(), failed: (error) => void call.refuse(error) },
  ): Exchange {
    const target = call.target as Target
    const isWrite = !isSafeMethod(call.method)
    const lane = this.#lanes.get(target.connection.id)
    let entered = false
    const leave = () => {
      if (entered) lane.leave(isWrite, target.limits)
      if (body instanceof BodyRelay) call.bytesIn = body.received
    }
    const exchange = new Exchange(call, body, sink, this.#events(target, leave, ends), this.#deadlines)
    const start = () => {
      entered = true
      exchange.send()
    }
    if (sink instanceof CallerSink) watchCaller(call, () => exchange.cancel())
    if (lane.enter(isWrite, target.limits, start)) start()
    else exchange.waitForTurn(() => lane.forget(start))
    return exchange
  }

  #events(target: Target, leave: () => void, ends: Ends): ExchangeEvents {
    const { health } = this.#parts
    const inBackground = (work: Promise<unknown>) => {
      work.catch((error) => this.#parts.log.error({ err: error }, 'the state of a connection could not be recorded'))
    }
    return {
      renewal: (refused) => this.#renewal(refused),
      onRefused: (refused) => inBackground(health.refused(refused)),
      onNextAccepted: ({ connection, secretsVersion }) =>
        inBackground(health.switchOver(connection.id, 'refused', secretsVersion)),
      done() {
        leave()
        if (target.connection.state === 'degraded') inBackground(health.succeeded(target))
        ends.done()
      },
      failed(error) {
        leave()
        ends.failed(error)
      },
    }
  }

  /** A call that waited for its turn was compiled with the secrets of when it came: meanwhile there may be others. */
  async #renewal(refused: Target): Promise<Renewal | undefined> {
    if (refused.next !== null) return { target: refused, signature: refused.next, isNext: true }
    const { hot, targets } = this.#parts
    const now = await targets.find(await hot.version(), refused.connection.id)
    if (now === undefined || now.secretsVersion === refused.secretsVersion) return undefined
    // Another address is another decision than the one that was made for this call.
    if (now.upstream !== refused.upstream || now.basePath !== refused.basePath) return undefined
    const isSame = JSON.stringify(now.signature) === JSON.stringify(refused.signature)
    if (!isSame) return { target: now, signature: now.signature, isNext: false }
    return now.next === null ? undefined : { target: now, signature: now.next, isNext: true }
  }

  #noteUse(admission: Admission): void {
    const now = this.#parts.now()
    if (now - admission.notedAt < NOTE_USE_MS) return
    admission.notedAt = now
    this.#parts.trail.noteUse(admission.principal.key_id, new Date(now).toISOString())
  }
}

/** Step one: which connection, which path. Returns the path as it was sent. */
function match(call: Call, target: string): string {
  refuseMethod(call.method)
  const question = target.indexOf('?')
  const pathEnd = question === -1 ? target.length : question
  const slash = target.indexOf('/', PREFIX.length)
  const idEnd = slash === -1 || slash > pathEnd ? pathEnd : slash
  // A key that strayed into the URL is not for the trail, and goes no further (see `refuseUrl`).
  const strayed = containsKey(target)
  call.connectionId = strayed ? null : target.slice(PREFIX.length, Math.min(idEnd, PREFIX.length + MAX_ID))
  call.query = question === -1 ? '' : target.slice(question + 1)
  const path = idEnd === pathEnd ? '/' : target.slice(idEnd, pathEnd)
  // For the trail, until the policy has read it.
  call.path = strayed ? null : path.slice(0, 2_048)
  return path
}

function refuseMethod(method: string): void {
  if (method === 'CONNECT' || method === 'TRACE') {
    throw new OctroiError('method_not_allowed', `${method} is not served.`)
  }
}

/** Step two: who calls, from where, with what. */
function authenticate(
  call: Call,
  parts: ProxyParts,
  version: number,
): Admission | undefined | Promise<Admission | undefined> {
  const head = readHead(call.request.rawHeaders)
  call.head = head
  call.caller = parts.callers.identify(call.request.socket, head)
  // h2c is an offer that may be ignored (RFC 9110 §7.8); anything else would need the connection itself.
  if (head.upgrade !== undefined && head.upgrade.toLowerCase() !== 'h2c') {
    throw new OctroiError('unsupported', 'Upgraded connections (WebSocket) do not pass the gate.')
  }
  if (head.fetchMode === 'navigate') {
    throw new OctroiError('csrf_rejected', 'The gate is for programs: a browser may not open it as a page.')
  }
  refuseUrl(call)
  const secret = presentedSecret(head)
  if (secret === null) throw missingCredential()
  return parts.admissions.find(version, secret)
}

function refuseUrl({ query, path }: Call): void {
  if (query !== '' && /[^\x21-\x7e]|#/.test(query))
    throw new OctroiError('unsafe_path', 'The query contains a character that must be percent-encoded.')
  if (path === null) {
    throw new OctroiError(
      'invalid_request',
      'A key was sent in the URL, where logs keep it. Revoke it, and send the new one in a header.',
    )
  }
}

/** Step three: may they. A connection that does not exist and one that was not granted answer alike. */
function authorise(call: Call, admission: Admission, target: Target | undefined, rawPath: string): void {
  const id = call.connectionId as string
  if (target === undefined) throw unknownConnection(id, admission)
  const { rights } = passage(admission, target)
  const path = normalisePath(rawPath, { encodedSlash: target.connector.encoded_slash === 'allow' })
  call.path = path
  const decision = rights.decide(call.method, path)
  if (decision === 'not_granted') throw notGranted()
  call.target = target
  if (decision === 'never_allowed') {
    throw new OctroiError(
      'never_allowed',
      `The connector ${target.connector.id} never lets this through, whatever the grants.`,
    )
  }
  requireCallable(target)
  const length = Number(call.head?.contentLength ?? 0)
  if (length > target.limits.request_bytes) throw tooLarge(target.limits.request_bytes)
}

function passage(admission: Admission, target: Target): Passage {
  const kept = admission.compiled.get(target.connection.id) as Passage | undefined
  if (kept?.target === target) return kept
  // Before the path is looked at: what is wrong with it would tell that the connection exists.
  if (!admission.principal.grants.some((grant) => grantAppliesTo(grant, target.connection))) throw notGranted()
  const made = { target, rights: compileRights(admission.principal.grants, target.connection, target.connector) }
  admission.compiled.set(target.connection.id, made)
  return made
}

function requireCallable({ connection }: Target): void {
  const { state, state_reason } = connection
  if (state === 'ready' || state === 'degraded') return
  const why =
    state === 'suspended' ? 'it was restored from a backup and is not activated' : (state_reason ?? `it is ${state}`)
  throw new OctroiError('reconnect_required', `The connection ${connection.id} needs a person: ${why}.`, {
    retryAfter: 60,
  })
}

function unknownConnection(id: string, { principal }: Admission): OctroiError {
  if (!ID_PATTERN.test(id) && /[^\w.~-]/.test(id))
    return new OctroiError('unsafe_path', 'The name of the connection is not one.')
  if (!holdsPermission(principal.permissions, '*')) return notGranted()
  return new OctroiError('not_found', `There is no connection ${id}.`)
}

function notGranted(): OctroiError {
  return new OctroiError(
    'not_granted',
    'This key was not granted this method and path at this connection, or there is no such connection.',
  )
}

function bodyOf(call: Call): RequestBody {
  const { contentLength, transferEncoding } = call.head as NonNullable<typeof call.head>
  if (transferEncoding === undefined && (contentLength === undefined || contentLength === '0')) return null
  acceptBody(call)
  const target = call.target as Target
  return new BodyRelay(call.request, target.limits.request_bytes)
}

/** An upstream that nobody aborts works on for a caller who has left. */
function watchCaller({ request, response }: Call, onGone: () => void): void {
  response.once('close', () => {
    if (!response.writableFinished) onGone()
  })
  if (response.socket !== null) return
  // An answer that waits behind others on its connection is not told when that closes.
  const { socket } = request
  socket.setMaxListeners(0).once('close', onGone)
  response.once('close', () => socket.off('close', onGone))
}

/** `Expect: 100-continue` is answered now that the call is allowed (RFC 9110 §10.1.1). */
function acceptBody(call: Call): void {
  if (call.request.headers.expect !== undefined) call.response.writeContinue()
}

async function answer(call: Call, kept: KeptAnswer, extra: readonly string[] = []): Promise<void> {
  await call.started
  call.answered(kept.status, null)
  if (!call.response.destroyed) {
    // Our own headers stand in front; those of the request that is answered now take the place of those of the first.
    const headers = [...call.ownHeaders, ...kept.headers.slice(call.ownHeaders.length), ...extra]
    call.response.writeHead(kept.status, headers)
    call.response.end(kept.body)
  }
  call.bytesOut = kept.body.length
  call.finish()
}
