import { createInterface, type Interface } from 'node:readline'
import { Writable } from 'node:stream'
import { FailedError } from './command.ts'

/**
 * Questions on a terminal. One line editor for all of them, so that what was pasted ahead is not lost; and what is typed is only
 * ever echoed while a question whose answer may be shown is open: a secret that comes early stays unseen.
 */
export class Prompts {
  readonly #lines: Interface
  readonly #output: NodeJS.WritableStream
  readonly #typed: string[] = []
  #echo = false
  #closed: 'open' | 'interrupted' | 'ended' = 'open'
  #waiting: { resolve: (line: string) => void; reject: (error: Error) => void } | undefined

  constructor(input: NodeJS.ReadStream, output: NodeJS.WritableStream) {
    this.#output = output
    const echoing = new Writable({
      write: (chunk, _encoding, done) => {
        if (this.#echo) output.write(chunk)
        done()
      },
    })
    this.#lines = createInterface({ input, output: echoing, terminal: true, historySize: 0 })
    this.#lines.on('line', (line) => this.#take(line))
    this.#lines.on('SIGINT', () => this.#end('interrupted'))
    this.#lines.on('close', () => this.#end('ended'))
  }

  ask(question: string, answer: 'shown' | 'hidden'): Promise<string> {
    this.#output.write(question)
    const early = this.#typed.shift()
    if (early !== undefined) {
      this.#output.write(answer === 'shown' ? `${early}\n` : '\n')
      return Promise.resolve(early)
    }
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
      if (this.#closed !== 'open') return this.#giveUp()
      this.#echo = answer === 'shown'
      // The line editor redraws its line, prompt included, when the cursor moves in it.
      this.#lines.setPrompt(answer === 'shown' ? question : '')
    })
  }

  close(): void {
    this.#lines.close()
  }

  /** Within the line event, before the editor looks at the next character of the same paste. */
  #take(line: string): void {
    if (!this.#echo && this.#waiting !== undefined) this.#output.write('\n')
    this.#echo = false
    const waiting = this.#waiting
    this.#waiting = undefined
    if (waiting === undefined) this.#typed.push(line)
    else waiting.resolve(line)
  }

  #end(how: 'interrupted' | 'ended'): void {
    if (this.#closed !== 'open') return
    this.#closed = how
    this.#echo = false
    this.#lines.close()
    this.#giveUp()
  }

  #giveUp(): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    if (waiting === undefined) return
    this.#output.write('\n')
    waiting.reject(new FailedError('given up; nothing was changed'))
  }
}
