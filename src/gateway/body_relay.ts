import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { OctroiError } from '../core/errors.ts'
import { CallerGone } from './caller_gone.ts'

/** Bodies up to this size are kept while they stream: with other secrets a refused call can be made once more. */
const KEEP_BYTES = 64 * 1024

/**
 * The request body on its way upstream. A stream of its own, because a client library destroys the body that it was given when a
 * request fails, and destroying the incoming message would cut the caller off from the answer that says so.
 */
export class BodyRelay extends Readable {
  readonly #source: IncomingMessage
  readonly #limit: number
  #kept: Buffer[] | undefined = []
  #attached = false
  received = 0
  complete = false
  /** Told at every chunk: the caller is still sending. */
  onProgress: () => void = () => undefined

  constructor(source: IncomingMessage, limit: number) {
    super({ highWaterMark: 64 * 1024 })
    this.#source = source
    this.#limit = limit
    // Whoever was given the body stops listening once his request is over; the caller may leave after that, and an error that
    // nobody listens to would end the process.
    this.on('error', () => undefined)
  }

  /** The whole body, if it was kept and has all been read. */
  get replay(): Buffer | undefined {
    return this.complete && this.#kept !== undefined ? Buffer.concat(this.#kept) : undefined
  }

  override _read(): void {
    if (this.#attached) {
      this.#source.resume()
      return
    }
    this.#attached = true
    // He may have left while his rights were looked up: `close` does not come twice.
    if (this.#source.destroyed && !this.#source.complete) {
      this.destroy(new CallerGone())
      return
    }
    this.#source.on('data', this.#onData).on('end', this.#onEnd).on('close', this.#onClose)
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#source.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose)
    done(error)
  }

  readonly #onData = (chunk: Buffer): void => {
    this.received += chunk.length
    this.onProgress()
    if (this.received > this.#limit) {
      this.#source.pause()
      this.destroy(tooLarge(this.#limit))
      return
    }
    this.#keep(chunk)
    if (!this.push(chunk)) this.#source.pause()
  }

  readonly #onEnd = (): void => {
    this.complete = true
    this.onProgress()
    this.push(null)
  }

  readonly #onClose = (): void => {
    if (!this.complete) this.destroy(new CallerGone())
  }

  #keep(chunk: Buffer): void {
    if (this.#kept === undefined) return
    if (this.received > KEEP_BYTES) this.#kept = undefined
    else this.#kept.push(chunk)
  }
}

export function tooLarge(limit: number): OctroiError {
  return new OctroiError('payload_too_large', `The body is larger than the ${limit} bytes that this connection takes.`)
}

interface Reading {
  /** Bytes. */
  readonly limit: number
  /** How long the caller may pause: nothing else watches over him yet. */
  readonly idleMs: number
  /** Throws when there is no room for so many bytes more. */
  readonly hold: (bytes: number) => void
}

/** Reads a whole body. */
export function readBody(source: IncomingMessage, { limit, idleMs, hold }: Reading): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (source.destroyed && !source.complete) return reject(new CallerGone())
    const chunks: Buffer[] = []
    let size = 0
    const giveUp = (error: Error) => {
      clearTimeout(timer)
      source.pause()
      source.removeAllListeners('data')
      reject(error)
    }
    const timer = setTimeout(() => giveUp(bodyLate()), idleMs)
    source.on('data', (chunk: Buffer) => {
      size += chunk.length
      timer.refresh()
      if (size > limit) return giveUp(tooLarge(limit))
      try {
        hold(chunk.length)
        chunks.push(chunk)
      } catch (error) {
        giveUp(error as Error)
      }
    })
    source.on('end', () => {
      clearTimeout(timer)
      resolve(Buffer.concat(chunks))
    })
    source.on('close', () => giveUp(new CallerGone()))
  })
}

/** His network may be at fault, and he may try again: no 4xx. */
function bodyLate(): OctroiError {
  return new OctroiError('upstream_timeout', 'The body of the call did not arrive in time.', { retryAfter: 5 })
}
