import { ExchangeError, type StepAnswer } from '../../exchange.ts'
import { type JsonPath, parseJson, textAt } from '../../json_path.ts'

/** What an answer of a token endpoint (RFC 6749 §5.2) means when it brings no token. */

export interface RefusalRules {
  /** Where the error code is. */
  readonly error: JsonPath
  /** Codes of this service that only a person can mend, whatever the status. */
  readonly human: readonly string[]
  /** Codes of this service that pass. */
  readonly transient: readonly string[]
}

export const STANDARD_RULES: RefusalRules = { error: ['error'], human: [], transient: [] }

/** RFC 6749 §4.1.2.1: the server is in trouble, not the client. */
const PASSING = new Set(['temporarily_unavailable', 'server_error'])

/**
 * 429: limited. A code that the connector names: as it says. 5xx, a passing code, a body that is no JSON: transient, for a page
 * of a proxy in between says nothing of our credential. Any other 4xx: only a person can mend it.
 */
export function refusalOf(answer: StepAnswer, now: number, rules: RefusalRules = STANDARD_RULES): ExchangeError {
  const json = parseJson(answer.text)
  const code = errorCode(json, rules.error)
  const retryAfter = retryAfterOf(answer.headers, now)
  const detail = `The service answered ${code === undefined ? '' : `${code} with `}status ${answer.status}.`
  if (answer.status === 429) return new ExchangeError('limited', detail, { retryAfter })
  const kind = kindOf(answer.status, textAt(json, rules.error), isObject(json), rules)
  return new ExchangeError(kind, detail, { retryAfter })
}

function kindOf(
  status: number,
  error: string | undefined,
  isJson: boolean,
  rules: RefusalRules,
): 'human' | 'transient' {
  if (error !== undefined && rules.human.includes(error)) return 'human'
  if (error !== undefined && (rules.transient.includes(error) || PASSING.has(error))) return 'transient'
  if (error !== undefined && status < 500 && !WAITING.has(status)) return 'human'
  // RFC 6749 §5.2: 401 is the client's own authentication, also without a body.
  if (status === 401) return 'human'
  return status >= 400 && status < 500 && isJson && !WAITING.has(status) ? 'human' : 'transient'
}

/** Request Timeout, Too Early. */
const WAITING = new Set([408, 425])

/** `undefined` for what does not look like a code: free text of a service may hold anything. */
export function errorCode(json: unknown, path: JsonPath = ['error']): string | undefined {
  const code = textAt(json, path)
  return code !== undefined && /^[a-z_]{1,60}$/.test(code) ? code : undefined
}

/** Seconds; RFC 9110 §10.2.3 knows seconds and dates. */
export function retryAfterOf(headers: Headers, now: number): number | undefined {
  const text = headers.get('retry-after')?.trim()
  if (text === undefined || text === '') return undefined
  if (/^\d{1,9}$/.test(text)) return Number(text)
  const time = /^[A-Z][a-z]{2}/.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(time) ? undefined : Math.max(0, Math.ceil((time - now) / 1000))
}

function isObject(json: unknown): boolean {
  return json !== null && typeof json === 'object'
}
