import type { Connection } from '../../core/types.ts'

/** Apart for each registration of an application: an answer of one service is never taken for another's (D4, RFC 9700 §4.4). */
export function callbackPath({ connector, id, app }: Pick<Connection, 'connector' | 'id' | 'app'>): string {
  return app === null ? `/connect/callback/${connector}/${id}` : `/connect/callback/${connector}`
}
