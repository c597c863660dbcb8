import type { OctroiClient } from '../client/index.ts'
import { command, EXIT, UsageError } from './command.ts'
import { findingsText } from './doctor_findings.ts'
import { type Asked, findingsOf } from './doctor_forward_auth_findings.ts'
import { givenSecretOf } from './input.ts'

const TIMEOUT_MS = 15_000

/** What a real request through the real proxy looks like when it arrives at the gate. */
export const forwardAuth = command({
  name: 'doctor forward-auth',
  args: ['URL'],
  summary: 'Ask for a URL behind a proxy, and tell what the gate saw of it',
  description:
    'Sends one request through your proxy, with the header Octroi-Trace, and explains what arrived at /forward-auth and what was decided. Exit 1 when nothing arrived, or when the gate could not decide. Needs the permission routes.read.',
  examples: [
    'doctor forward-auth https://app.example.org/orders/7',
    'doctor forward-auth https://app.example.org/orders/7 --method POST --caller-key-file till.key',
  ],
  on: 'server',
  options: {
    method: { type: 'string', value: 'METHOD', describes: 'Of the request; GET unless given.' },
    'caller-key-file': { type: 'string', value: 'PATH', describes: 'A file that holds the key to send as API-KEY.' },
    'caller-key-env': { type: 'string', value: 'VARIABLE', describes: 'A variable that holds it.' },
  },
  async run({ args, options, terminal, env, server }) {
    const url = addressOf(args[0])
    const method = (options.method ?? 'GET').toUpperCase()
    const key = givenSecretOf('caller-key', options, env)
    const { id } = await server.post('/forward-auth/traces')
    const answered = await send(url, method, { 'octroi-trace': id, ...(key === undefined ? {} : { 'api-key': key }) })
    const seen = await seenBy(server, id)
    const asked: Asked = { url, method, sentKey: key !== undefined, answered }
    const findings = findingsOf(asked, seen)
    const ok = findings.every(({ level }) => level !== 'problem')
    terminal.answer({ ok, url: url.href, method, answered, seen, findings }, () => findingsText(findings))
    return ok ? EXIT.done : EXIT.failed
  },
})

async function seenBy(server: OctroiClient, id: string) {
  return (await server.get('/forward-auth/traces/{id}', { params: { id } })).seen
}

function addressOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new UsageError('URL must be an http or https URL, such as https://app.example.org/orders/7.')
  if (url.username !== '' || url.password !== '') {
    throw new UsageError('URL must not hold a user name or a password: others can read a command line.')
  }
  return url
}

async function send(url: URL, method: string, headers: Record<string, string>): Promise<Asked['answered']> {
  try {
    const answer = await fetch(url, { method, headers, redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) })
    await answer.body?.cancel()
    return { status: answer.status, error: null }
  } catch (error) {
    const { message, cause } = error as Error
    return { status: null, error: cause instanceof Error ? cause.message : message }
  }
}
