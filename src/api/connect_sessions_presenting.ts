import type { z } from 'zod'
import type { ConnectSession as Stored } from '../core/types.ts'
import type { ConnectSession } from './connect_session_schemas.ts'

/** How far the person has come is nobody's business; whether it is over is. */
export function presentSession(session: Stored, now: Date): z.input<typeof ConnectSession> {
  const { id, connector, connection_id, expires_at } = session
  const isOver = Date.parse(expires_at) <= now.getTime()
  const state =
    session.state === 'done' ? 'done' : isOver ? 'expired' : session.state === 'finished' ? 'finished' : 'pending'
  return { id, connector, connection_id, state, expires_at }
}
