import type { Output } from '../client/index.ts'
import type { Finding } from './doctor_findings.ts'

type Seen = Output<'GET', '/forward-auth/traces/{id}'>['seen'][number]

/** What was sent, and what came back through the proxy. */
export interface Asked {
  readonly url: URL
  readonly method: string
  readonly sentKey: boolean
  readonly sentSession: boolean
  readonly answered: { readonly status: number | null; readonly error: string | null }
}

/** What the trace tells, in words; each says what to do where something is to be done. */
export function findingsOf(asked: Asked, seen: readonly Seen[]): Finding[] {
  const last = seen.at(-1)
  if (last === undefined) return nothingSeen(asked)
  return [
    ...peer(last),
    ...(last.trusted
      ? [...original(asked, last), ...credential(asked, last), ...session(asked, last), ...route(last)]
      : []),
    ...decision(last),
    ...proxy(asked, last),
  ]
}

const ok = (message: string): Finding => ({ level: 'ok', message })
const warning = (message: string, advice?: string): Finding => ({ level: 'warning', message, advice })
const problem = (message: string, advice?: string): Finding => ({ level: 'problem', message, advice })

function nothingSeen({ url, answered }: Asked): Finding[] {
  const { status, error } = answered
  if (status === null) return [problem(`${url.href} does not answer: ${error}`, 'Is the proxy up, and the name right?')]
  return [
    problem(
      `The proxy answered ${status}, and no check with this trace arrived at the gate.`,
      'Either it does not ask this gate for this URL; or it does not pass the header Octroi-Trace on (Envoy: allow it in allowed_headers); or it asks another process of Octroi; or it refused the request by itself. The log of the proxy says which.',
    ),
  ]
}

function peer({ peer: from, trusted, asked, code, status, detail }: Seen): Finding[] {
  if (trusted) return [ok(`The check came from ${from}, a trusted proxy, at ${asked}.`)]
  // Refused for what it says of the caller, before anybody asked who it is.
  if (code !== null && code !== 'untrusted_proxy')
    return [
      problem(`The check came from ${from}, and was refused at once (${told(code, status)}): ${detail}`, page(code)),
    ]
  return [
    problem(
      `The check came from ${from}, which is not a trusted proxy: nothing that it says is believed.`,
      `Name it in OCTROI_TRUSTED_PROXIES (${from}), and restart the gate.`,
    ),
  ]
}

/** Whether the proxy tells what was really asked. */
function original({ url, method }: Asked, seen: Seen): Finding[] {
  if (seen.host === null) return [ok(`Of the original request these headers came: ${seen.headers.join(', ')}.`)]
  const findings = [ok(`The proxy says: ${seen.method} ${seen.scheme ?? '(no scheme)'}://${seen.host}${seen.path}`)]
  const mine = url.hostname.toLowerCase()
  if (seen.host !== mine) {
    const advice = 'Routes are found by the host that the proxy says: it must pass on the one that was asked for.'
    findings.push(warning(`You asked for the host ${mine}, the proxy says ${seen.host}.`, advice))
  }
  if (seen.method !== method) {
    const advice = 'X-Forwarded-Method (nginx: X-Original-Method) must be the method of the original request.'
    findings.push(problem(`You sent ${method}, the proxy says ${seen.method}.`, advice))
  }
  if (seen.scheme !== null && `${seen.scheme}:` !== url.protocol)
    findings.push(warning(`You asked by ${url.protocol.slice(0, -1)}, the proxy says ${seen.scheme}.`))
  if (!seen.headers.some((name) => name.toLowerCase() === 'x-forwarded-for')) {
    const advice = 'Without X-Forwarded-For the addresses of keys, limits and the trail are those of the proxy.'
    findings.push(warning(`The proxy does not say who calls: everybody is ${seen.peer}.`, advice))
  } else findings.push(ok(`The caller's address is ${seen.address}.`))
  return findings
}

function credential({ sentKey }: Asked, { credentials }: Seen): Finding[] {
  if (credentials.length > 0) return [ok(`Credentials arrived in: ${credentials.join(', ')}.`)]
  if (!sentKey) return [ok('No credential arrived; none was sent.')]
  const advice =
    'The proxy must pass API-KEY on to the gate: nginx by proxy_set_header (octroi_check.conf), HAProxy by ASKED_WITH (octroi.lua), Traefik by authRequestHeaders, Envoy by allowed_headers.'
  return [problem('The key was sent as API-KEY and did not arrive.', advice)]
}

