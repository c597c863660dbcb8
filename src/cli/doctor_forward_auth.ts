import http from 'node:http'
import https from 'node:https'
import type { OctroiClient } from '../client/index.ts'
import { cookieName } from '../inbound/cookies.ts'
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
    'doctor forward-auth https://books.example.org/ --page',
  ],
  on: 'server',
  options: {
    method: { type: 'string', value: 'METHOD', describes: 'Of the request; GET unless given.' },
    'caller-key-file': { type: 'string', value: 'PATH', describes: 'A file that holds the key to send as API-KEY.' },
    'caller-key-env': { type: 'string', value: 'VARIABLE', describes: 'A variable that holds it.' },
    'caller-session-file': {
      type: 'string',
      value: 'PATH',
      describes: 'A file that holds the value of the session cookie that a browser has at that host.',
    },
    'caller-session-env': { type: 'string', value: 'VARIABLE', describes: 'A variable that holds it.' },
    page: { type: 'boolean', describes: 'Ask as a browser that opens a page: who is not signed in is sent to do so.' },
  },
  async run({ args, options, terminal, env, server }) {
    const url = addressOf(args[0])
    const method = (options.method ?? 'GET').toUpperCase()
    const key = givenSecretOf('caller-key', options, env)
    const session = givenSecretOf('caller-session', options, env)
    const { id } = await server.post('/forward-auth/traces')
    const answered = await send(url, method, {
      'octroi-trace': id,
      ...(key === undefined ? {} : { 'api-key': key }),
      ...(session === undefined ? {} : { cookie: cookieOf(url, session) }),
      ...(options.page ? { accept: 'text/html' } : {}),
    })
    const seen = await seenBy(server, id)
    const asked: Asked = { url, method, sentKey: key !== undefined, sentSession: session !== undefined, answered }
    const findings = findingsOf(asked, seen)
    const ok = findings.every(({ level }) => level !== 'problem')
    terminal.answer({ ok, url: url.href, method, answered, seen, findings }, () => findingsText(findings))
    return ok ? EXIT.done : EXIT.failed
  },
})

function cookieOf(url: URL, session: string): string {
  if (!/^[\w-]{1,200}$/.test(session))
    throw new UsageError(
      '--caller-session-file and --caller-session-env take the value of the cookie, and nothing else.',
    )
  return `${cookieName('session', url.protocol === 'https:')}=${session}`
}

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

/** Not by `fetch`: it says of itself that it is a script. */
async function send(url: URL, method: string, headers: Record<string, string>): Promise<Asked['answered']> {
  const { request } = url.protocol === 'https:' ? https : http
  return new Promise((resolve) => {
    const sent = request(url, { method, headers, agent: false, signal: AbortSignal.timeout(TIMEOUT_MS) })
    sent.once('error', ({ message, cause }) =>
      resolve({ status: null, error: cause instanceof Error ? cause.message : message }),
    )
    sent.once('response', (answer) => {
      answer.destroy()
      resolve({ status: answer.statusCode ?? null, error: null })
    })
    sent.end()
  })
}
