import type { Connector } from './connector.ts'

/**
 * Did the service refuse our credential? Any 401 does, unless the connector says that a 401 is an answer like any other;
 * else what the connector lists in `rejected_when`. `body` is the start of the answer, needed where `refusalNeedsBody` says so.
 */
export function credentialRefused(connector: Connector, status: number, body = ''): boolean {
  if (status === 401 && connector.unauthorized === 'rejected') return true
  return connector.rejected_when.some(
    (rule) => rule.status === status && (rule.body === undefined || body.includes(rule.body)),
  )
}

/** Whether an answer of this status cannot be judged without its body. */
export function refusalNeedsBody(connector: Connector, status: number): boolean {
  return !credentialRefused(connector, status) && connector.rejected_when.some((rule) => rule.status === status)
}
