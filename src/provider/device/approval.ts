import type { DeviceCode, default as Provider } from 'oidc-provider'
import { newToken } from '../../core/ids.ts'
import type { Session } from '../../core/people_types.ts'
import type { Store } from '../../core/stores.ts'
import { SignInStopped } from '../../sign_in/desk/visit.ts'
import type { OpenIdClient } from '../client_metadata.ts'
import { grantFor } from '../grants.ts'
import type { Asked } from '../interactions/stage.ts'

/** What is written on a device code, which the device then finds at the token endpoint. */

type Code = InstanceType<typeof DeviceCode>

interface Approved {
  readonly library: Provider
  readonly code: Code
  readonly client: OpenIdClient
  readonly asked: Asked
}

interface ApprovalParts {
  readonly store: Store
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** For the account of this session, and nobody else's. Without `offline_access`, what the device gets ends with the session. */
export async function approve(
  parts: ApprovalParts,
  { library, code, client, asked }: Approved,
  session: Session,
): Promise<void> {
  const { scopes, resources } = asked
  const { store } = parts
  const subject = await store.subjects.of(session.account)
  const { jti: grantId } = await grantFor(library, store, { client, subject, session: session.id }, asked)
  const sid = await noteClient(parts, session, client.id, grantId)
  const ids = resources.map(({ id }) => id)
  Object.assign(code, {
    accountId: subject,
    acr: session.acr ?? undefined,
    amr: [...session.amr],
    authTime: Math.floor(Date.parse(session.auth_time) / 1000),
    grantId,
    sid,
    scope: [...new Set([...scopes, ...resources.flatMap((resource) => resource.scopes)])].join(' '),
    resource: ids.length > 1 ? ids : ids[0],
    sessionUid: session.lineage,
    expiresWithSession: scopes.includes('offline_access') ? undefined : true,
  })
  await code.save()
}

/** The application is one of this session's from here on, known to it by one `sid`. */
async function noteClient(
  { store, now }: ApprovalParts,
  { id }: Session,
  client: string,
  grant: string,
): Promise<string> {
  const known = (await store.sessionClients.of(id)).find((one) => one.client === client)
  const sid = known?.sid ?? newToken()
  const created_at = known?.created_at ?? new Date(now()).toISOString()
  // Ended in this very moment: a page says so, and nobody lets in this code any more.
  if (!(await store.sessionClients.put({ session: id, client, sid, grant, created_at })))
    throw new SignInStopped('csrf')
  return sid
}

/** The device is told so when it asks next (RFC 8628 §3.5 `access_denied`). */
export async function refuse(code: Code): Promise<void> {
  Object.assign(code, { error: 'access_denied', errorDescription: 'the end-user denied the request' })
  await code.save()
}