const SESSIONS: Readonly<Record<NonNullable<Seen['session']>, string>> = {
  missing: 'no session cookie of this host came',
  malformed: 'two session cookies came, or one that is no session of ours: none counts',
  unknown: 'the session of the cookie is not known: it has ended, or never was',
  other_host: 'the session of the cookie is good at another host only',
  expired: 'the session is over: it has reached its last moment',
  idle: 'the session is over: it was not used for too long',
  disabled: 'the account of the session is disabled',
  live: 'a session of a person came, and is good',
}

/** What became of a person's session, where the route takes one. */
function session({ sentSession }: Asked, { session: seen }: Seen): Finding[] {
  if (seen === null) {
    return sentSession
      ? [warning('A session was sent, and none was looked for: no route that takes one, or no HTTPS.')]
      : []
  }
  if (seen === 'missing' && sentSession) {
    const advice =
      'The proxy must pass Cookie on to the gate: nginx by proxy_set_header (octroi_check.conf), HAProxy by ASKED_WITH (octroi.lua), Envoy by allowed_headers.'
    return [problem('The session was sent as a cookie and did not arrive.', advice)]
  }
  return [ok(`Sessions: ${SESSIONS[seen]}.`)]
}

const REASONS: Readonly<Record<Seen['considered'][number]['reason'], string>> = {
  chosen: 'decides',
  less_specific: 'fits, but another fits better',
  other_method: 'is for other methods',
  other_path: 'is for another path',
  other_host: 'is for another host',
}

function route({ route: chosen, considered, path, code }: Seen): Finding[] {
  // Refused before a route was looked for.
  if (chosen === null && code !== null && !DECIDED.has(code)) return []
  if (path === null || considered.length === 0)
    return chosen === null && path !== null ? [warning('There is no route at all.', 'octroi route add')] : []
  const near = considered.filter(({ reason }) => reason !== 'other_host')
  const others = (near.length > 0 ? near : considered).map(
    ({ route: id, host, path: pattern, methods, reason }) =>
      `${id} (${methods.join(',')} ${host}${pattern}) ${REASONS[reason]}`,
  )
  if (chosen !== null) return [ok(`Routes: ${others.slice(0, 5).join('; ')}.`)]
  return [warning('No route is for this request, so nobody passes.', `The nearest: ${others.slice(0, 5).join('; ')}.`)]
}

/** Refusals that are a decision about the caller, and not about how it was asked. */
const DECIDED = new Set(['unauthenticated', 'key_expired', 'key_revoked', 'not_granted', 'rate_limited'])

function decision({ status, code, detail, trusted, account, key }: Seen): Finding[] {
  if (code === null) {
    const who = account === null ? 'nobody in particular' : key === null ? account : `${account}, by the key ${key},`
    return [ok(`The gate lets ${who} pass (${status}).`)]
  }
  const said = `The gate answers ${told(code, status)}: ${detail}`
  if (DECIDED.has(code)) return [ok(said)]
  return trusted ? [problem(said, page(code))] : []
}

/** nginx gets 403 for what it does not know; its configuration makes the right status of it. */
function told(code: string, status: number): string {
  return status === 403 && code !== 'not_granted' ? `${code}, which nginx is told as 403` : `${status} ${code}`
}

const page = (code: string) => `What to do about it: docs/errors/${code}.md, or /errors/${code} at the gate.`

/** Whether the proxy does what the gate said. */
function proxy({ answered }: Asked, { code, status, asked }: Seen): Finding[] {
  if (answered.status === null) return [warning(`The proxy gave no answer: ${answered.error}`)]
  if (code !== null && answered.status < 300) {
    const advice = 'What is behind it is open. The check must be made for this URL, and its refusal must be obeyed.'
    return [problem(`The gate refused, and yet the proxy answered ${answered.status}.`, advice)]
  }
  if (status === 302 && answered.status !== 302) {
    const advice =
      'The proxy must pass 302 on to the browser, with Location and Set-Cookie; nginx asks /forward-auth?for=nginx.'
    return [problem(`The gate sends the browser to sign in, and yet the proxy answered ${answered.status}.`, advice)]
  }
  if (answered.status === 500 && status >= 400 && status < 500 && status !== 401 && status !== 403) {
    const advice = `nginx makes 500 of every refusal but 401 and 403: ask ${asked.split('?', 1)[0]}?for=nginx.`
    return [warning(`The proxy made 500 of the gate’s ${status}.`, advice)]
  }
  return [ok(`The proxy answered ${answered.status}.`)]
}
