import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type RunningGate, startGate } from '../../src/app.ts'
import { readSettings, type Settings } from '../../src/config/settings.ts'
// Loaded now, not within the time limit of the first call.
import '../../src/http/router.ts'
import { initInstallation } from '../../src/installation/init.ts'

export interface ApiAnswer {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests read whatever field they ask about
  readonly body: any
}

export interface TestGate {
  readonly url: string
  readonly port: number
  readonly adminKey: string
  readonly settings: Settings
  /** A call of the management API, as the administrator unless another key is given (`null`: none). */
  api(
    method: string,
    path: string,
    body?: unknown,
    options?: { key?: string | null; headers?: Record<string, string> },
  ): Promise<ApiAnswer>
  /** Stops and starts on the same data folder and port. */
  restart(env?: Readonly<Record<string, string>>): Promise<void>
  /** Stops without removing the data folder; `resume` starts again on the same port. */
  pause(): Promise<void>
  resume(env?: Readonly<Record<string, string>>): Promise<void>
  stop(): Promise<void>
}

/** A gate of this process on a fresh data folder and a free port of loopback. `env` are further settings. */
export async function startTestGate(env: Readonly<Record<string, string>> = {}): Promise<TestGate> {
  const folder = await mkdtemp(join(tmpdir(), 'octroi-test-'))
  const base = { OCTROI_DATA_DIR: folder, OCTROI_LISTEN: '127.0.0.1:0', OCTROI_LOG_LEVEL: 'silent', ...env }
  let settings = readSettings({ env: base })
  const { admin_key } = await initInstallation(settings)
  let running: RunningGate = await startGate(settings)
  const port = Number(new URL(running.url).port)
  const resume = async (more: Readonly<Record<string, string>> = {}) => {
    settings = readSettings({ env: { ...base, ...more, OCTROI_LISTEN: `127.0.0.1:${port}` } })
    running = await startGate(settings)
    // All in one process: the sockets that `fetch` kept open need a turn of the loop to learn that they were closed.
    await wait(10)
  }
  return {
    url: running.url,
    port,
    adminKey: admin_key,
    get settings() {
      return settings
    },
    async api(method, path, body, { key = admin_key, headers = {} } = {}) {
      const answer = await fetch(`${running.url}/api/v1${path}`, {
        method,
        headers: {
          ...(key === null ? {} : { authorization: `Bearer ${key}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        body: body === undefined ? null : JSON.stringify(body),
      })
      const text = await answer.text()
      return { status: answer.status, headers: answer.headers, body: text === '' ? undefined : JSON.parse(text) }
    },
    async restart(more = {}) {
      await running.stop()
      await resume(more)
    },
    pause: () => running.stop(),
    resume,
    async stop() {
      await running.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
