import { createServer } from 'node:net'
import type { Settings } from '../config/settings.ts'
import type { Finding } from './doctor_finding.ts'

const PATIENCE_MS = 2_000

/** Who answers where Octroi listens, or whether it could. */
export async function listenerFindings({ listen }: Settings): Promise<Finding[]> {
  const host = { '0.0.0.0': '127.0.0.1', '::': '::1' }[listen.address] ?? listen.address
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${listen.port}`
  const health = await ask(`${url}/health`)
  if (health === undefined) return freePort(listen)
  if (health.status !== 200 || !health.body.includes('"ok"')) {
    return [
      {
        level: 'problem',
        code: 'listener.taken',
        message: `Something else than Octroi answers at ${url}.`,
        advice: 'Stop it, or set OCTROI_LISTEN to another port.',
      },
    ]
  }
  const ready = await ask(`${url}/ready`)
  if (ready?.status === 200)
    return [{ level: 'ok', code: 'listener.ready', message: `Octroi answers at ${url} and is ready.` }]
  const why =
    ready === undefined ? 'nothing in time' : `${ready.status} ${/"code":"(\w+)"/.exec(ready.body)?.[1] ?? ''}`.trim()
  return [
    {
      level: 'problem',
      code: 'listener.not_ready',
      message: `Octroi answers at ${url} but is not ready (${why}).`,
      advice: 'Its log says why.',
    },
  ]
}

async function ask(url: string): Promise<{ status: number; body: string } | undefined> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS), redirect: 'manual' })
    return { status: answer.status, body: (await answer.text()).slice(0, 10_000) }
  } catch (error) {
    // It does answer, but not in HTTP.
    const code = (error as { cause?: { code?: string } }).cause?.code ?? ''
    return /^(?:HPE_|UND_ERR_SOCKET)/.test(code) ? { status: 0, body: '' } : undefined
  }
}

function freePort({ address, port }: Settings['listen']): Promise<Finding[]> {
  const where = `${address}:${port}`
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', ({ code }: NodeJS.ErrnoException) => {
      const message = `Nobody answers at ${where}, and Octroi could not listen there (${code}).`
      resolve([
        {
          level: 'problem',
          code: 'listener.blocked',
          message,
          advice: 'Set OCTROI_LISTEN to an address of this machine and a free port.',
        },
      ])
    })
    server.listen({ host: address, port, exclusive: true }, () => {
      server.close(() =>
        resolve([{ level: 'ok', code: 'listener.free', message: `Octroi is not running at ${where}, and could.` }]),
      )
    })
  })
}
