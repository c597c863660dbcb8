import type { IncomingMessage, ServerResponse } from 'node:http'
import { OctroiError } from '../core/errors.ts'
import type { HotReads } from '../core/stores.ts'
import type { Admission } from '../inbound/admission.ts'
import type { Callers } from '../inbound/caller.ts'
import type { Entrance } from '../inbound/entrance.ts'
import type { Claim, KeptAnswers } from '../inbound/kept_answers.ts'
import type { ConnectionHealth } from '../outbound/connections/health.ts'
import type { Sought, Target, Targets } from '../outbound/connections/targets.ts'
import type { Renewals } from '../outbound/tokens/renewals.ts'
import type { KeyLimits } from '../policy/key_limits.ts'
import { authenticate } from './authenticate.ts'
import { authorise, notGranted } from './authorise.ts'
import { BodyRelay, tooLarge } from './body_relay.ts'
import { Call, type CallRecorder } from './call.ts'
import { CallerGone } from './caller_gone.ts'
import { Deadlines } from './deadlines.ts'
import { Exchange, type ExchangeEvents, type Renewal, type RequestBody } from './exchange.ts'
import { HeldBodies } from './held_bodies.ts'
import { noteUse } from './key_use.ts'
import { isSafeMethod, type Lane, Lanes } from './lanes.ts'
import { match } from './match.ts'
import { claimCall, MAX_KEPT_BYTES, settle } from './replays.ts'
import { acceptBody, bodyOf, readWhole, wholeBody } from './request_body.ts'
import { type AnswerSink, answer, CallerSink, type KeptAnswer, MemorySink, watchCaller } from './sinks.ts'

