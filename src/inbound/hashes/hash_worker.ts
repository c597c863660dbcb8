import { setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import { type Argon2Hash, computeArgon2 } from './argon2.ts'
import { readHash } from './index.ts'

/** The thread that computes hashes. One at a time; what is asked meanwhile waits with whoever asks. */

export type Question = { readonly id: number; readonly password: string } & (
  | { readonly hash: string }
  | { readonly make: Argon2Hash }
)

export interface Answer {
  readonly id: number
  /** Whether it matches, or the tag that was to be made. Null: it could not be computed. */
  readonly result: boolean | Uint8Array | null
}

/**
 * Somebody who tries passwords keeps this thread busy, and must not take the processor from those whose calls are signed meanwhile. On Linux
 * this is of the calling thread alone (setpriority(2), "C library/kernel differences"); elsewhere it would be the whole process.
 */
const NICE = 15
if (process.platform === 'linux') setPriority(0, NICE)

parentPort?.on('message', async (question: Question) => {
  const result = await answer(question).catch(() => null)
  parentPort?.postMessage({ id: question.id, result } satisfies Answer)
})

async function answer(question: Question): Promise<boolean | Uint8Array> {
  if ('make' in question) return computeArgon2(question.make, question.password)
  return readHash(question.hash).matches(question.password)
}
