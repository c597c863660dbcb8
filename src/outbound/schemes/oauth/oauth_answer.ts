import { z } from 'zod'
import { ExchangeError, type StepAnswer } from '../../exchange.ts'
import { type JsonPath, parseJson, textAt, valueAt } from '../../json_path.ts'
import { endOf, UNITS } from './oauth_expiry.ts'
import { type RefusalRules, refusalOf } from './oauth_refusal.ts'

/** Where things are in the answer of a token endpoint (RFC 6749 §5.1, and the many that differ). */

export const Path = z.array(z.string().min(1)).min(1)

const Scalar = z.union([z.string(), z.number(), z.boolean()])

/** What every scheme that asks a token endpoint may say of its answers. */
export const answerShape = {
  response: z
    .strictObject({
      at: z.array(z.string().min(1)).default([]).describe('Where the token object is; the other paths start there'),
      access_token: Path.default(['access_token']),
      refresh_token: Path.default(['refresh_token']),
      id_token: Path.default(['id_token']),
      token_type: Path.default(['token_type']),
      expires_in: Path.default(['expires_in']),
      expires_at: Path.optional().describe(
        'A point in time, where it is to win over expires_in: seconds or milliseconds since 1970, or a date',
      ),
      unit: z.enum(UNITS).default('s').describe('Unit of expires_in'),
      error: Path.default(['error']).describe('Where the error code is, from the root of the answer'),
    })
    .prefault({}),
  lifetime_s: z.int().min(1).optional().describe('How long a token lives where the answer does not say'),
  ok: z
    .strictObject({ path: Path, is: Scalar.optional(), not: Scalar.optional() })
    .refine(({ is, not }) => (is === undefined) !== (not === undefined), 'needs one of "is" and "not"')
    .optional()
    .describe('What holds in a good answer, for services that answer errors with 200'),
  human_errors: z
    .array(z.string())
    .default([])
    .describe('Error codes that only a person can mend, whatever the status'),
  transient_errors: z.array(z.string()).default([]).describe('Error codes that pass by themselves'),
}

const AnswerSection = z.object(answerShape)

export interface AnswerRules {
  readonly response: z.infer<typeof AnswerSection>['response']
  readonly ok: z.infer<typeof AnswerSection>['ok']
  readonly lifetimeSeconds: number | undefined
  readonly refusals: RefusalRules
}

export function answerRules(section: z.infer<typeof AnswerSection>): AnswerRules {
  const { response, ok, lifetime_s, human_errors: human, transient_errors: transient } = section
  return { response, ok, lifetimeSeconds: lifetime_s, refusals: { error: response.error, human, transient } }
}

export interface TokenAnswer {
  readonly json: unknown
  readonly accessToken: string
  readonly refreshToken: string | undefined
  readonly idToken: string | undefined
  readonly tokenType: string | undefined
  /** Milliseconds since the epoch. */
  readonly expiresAt: number | null
}

/** The token of an answer. Throws `ExchangeError` for every answer that is no good. */
export function readToken(answer: StepAnswer, rules: AnswerRules, now: number): TokenAnswer {
  const { response } = rules
  const json = parseJson(answer.text)
  if (answer.status < 200 || answer.status > 299) throw refusalOf(answer, now, rules.refusals)
  if (json === null || typeof json !== 'object')
    throw new ExchangeError(
      'transient',
      `The service answered status ${answer.status} with something that is not JSON.`,
    )
  const root = valueAt(json, response.at)
  const accessToken = token(root, response.access_token, 'access_token')
  if (accessToken === undefined || !holds(rules.ok, json)) throw withoutToken(answer, json, rules, now)
  return {
    json,
    accessToken,
    refreshToken: token(root, response.refresh_token, 'refresh_token'),
    idToken: textAt(root, response.id_token),
    tokenType: textAt(root, response.token_type),
    expiresAt: endIn(root, rules, now),
  }
}

/** What the connector points at comes first; a service may write either name of its own accord. */
function endIn(root: unknown, { response, lifetimeSeconds: otherwise }: AnswerRules, now: number): number | null {
  const { unit, expires_at } = response
  const stated = endOf({ in: textAt(root, response.expires_in), at: expires_at && textAt(root, expires_at), unit }, now)
  return stated ?? endOf({ at: textAt(root, ['expires_at']), unit, otherwise }, now)
}

/** A 200 with an error code is a refusal like any other; one that only lacks the token is trouble of the service. */
function withoutToken(answer: StepAnswer, json: unknown, rules: AnswerRules, now: number): ExchangeError {
  if (textAt(json, rules.refusals.error) !== undefined) return refusalOf(answer, now, rules.refusals)
  if (!holds(rules.ok, json))
    return new ExchangeError(
      'human',
      `The service answered status ${answer.status}, but its ${rules.ok?.path.join('.')} says no.`,
    )
  return new ExchangeError('transient', 'The answer of the service has no access_token.')
}

function holds(ok: AnswerRules['ok'], json: unknown): boolean {
  if (ok === undefined) return true
  const value = textAt(json, ok.path)
  return ok.is === undefined ? value !== String(ok.not) : value === String(ok.is)
}

/** Empty is absent. A token goes into a header: one that no header can carry is a broken answer. */
function token(root: unknown, path: JsonPath, name: string): string | undefined {
  const text = textAt(root, path)
  if (text === undefined || text === '') return undefined
  if (!/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(text))
    throw new ExchangeError('transient', `The ${name} of the service has characters that cannot be sent.`)
  return text
}
