import { OctroiError } from '../core/errors.ts'
import { ID_PATTERN } from '../core/ids.ts'
import type { Admission } from '../inbound/admission.ts'
import { needsPerson } from '../outbound/connections/needs_person.ts'
import type { Sought } from '../outbound/connections/targets.ts'
import { compileRights, grantAppliesTo, type Rights } from '../policy/grants.ts'
import { normalisePath } from '../policy/path.ts'
import { holdsPermission } from '../policy/permissions.ts'
import { tooLarge } from './body_relay.ts'
import type { Call } from './call.ts'
import { requestParams } from './request_params.ts'

interface Passage {
  readonly sought: Sought
  readonly rights: Rights
}

/** Step three: may they. A connection that does not exist and one that was not granted answer alike. */
export function authorise(call: Call, admission: Admission, sought: Sought | undefined, rawPath: string): void {
  const id = call.connectionId as string
  if (sought === undefined) throw unknownConnection(id, admission)
  const { rights } = passage(admission, sought)
  const path = normalisePath(rawPath, { encodedSlash: sought.connector.encoded_slash === 'allow' })
  call.path = path
  call.params = requestParams(call.head as NonNullable<typeof call.head>, sought)
  const decision = rights.decide(call.method, path, call.params)
  if (decision === 'not_granted') throw notGranted()
  call.sought = sought
  if (decision === 'never_allowed') {
    throw new OctroiError(
      'never_allowed',
      `The connector ${sought.connector.id} never lets this through, whatever the grants.`,
    )
  }
  requireCallable(sought)
  const length = Number(call.head?.contentLength ?? 0)
  if (length > sought.limits.request_bytes) throw tooLarge(sought.limits.request_bytes)
}

function passage(admission: Admission, sought: Sought): Passage {
  const kept = admission.compiled.get(sought.connection.id) as Passage | undefined
  if (kept?.sought === sought) return kept
  // Before the path is looked at: what is wrong with it would tell that the connection exists.
  if (!admission.principal.grants.some((grant) => grantAppliesTo(grant, sought.connection))) throw notGranted()
  const made = { sought, rights: compileRights(admission.principal.grants, sought.connection, sought.connector) }
  admission.compiled.set(sought.connection.id, made)
  return made
}

function requireCallable({ connection }: Sought): void {
  const { state, state_reason } = connection
  if (state === 'ready' || state === 'degraded') return
  const why =
    state === 'suspended' ? 'it was restored from a backup and is not activated' : (state_reason ?? `it is ${state}`)
  throw needsPerson(connection.id, why)
}

function unknownConnection(id: string, { principal }: Admission): OctroiError {
  if (!ID_PATTERN.test(id) && /[^\w.~-]/.test(id))
    return new OctroiError('unsafe_path', 'The name of the connection is not one.')
  if (!holdsPermission(principal.permissions, '*')) return notGranted()
  return new OctroiError('not_found', `There is no connection ${id}.`)
}

export function notGranted(): OctroiError {
  return new OctroiError(
    'not_granted',
    'This credential was not granted this method and path at this connection, or there is no such connection.',
  )
}
