import { certificateIn } from '../inbound/certificate_subject.ts'
import type { ForwardAuthTraces, SeenCheck } from '../inbound/forward_auth_traces.ts'
import type { RequestHead } from '../inbound/request_head.ts'
import { plainAddress } from '../policy/address.ts'
import { reasonsFor } from '../policy/route_reasons.ts'
import type { RouteTable } from '../policy/route_table.ts'
import type { Check } from './forward_auth_check.ts'

const TRACE = 'octroi-trace'

const NAMING =
  /^(?:host|forwarded|x-forwarded-(?:for|method|host|uri|proto)|x-original-(?:method|url|uri|host)|x-rewrite-url)$/i

/** A check that carries the id of a trace is told to whoever opened it. */
export function noteTrace(
  check: Check,
  target: string,
  traces: ForwardAuthTraces,
  table: RouteTable | undefined,
): void {
  const { rawHeaders } = check.request
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if ((rawHeaders[i] as string).toLowerCase() !== TRACE) continue
    traces.note((rawHeaders[i + 1] as string).trim(), () => seenIn(check, target, table))
    return
  }
}

function seenIn(check: Check, target: string, table: RouteTable | undefined): SeenCheck {
  const { request, caller, original, path, admission, outcome, askedBy } = check
  const { error = null, status = 0 } = outcome ?? {}
  const trusted = caller?.trusted ?? false
  return {
    at: new Date().toISOString(),
    request: check.id,
    peer: plainAddress(request.socket.remoteAddress ?? ''),
    trusted,
    address: trusted ? (caller?.address ?? null) : null,
    asked: askedBy.appended === null ? target.slice(0, 100) : '/forward-auth/',
    headers: request.rawHeaders.filter((name, i) => i % 2 === 0 && NAMING.test(name)),
    method: original?.method ?? null,
    host: original?.host ?? null,
    path,
    scheme: original?.scheme ?? null,
    credentials: placesIn(check),
    session: check.session ?? null,
    route: check.route?.id ?? null,
    considered:
      original === undefined || path === null || table === undefined
        ? []
        : reasonsFor(table.routes, { host: original.host, method: original.method, path }),
    status,
    code: error?.code ?? null,
    detail: error?.detail ?? null,
    account: admission?.principal.account ?? null,
    key: admission?.principal.key_id ?? null,
  }
}

/** By its scheme alone: what follows is nobody's to read. */
function placesIn({ head }: Check): readonly string[] {
  if (head === undefined) return []
  const places: string[] = []
  if (head.apiKey !== undefined) places.push('API-KEY')
  if (head.xApiKey !== undefined) places.push('X-API-Key')
  if (head.authorization !== undefined) places.push(`Authorization: ${schemeIn(head.authorization)}`)
  if (head.names.includes('cookie')) places.push('Cookie')
  if (namesCertificate(head)) places.push(`${head.withheld} (client certificate)`)
  return places
}

/** The header is read only where the operator said which one it is; a proxy may send it empty. */
function namesCertificate({ withheld, names, raw }: RequestHead): boolean {
  const at = withheld === undefined ? -1 : names.indexOf(withheld)
  return at !== -1 && certificateIn(raw[2 * at + 1] as string) !== null
}

function schemeIn(authorization: string): string {
  const scheme = /^([a-z]{1,20}) /i.exec(authorization)?.[1]?.toLowerCase()
  return scheme === 'bearer' ? 'Bearer' : scheme === 'basic' ? 'Basic' : 'a scheme that is not read here'
}
