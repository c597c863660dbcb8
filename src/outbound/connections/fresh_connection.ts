import type { Connection } from '../../core/types.ts'

type Chosen = Pick<
  Connection,
  'id' | 'connector' | 'scheme' | 'name' | 'settings' | 'tags' | 'network' | 'options' | 'app'
>

/** A connection that begins its life `now` (RFC 3339). */
export function freshConnection(chosen: Chosen, now: string): Connection {
  return {
    ...chosen,
    has_next: false,
    state: 'ready',
    state_reason: null,
    state_since: now,
    created_at: now,
    updated_at: now,
  }
}
