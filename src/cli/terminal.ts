import type { Prompts } from './prompts.ts'
import { plain } from './table.ts'

export interface Streams {
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WritableStream
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean }
}

/**
 * What a command says and asks. stdout carries the answer alone: the document with `--json`, the table, the new key. All words
 * around it, questions included, go to stderr, so that `KEY=$(octroi key create ...)` holds the key and nothing else.
 */
export class Terminal {
  readonly json: boolean
  readonly #streams: Streams
  #prompts: Prompts | undefined

  constructor(streams: Streams, json: boolean) {
    this.#streams = streams
    this.json = json
  }

  /** Somebody is there to answer questions. */
  get interactive(): boolean {
    return this.#streams.stdin.isTTY === true && this.#streams.stderr.isTTY === true && !this.json
  }

  /** The answer of the command. */
  answer(value: unknown, text: () => string): void {
    this.print(this.json ? JSON.stringify(value, null, 2) : text())
  }

  print(text: string): void {
    this.#streams.stdout.write(`${text}\n`)
  }

  /** Words for people, left out with `--json`. */
  say(text: string): void {
    if (!this.json) this.#streams.stderr.write(`${text}\n`)
  }

  /** One line that is written over, on a terminal only. */
  progress(text: string): void {
    if (!this.json && this.#streams.stderr.isTTY) this.#streams.stderr.write(`\r\x1b[K${text}`)
  }

  async ask(question: string): Promise<string> {
    return (await this.#asking()).ask(`${plain(question)}: `, 'shown')
  }

  /** Nothing of what is typed is shown. */
  async askHidden(question: string): Promise<string> {
    return (await this.#asking()).ask(`${plain(question)} (hidden): `, 'hidden')
  }

  async confirm(question: string): Promise<boolean> {
    return /^y(es)?$/i.test(await (await this.#asking()).ask(`${plain(question)} [y/N] `, 'shown'))
  }

  /** All of stdin, for `--stdin`. */
  async readAll(): Promise<string> {
    const chunks: Buffer[] = []
    for await (const chunk of this.#streams.stdin) chunks.push(Buffer.from(chunk))
    return Buffer.concat(chunks).toString('utf8')
  }

  close(): void {
    this.#prompts?.close()
  }

  /** Loaded when the first question is asked: most uses ask none. */
  async #asking(): Promise<Prompts> {
    if (this.#prompts === undefined) {
      const { Prompts } = await import('./prompts.ts')
      this.#prompts = new Prompts(this.#streams.stdin, this.#streams.stderr)
    }
    return this.#prompts
  }
}
