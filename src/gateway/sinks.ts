import { asOctroiError } from '../core/errors.ts'
import type { Call } from './call.ts'

/** Where the answer goes: to the caller as it comes, or into memory first (kept answers). */
export interface AnswerSink {
  /** False: hold the body back until `resume` is called. */
  begin(status: number, headers: string[], length: number | undefined, resume: () => void): boolean
  /** False: hold the body back until `resume` is called. */
  write(chunk: Buffer, resume: () => void): boolean
  end(): void
}

const SMALL_BYTES = 4_096

/** The upstream's answer on its way to the caller, as it comes. */
export class CallerSink implements AnswerSink {
  readonly #call: Call
  readonly #onTrouble: (error: unknown) => void
  #open = false
  #length: number | undefined
  #waiting: Buffer[] = []
  #ended = false

  constructor(call: Call, onTrouble: (error: unknown) => void) {
    this.#call = call
    this.#onTrouble = onTrouble
  }

  begin(status: number, headers: string[], length: number | undefined, resume: () => void): boolean {
    this.#length = length
    const { started } = this.#call
    if (started === undefined) {
      this.#writeHead(status, headers)
      return true
    }
    started.then(
      () => {
        this.#writeHead(status, headers)
        for (const chunk of this.#waiting.splice(0)) this.write(chunk, () => undefined)
        if (this.#ended) this.end()
        resume()
      },
      (error) => this.#onTrouble(asOctroiError(error)),
    )
    return false
  }

  write(chunk: Buffer, resume: () => void): boolean {
    if (!this.#open) {
      this.#waiting.push(chunk)
      return true
    }
    const { response } = this.#call
    this.#call.bytesOut += chunk.length
    // The last chunk of a known length ends the answer in the same packet; a small one even in the same string as the headers,
    // which is one system call's worth of buffers less (latin1 maps bytes to characters one to one).
    if (this.#call.bytesOut === this.#length) {
      if (chunk.length <= SMALL_BYTES) response.end(chunk.toString('latin1'), 'latin1')
      else response.end(chunk)
      return true
    }
    if (response.write(chunk)) return true
    response.once('drain', resume)
    return false
  }

  end(): void {
    this.#ended = true
    if (this.#open && !this.#call.response.writableEnded) this.#call.response.end()
  }

  #writeHead(status: number, headers: string[]): void {
    this.#open = true
    this.#call.answered(status, null)
    this.#call.response.writeHead(status, headers)
    if (!this.#ended) process.nextTick(flushHead, this.#call)
  }
}

/** The head leaves with the first bytes of the body, and alone where none came with it (events that are yet to happen). */
function flushHead({ response, bytesOut }: Call): void {
  if (bytesOut === 0 && !response.writableEnded && !response.destroyed) response.flushHeaders()
}

/** An answer that is kept. `tooLarge`: it is longer than may be kept, and `body` holds none of it. */
export interface KeptAnswer {
  readonly status: number
  readonly headers: readonly string[]
  readonly body: Buffer
  readonly tooLarge: boolean
}

/** The whole answer in memory before the caller gets any of it; one that is larger than the limit passes on as it comes. */
export class MemorySink implements AnswerSink {
  readonly #limit: number
  readonly #beyond: () => AnswerSink
  #chunks: Buffer[] = []
  #size = 0
  #status = 0
  #headers: string[] = []
  #length: number | undefined
  #passing: AnswerSink | undefined

  constructor(limit: number, beyond: () => AnswerSink) {
    this.#limit = limit
    this.#beyond = beyond
  }

  begin(status: number, headers: string[], length: number | undefined): boolean {
    this.#status = status
    this.#headers = headers
    this.#length = length
    return true
  }

  write(chunk: Buffer, resume: () => void): boolean {
    if (this.#passing !== undefined) return this.#passing.write(chunk, resume)
    this.#size += chunk.length
    this.#chunks.push(chunk)
    return this.#size <= this.#limit || this.#passOn(resume)
  }

  end(): void {
    this.#passing?.end()
  }

  get answer(): KeptAnswer {
    return {
      status: this.#status,
      headers: this.#headers,
      body: Buffer.concat(this.#chunks),
      tooLarge: this.#size > this.#limit,
    }
  }

  #passOn(resume: () => void): boolean {
    const held = Buffer.concat(this.#chunks)
    this.#chunks = []
    this.#passing = this.#beyond()
    const mayGoOn = this.#passing.begin(this.#status, this.#headers, this.#length, resume)
    return this.#passing.write(held, resume) && mayGoOn
  }
}

/** A kept answer, to whoever asks again. */
export async function answer(call: Call, kept: KeptAnswer, extra: readonly string[] = []): Promise<void> {
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

/** An upstream that nobody aborts works on for a caller who has left. */
export function watchCaller({ request, response }: Call, onGone: () => void): void {
  response.once('close', () => {
    if (!response.writableFinished) onGone()
  })
  if (response.socket !== null) return
  // An answer that waits behind others on its connection is not told when that closes.
  const { socket } = request
  socket.setMaxListeners(0).once('close', onGone)
  response.once('close', () => socket.off('close', onGone))
}
