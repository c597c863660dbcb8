import type { ServerResponse } from 'node:http'
import { OctroiError } from '../core/errors.ts'

/** Bytes. */
const MAX_HELD = 256 * 1024 * 1024

/** The memory that bodies take which must be whole before they leave: together they may not take all that there is. */
export class HeldBodies {
  readonly #max: number
  #bytes = 0

  constructor(max = MAX_HELD) {
    this.#max = max
  }

  /** Counts the bytes of one call until its answer is over. What it returns throws `busy` when there is no room for more. */
  until(response: ServerResponse): (bytes: number) => void {
    let own = 0
    response.once('close', () => {
      this.#bytes -= own
      own = 0
    })
    return (bytes) => {
      if (this.#bytes + bytes > this.#max)
        throw new OctroiError('busy', 'Too many large bodies are on their way at once.', { retryAfter: 2 })
      this.#bytes += bytes
      own += bytes
    }
  }
}
