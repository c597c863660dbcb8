import { asOctroiError } from '../core/errors.ts'
import type { Call } from './call.ts'
import type { AnswerSink } from './exchange.ts'

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
    // The last chunk of a known length ends the answer in the same packet.
    if (this.#call.bytesOut === this.#length) {
      response.end(chunk)
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
  }
}

/** An answer that is kept. `tooLarge`: it was longer than may be kept, and only its beginning is here. */
export interface KeptAnswer {
  readonly status: number
  readonly headers: readonly string[]
  readonly body: Buffer
  readonly tooLarge: boolean
}

/** The whole answer in memory, up to a bound, before the caller gets any of it. */
export class MemorySink implements AnswerSink {
  readonly #limit: number
  readonly #chunks: Buffer[] = []
  #size = 0
  #status = 0
  #headers: readonly string[] = []

  constructor(limit: number) {
    this.#limit = limit
  }

  begin(status: number, headers: string[]): boolean {
    this.#status = status
    this.#headers = headers
    return true
  }

  write(chunk: Buffer): boolean {
    this.#size += chunk.length
    if (this.#size <= this.#limit) this.#chunks.push(chunk)
    return true
  }

  end(): void {}

  get answer(): KeptAnswer {
    return {
      status: this.#status,
      headers: this.#headers,
      body: Buffer.concat(this.#chunks),
      tooLarge: this.#size > this.#limit,
    }
  }
}
