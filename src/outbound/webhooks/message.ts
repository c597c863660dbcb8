import type { EventRow } from '../../core/types.ts'
import type { SignedMessage } from './signing.ts'

/** What a receiver is told of an event: `{"type","timestamp","data":{"id","subject","data"}}`. Its id is the event's. */
export function messageOf({ id, type, at, subject, data }: EventRow): SignedMessage {
  return { id, body: JSON.stringify({ type, timestamp: at, data: { id, subject, data } }) }
}
