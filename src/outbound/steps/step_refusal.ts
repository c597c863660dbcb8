import { parseTime } from '../connectors/zoned_time.ts'
import { ExchangeError, type ExchangeFailure } from '../exchange.ts'
import type { ConnectionSecrets, ConnectionSettings } from '../scheme.ts'
import type { Answer } from './answer.ts'
import type { Condition } from './conditions.ts'

/** What an answer that is not the hoped-for one means: whether a person must act, or waiting helps. */

export interface RefusalRules {
  readonly limited: readonly Condition[]
  readonly transient: readonly Condition[]
  readonly human: readonly Condition[] | undefined
  readonly retryAfter: string | undefined
}

/** Nothing is wrong with the credential after these: a time-out and two that ask to come again (RFC 9110 §15.5.9, RFC 8470). */
const PASSING = new Set([408, 423, 425])

export function refusalOf(
  answer: Answer,
  rules: RefusalRules,
  connection: ConnectionSecrets,
  title: string,
  now: number,
): ExchangeError {
  const kind = kindOf(answer, rules, connection)
  const retryAfter = kind === 'human' ? undefined : waitFor(answer, rules.retryAfter ?? 'Retry-After', now)
  const code = answer.jsonText(['error'])
  const reason = isErrorCode(code, connection) ? ` (${code})` : ''
  const said = answer.status < 300 ? `${answer.status}, but not as a success` : String(answer.status)
  return new ExchangeError(kind, `The service answered ${title} with ${said}${reason}.`, { retryAfter })
}

/** The codes of RFC 6749 §5.2 and their like; nothing else of what the service says is shown, least of all a secret that it repeats. */
function isErrorCode(code: string | undefined, { secrets }: ConnectionSecrets): boolean {
  return code !== undefined && /^[a-z_]{1,60}$/.test(code) && !Object.values(secrets).includes(code)
}

/** What the connector says comes first: fewer requests, then trouble, then a person; then what statuses mean everywhere. */
function kindOf(answer: Answer, rules: RefusalRules, connection: ConnectionSettings): ExchangeFailure {
  const some = (conditions: readonly Condition[] = []) => conditions.some((holds) => holds(answer, connection))
  if (some(rules.limited)) return 'limited'
  if (some(rules.transient)) return 'transient'
  if (some(rules.human)) return 'human'
  if (answer.status === 429) return 'limited'
  if (answer.status >= 400 && answer.status < 500) return PASSING.has(answer.status) ? 'transient' : 'human'
  // A refusal inside a success: a person's matter, unless the connector tells which ones are.
  const isAnswer = answer.isXml ? answer.xml() !== undefined : answer.json() !== undefined
  return answer.status < 300 && isAnswer && rules.human === undefined ? 'human' : 'transient'
}

/** Seconds, or a date (RFC 9110 §10.2.3). */
function waitFor(answer: Answer, header: string, now: number): number | undefined {
  const text = answer.headers.get(header)?.trim() ?? ''
  if (/^\d{1,9}(\.\d+)?$/.test(text)) return Math.ceil(Number(text))
  const at = parseTime(text, 'http')
  return at === undefined ? undefined : Math.max(0, Math.ceil((at - now) / 1000))
}
