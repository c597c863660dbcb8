import { type ChildProcess, spawn } from 'node:child_process'
import { constants } from 'node:os'

/** Signals that are passed on. STOP, TSTP and CONT reach the whole process group by themselves. */
const PASSED_ON = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGALRM'] as const

/** A terminal sends these to every process of its foreground group: passed on, the program would get them twice. */
const FROM_TERMINAL: readonly string[] = ['SIGINT', 'SIGQUIT']

/** How long a program may take to end before it is started anew. */
const PATIENCE_MS = 10_000

/** What a shell says for a command that is not there, or cannot be run. */
const NOT_FOUND = 127
const NOT_RUN = 126

export class NotStarted extends Error {
  override readonly name = 'NotStarted'
  readonly exit: number

  constructor(command: string, { code }: NodeJS.ErrnoException) {
    super(code === 'ENOENT' ? `${command}: there is no such command.` : `${command}: cannot be started (${code}).`)
    this.exit = code === 'ENOENT' ? NOT_FOUND : NOT_RUN
  }
}

/** A program that can be started anew with another environment, as one program to whoever waits for it. */
export class Child {
  readonly #command: string
  readonly #args: readonly string[]
  #running: ChildProcess | undefined
  /** When somebody told the program to end. That did not mean: begin anew. */
  #toldToEnd = Number.NEGATIVE_INFINITY

  constructor(command: string, args: readonly string[]) {
    this.#command = command
    this.#args = args
  }

  /** Its exit code when it ended by itself or by a signal (128 + its number); `undefined` when it was stopped to begin anew. */
  async run(env: Readonly<Record<string, string>>, restart: AbortSignal): Promise<number | undefined> {
    const child = spawn(this.#command, this.#args, { env: { ...env }, stdio: 'inherit' })
    this.#running = child
    const stopped = stopOn(restart, child)
    try {
      const code = await ended(child, this.#command)
      return stopped.asked() && !this.#isEnding() ? undefined : code
    } finally {
      stopped.forget()
      this.#running = undefined
    }
  }

  signal(name: NodeJS.Signals): void {
    this.#running?.kill(name)
  }

  /** Passes signals on until `stop`. */
  forward(onTerminal: boolean): { stop(): void } {
    const heard = (name: NodeJS.Signals) => {
      if (name === 'SIGTERM') this.#toldToEnd = Number.POSITIVE_INFINITY
      // Whoever uses a program that takes these as "stop what you do" (a prompt of a database) wants it to go on.
      else if (FROM_TERMINAL.includes(name)) this.#toldToEnd = Math.max(this.#toldToEnd, performance.now())
      if (!(onTerminal && FROM_TERMINAL.includes(name))) this.signal(name)
    }
    for (const name of PASSED_ON) process.on(name, heard)
    return {
      stop() {
        for (const name of PASSED_ON) process.off(name, heard)
      },
    }
  }

  #isEnding(): boolean {
    return performance.now() - this.#toldToEnd < PATIENCE_MS
  }
}

function ended(child: ChildProcess, command: string): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (error) => {
      // A signal that could not be delivered is an error event as well; only a start that failed has no process.
      if (child.pid === undefined) reject(new NotStarted(command, error))
    })
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])))
  })
}

function stopOn(restart: AbortSignal, child: ChildProcess) {
  let late: NodeJS.Timeout | undefined
  const stop = () => {
    child.kill('SIGTERM')
    late = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS)
  }
  restart.addEventListener('abort', stop, { once: true })
  if (restart.aborted) stop()
  return {
    asked: () => restart.aborted,
    forget() {
      clearTimeout(late)
      restart.removeEventListener('abort', stop)
    },
  }
}