export interface ProxyParts extends CallRecorder {
  readonly hot: HotReads
  readonly callers: Callers
  readonly entrance: Entrance
  readonly limits: KeyLimits
  readonly targets: Targets
  readonly health: ConnectionHealth
  readonly renewals: Renewals
  readonly answers: KeptAnswers
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

type Ends = Pick<ExchangeEvents, 'done' | 'failed'>

/**
 * `ANY /proxy/{connection}/{path}?{query}`: the six steps of a call. A step that refuses throws; what is thrown is answered, and
 * every call ends in one line of the audit trail.
 */
export class Gate {
  readonly #parts: ProxyParts
  readonly #lanes = new Lanes()
  readonly #deadlines = new Deadlines()
  readonly #held = new HeldBodies()

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
    const admitted = authenticate(call, this.#parts, version)
    const admission = admitted instanceof Promise ? await admitted : admitted
    const counted = this.#parts.limits.count(admission.key, this.#parts.now())
    if (counted !== undefined) await counted
    const sought = this.#sought(version, call.connectionId as string, admission)
    authorise(call, admission, sought instanceof Promise ? await sought : sought, rawPath)
    noteUse(this.#parts.trail, admission, this.#parts.now())
    if (this.#parts.trail.full)
      throw new OctroiError('store_unavailable', 'The audit trail cannot be written now.', { retryAfter: 5 })
    call.recordStart()
    const ready = this.#parts.renewals.ready(call.sought as Sought)
    call.target = ready instanceof Promise ? await ready.catch(hideDeleted) : ready
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
      await this.#forwardOnce(call, key, replaySeconds * 1000)
    else {
      const body = bodyOf(call)
      // What is signed with its body leaves once the body is whole.
      const whole =
        body === null || !target.signature.perRequest?.needsBody ? body : await wholeBody(call, target, this.#held)
      this.#exchange(call, whole, new CallerSink(call, (error) => call.refuse(error)))
    }
  }

  /** With a kept answer: the call goes on when the caller leaves, so that his next request finds it. */
  async #forwardOnce(call: Call, key: string, keepMs: number): Promise<void> {
    if (Number(call.head?.contentLength ?? 0) > MAX_KEPT_BYTES) throw tooLarge(MAX_KEPT_BYTES)
    acceptBody(call)
    const target = call.target as Target
    const body = await readWhole(call, target, Math.min(MAX_KEPT_BYTES, target.limits.request_bytes), this.#held)
    const claim = await claimCall(this.#parts.answers, call, key, body)
    if ('status' in claim) return answer(call, claim, ['Idempotent-Replayed', 'true'])
    let exchange: Exchange | undefined
    const sink = new MemorySink(MAX_KEPT_BYTES, () => {
      // The service has acted: that there is no answer to keep must not make it act again.
      void this.#settle(claim, sink.answer, keepMs)
      watchCaller(call, () => exchange?.cancel())
      return new CallerSink(call, (error) => call.refuse(error))
    })
    try {
      await new Promise<void>((resolve, reject) => {
        exchange = this.#exchange(call, body, sink, { done: resolve, failed: reject })
      })
    } catch (error) {
      if (!sink.answer.tooLarge) await claim.release().catch(() => undefined)
      throw error
    }
    if (sink.answer.tooLarge) return call.finish()
    await this.#settle(claim, sink.answer, keepMs)
    await answer(call, sink.answer)
  }

  /** The answer is true whether it could be kept or not: a caller who is told to try again would post twice. */
  async #settle(claim: Claim, kept: KeptAnswer, keepMs: number): Promise<void> {
    await settle(claim, kept, keepMs).catch((error) => {
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
    const exchange = new Exchange(call, body, sink, this.#events(target, lane, leave, ends), this.#deadlines)
    const start = () => {
      entered = true
      exchange.send()
    }
    if (sink instanceof CallerSink) watchCaller(call, () => exchange.cancel())
    if (lane.enter(isWrite, target.limits, start)) start()
    else exchange.waitForTurn(() => lane.forget(start))
    return exchange
  }

  #events(target: Target, lane: Lane, leave: () => void, ends: Ends): ExchangeEvents {
    const { health } = this.#parts
    const inBackground = (work: Promise<unknown>) => {
      work.catch((error) => this.#parts.log.error({ err: error }, 'the state of a connection could not be recorded'))
    }
    return {
      renewal: (refused) => this.#renewal(refused),
      othersWait: () => lane.waiting > 0,
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

  /** A call that waited for its turn was compiled with what the connection held when it came: meanwhile there may be other. */
  async #renewal(refused: Target): Promise<Renewal | undefined> {
    if (refused.next !== null) return { target: refused, signature: refused.next, isNext: true }
    const { hot, targets, renewals } = this.#parts
    const sought = await targets.find(await hot.version(), refused.connection.id)
    if (sought === undefined) return undefined
    const isOther = sought.secretsVersion !== refused.secretsVersion || sought.token?.version !== refused.token?.version
    const now = isOther ? await renewals.ready(sought) : await renewals.refused(refused)
    if (now === undefined || isMoved(now, refused)) return undefined
    if (!signsAlike(now, refused)) return { target: now, signature: now.signature, isNext: false }
    return now.next === null ? undefined : { target: now, signature: now.next, isNext: true }
  }
}

/** One that was deleted while its token was waited for answers as if it had never been. */
function hideDeleted(error: unknown): never {
  throw error instanceof OctroiError && error.code === 'not_found' ? notGranted() : error
}

/** What signs each request by itself cannot be compared: other secrets or another token are taken for another signature. */
function signsAlike(now: Target, before: Target): boolean {
  const { perRequest, ...fixed } = now.signature
  const { perRequest: _, ...fixedBefore } = before.signature
  if (JSON.stringify(fixed) !== JSON.stringify(fixedBefore)) return false
  if (perRequest === undefined || perRequest.onlyWithParams === true) return true
  return now.secretsVersion === before.secretsVersion && now.token?.version === before.token?.version
}

/**
 * Another address is another decision than the one that was made for this call; but where the service itself says which of its hosts
 * serves the account, it may say another one.
 */
function isMoved(now: Target, before: Target): boolean {
  if (now.secretsVersion === before.secretsVersion) return false
  return now.upstream.origin !== before.upstream.origin || now.basePath !== before.basePath
}
