import { parentPort } from 'node:worker_threads'
import { readHash } from './index.ts'

/** The thread for hashes that are computed in JavaScript. One at a time; what is asked meanwhile waits with whoever asks. */

export interface Question {
  readonly id: number
  readonly hash: string
  readonly password: string
}

export interface Answer {
  readonly id: number
  /** Null: it could not be computed. */
  readonly matches: boolean | null
}

parentPort?.on('message', async ({ id, hash, password }: Question) => {
  const matches = await readHash(hash)
    .matches(password)
    .catch(() => null)
  parentPort?.postMessage({ id, matches } satisfies Answer)
})
