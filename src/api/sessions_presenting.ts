import type { z } from 'zod'
import type { Session as Stored } from '../core/people_types.ts'
import type { ApiParts } from './endpoint.ts'
import type { Session } from './session_schemas.ts'

/** With when each was last used. What is sealed stays out. */
export async function presentSessions(
  { activity }: Pick<ApiParts, 'activity'>,
  sessions: readonly Stored[],
): Promise<z.input<typeof Session>[]> {
  const uses = await activity.sessionUses(sessions.map(({ id }) => id))
  return sessions.map(({ sealed: _, amr, ...session }) => ({
    ...session,
    amr: [...amr],
    last_used_at: uses.get(session.id) ?? null,
  }))
}
