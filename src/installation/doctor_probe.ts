import type { Account, ApiKey, Connection } from '../core/types.ts'
import { checkConnection, probe } from '../outbound/connections/check.ts'
import type { Target } from '../outbound/connections/targets.ts'
import type { Connector, OverreachProbe } from '../outbound/connectors/connector.ts'
import { expandAllow, grantAppliesTo } from '../policy/grants.ts'
import { parseRule, pathMatches, type Rule } from '../policy/pattern.ts'
import type { Finding } from './doctor_finding.ts'
import { type DoctorParts, every, isLive } from './doctor_rows.ts'

/**
 * Whether a credential may do more at its service than any key needs: whoever steals it from the service's side, or finds a hole in
 * the gate, gets that much. Only connections in use are asked; a suspended one must not act.
 */
export async function probeFindings(parts: DoctorParts, now: Date): Promise<Finding[]> {
  const findings: Finding[] = []
  for await (const { id, state } of every<Connection>((page) => parts.store.connections.list(page))) {
    if (state !== 'ready' && state !== 'degraded') continue
    const stored = await parts.store.connections.get(id)
    const target = stored && (await parts.targets.build(stored).catch(() => undefined))
    // A token is only asked for by the process that serves: two of them would spend each other's.
    if (target?.ready) findings.push(...(await probeOne(target, parts, now)))
  }
  return findings
}

async function probeOne(target: Target, parts: DoctorParts, now: Date): Promise<Finding[]> {
  const { id } = target.connection
  const test = await checkConnection(target)
  if (!test.ok)
    return [
      {
        level: 'problem',
        code: 'probe.failed',
        message: `The connection ${id} does not work: ${test.detail}`,
        advice: `octroi connection test ${id}`,
      },
    ]
  const findings: Finding[] =
    test.outcome === 'untested'
      ? []
      : [{ level: 'ok', code: 'probe.accepted', message: `The connection ${id} works (${test.ms} ms).` }]
  if (target.connector.overreach.length === 0) return findings
  const granted = await grantedAt(target, parts, now)
  for (const each of target.connector.overreach) findings.push(...(await overreach(target, each, granted)))
  return findings
}

async function overreach(target: Target, each: OverreachProbe, granted: readonly Rule[] | 'all'): Promise<Finding[]> {
  const { id } = target.connection
  const needed = each.unless_granted.map(parseRule)
  if (granted === 'all' || granted.some((rule) => needed.some((one) => rulesOverlap(rule, one)))) return []
  const { status, outcome } = await probe(target, each.method, each.path)
  if (status === null || status >= 500) {
    return [
      {
        level: 'warning',
        code: 'probe.unclear',
        message: `Whether the credential of ${id} has the right "${each.right}" could not be seen (${status ?? 'no answer'}).`,
      },
    ]
  }
  if (each.refused.includes(status) || outcome === 'refused') return []
  const message = `The credential of ${id} has the right "${each.right}", which no key needs.`
  return [
    {
      level: 'warning',
      code: 'probe.overreach',
      message,
      advice: `Make a credential without it at the service, and give it with: octroi connection reconnect ${id}`,
    },
  ]
}

/** What live keys may do at the connection; `all` when one may read the secrets themselves. */
async function grantedAt(
  { connection, connector }: Target,
  parts: DoctorParts,
  now: Date,
): Promise<readonly Rule[] | 'all'> {
  const owners = new Map<string, Account | undefined>()
  const rules = new Set<string>()
  for await (const key of every<ApiKey>((page) => parts.store.keys.list(page))) {
    const grants = key.grants.filter((grant) => grantAppliesTo(grant, connection))
    if (grants.length === 0) continue
    if (!owners.has(key.account)) owners.set(key.account, await parts.store.accounts.get(key.account))
    if (!isLive(key, owners.get(key.account), parts.settings.environment, now)) continue
    if (grants.some((grant) => grant.credentials === true)) return 'all'
    for (const text of grants.flatMap((grant) => expandAllow(grant.allow, connector as Connector))) rules.add(text)
  }
  return [...rules].map(parseRule)
}

/** Whether some request could be allowed by both. Says yes when it is not sure: the right may be needed then. */
export function rulesOverlap(a: Rule, b: Rule): boolean {
  if (!methodsOverlap(a.method, b.method)) return false
  const [short, long] = a.segments.length <= b.segments.length ? [a, b] : [b, a]
  if (short.segments.length < long.segments.length && !short.rest) return false
  return short.segments.every((segment, i) => segmentsOverlap(segment, long.segments[i] as Rule['segments'][number]))
}

/** HEAD is allowed where GET is. */
function methodsOverlap(a: string, b: string): boolean {
  const plain = (method: string) => (method === 'HEAD' ? 'GET' : method)
  return a === '*' || b === '*' || plain(a) === plain(b)
}

function segmentsOverlap(a: Rule['segments'][number], b: Rule['segments'][number]): boolean {
  if (b.kind === 'literal') return pathMatches({ method: '*', segments: [a], rest: false, text: '' }, [b.text])
  return a.kind === 'literal' ? segmentsOverlap(b, a) : true
}
