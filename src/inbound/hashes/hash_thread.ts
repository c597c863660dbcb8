import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { tooBusy } from '../too_busy.ts'
import type { Argon2Hash } from './argon2.ts'
import type { Answer, Question } from './hash_worker.ts'

interface Waiting {
  readonly question: Question
  readonly resolve: (result: never) => void
  readonly reject: (error: Error) => void
}

/** What is asked, before it has its number. */
type Asked = { readonly password: string } & ({ readonly hash: string } | { readonly make: Argon2Hash })

/**
 * A thread of low priority for one hash at a time, which begins at first need and keeps no process from ending. The memory of the last hash
 * stays with it: more threads would keep as many times as much.
 */
export class HashThread {
  readonly #most: number
  readonly #waiting: Waiting[] = []
  #working: Waiting | undefined
  #worker: Worker | undefined
  #asked = 0

  /** `most`: so many wait behind the one at work; beyond that `busy` is told. */
  constructor(most: number) {
    this.#most = most
  }

  get isFull(): boolean {
    return this.#working !== undefined && this.#waiting.length >= this.#most
  }

  /** Throws `busy`. */
  matches(hash: string, password: string): Promise<boolean> {
    return this.#ask({ hash, password })
  }

  /** The tag that `make` asks for. Throws `busy`. */
  async tag(make: Argon2Hash, password: string): Promise<Buffer> {
    return Buffer.from(await this.#ask<Uint8Array>({ make, password }))
  }

  async #ask<T>(asked: Asked): Promise<T> {
    if (this.isFull) throw tooBusy()
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ question: { id: ++this.#asked, ...asked }, resolve, reject })
      this.#next()
    })
  }

  async close(): Promise<void> {
    const worker = this.#worker
    for (const { reject } of this.#waiting.splice(0)) reject(new Error('The gate is stopping.'))
    this.#worker = undefined
    await worker?.terminate()
  }

  #next(): void {
    if (this.#working !== undefined) return
    this.#working = this.#waiting.shift()
    if (this.#working === undefined) {
      this.#worker?.unref()
      return
    }
    this.#worker ??= this.#begin()
    // Whoever waits for an answer gets it, also where nothing else keeps the process.
    this.#worker.ref()
    this.#worker.postMessage(this.#working.question)
  }

  #begin(): Worker {
    // It is handed what it needs with each question: neither the environment, where secrets are, nor what the process was started with.
    const worker = new Worker(workerFile(), { env: {}, execArgv: [], argv: [], name: 'password hashes' })
    worker.on('message', ({ id, result }: Answer) => {
      const done = this.#done(id)
      if (result === null) done?.reject(new Error('A stored password hash could not be computed.'))
      else done?.resolve(result as never)
      this.#next()
    })
    worker.on('error', (error) => this.#lost(worker, error))
    worker.on('exit', () => this.#lost(worker, new Error('The thread for password hashes has ended.')))
    return worker
  }

  #done(id: number): Waiting | undefined {
    const done = this.#working
    if (done?.question.id !== id) return undefined
    this.#working = undefined
    return done
  }

  /** Who was being served is told; for the next one there is another thread. */
  #lost(worker: Worker, error: unknown): void {
    if (this.#worker === worker) this.#worker = undefined
    else if (this.#worker !== undefined) return
    const lost = this.#working
    this.#working = undefined
    lost?.reject(new Error('The thread for password hashes failed.', { cause: error }))
    this.#next()
  }
}

/** Beside this file: as a source, or in a release, where the whole program is one file and this thread another. */
function workerFile(): string {
  const released = join(import.meta.dirname, 'hash_worker.cjs')
  return existsSync(released) ? released : join(import.meta.dirname, 'hash_worker.ts')
}
