import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Settings } from '../../src/config/settings.ts'
import { COMPILED } from '../support/compiled.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** The settings as the environment of another process. */
export function envOf(settings: Settings, more: Record<string, string> = {}): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    OCTROI_DATA_DIR: settings.data_dir,
    OCTROI_LISTEN: `${settings.listen.address}:${settings.listen.port}`,
    OCTROI_ENVIRONMENT: settings.environment,
    OCTROI_AUDIT: settings.audit,
    OCTROI_CONFIG: '/dev/null',
    ...(settings.database_url === undefined ? {} : { OCTROI_DATABASE_URL: settings.database_url }),
    ...(settings.master_key_file === undefined ? {} : { OCTROI_MASTER_KEY_FILE: settings.master_key_file }),
    ...more,
  }
}

/** `octroi ...` as a process of its own. */
export class Octroi {
  readonly child: ChildProcess
  output = ''
  errors = ''

  constructor(settings: Settings, args: readonly string[], more: Record<string, string> = {}) {
    this.child = spawn(process.execPath, ['--no-warnings', MAIN, ...args], {
      env: { ...COMPILED, ...envOf(settings, more) },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.child.stdout?.on('data', (chunk) => {
      this.output += chunk
    })
    this.child.stderr?.on('data', (chunk) => {
      this.errors += chunk
    })
    processes.add(this)
  }

  get ended(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null
  }

  /** The exit code, `null` when a signal ended it. */
  async exit(): Promise<number | null> {
    if (!this.ended) await once(this.child, 'close')
    processes.delete(this)
    return this.child.exitCode
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> {
    if (!this.ended) this.child.kill(signal)
    return this.exit()
  }
}

const processes = new Set<Octroi>()

/** In `afterEach`: whatever a failed test left running. */
export async function endProcesses(): Promise<void> {
  await Promise.all([...processes].map((each) => each.kill()))
}

export interface Serving extends Octroi {
  readonly url: string
}

/** `octroi serve`, once it is ready. */
export async function serve(settings: Settings, more: Record<string, string> = {}): Promise<Serving> {
  const octroi = new Octroi(settings, ['serve'], { OCTROI_LOG_LEVEL: 'info', ...more })
  for (;;) {
    const url = /"url":"([^"]+)"/.exec(octroi.output)?.[1]
    if (url !== undefined) return Object.assign(octroi, { url })
    if (octroi.ended) throw new Error(`octroi serve ended: ${octroi.output}${octroi.errors}`)
    await Promise.race([once(octroi.child.stdout!, 'data'), once(octroi.child, 'close')])
  }
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests read whatever field they ask about
  readonly body: any
}

/** One request; `undefined` when no answer came, whatever the reason. */
export async function request(
  url: string,
  method: string,
  path: string,
  key: string,
  body?: unknown,
): Promise<Answer | undefined> {
  try {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(20_000),
    })
    const text = await answer.text()
    return { status: answer.status, headers: answer.headers, body: parse(text) }
  } catch {
    return undefined
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
