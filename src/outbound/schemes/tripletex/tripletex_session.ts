import {
  type ExchangeContext,
  ExchangeError,
  type Obtained,
  type StepAnswer,
  type StepRequest,
} from '../../exchange.ts'
import { parseJson, textAt } from '../../json_path.ts'
import type { ConnectionSecrets } from '../../scheme.ts'
import { unusable } from '../placing.ts'
import { dateInOslo, startOfDate } from './norwegian_date.ts'
import { tripletexRefusal } from './tripletex_refusal.ts'

/** Nothing is sent with a session so shortly before its end, for the clocks may differ. */
const SKEW_MS = 5 * 60_000
/** Sessions are asked for with a day at least: one that ends sooner was born dead, and the next one would be too. */
const LEAST_LIFE_MS = 3_600_000
/** Two sessions of one employee that are created at once: one gets 409. */
const ATTEMPTS = 4
const PAUSE_MS = 250
/** The longest life that is known to be given from a refresh token. */
const REFRESHED_SECONDS = 28_800

/** `POST /token/session/:create`: the tokens go in the body and not, as with PUT, in the address, which ends up in logs. */
export async function sessionFromTokens(
  connection: ConnectionSecrets,
  url: string,
  days: number,
  context: ExchangeContext,
): Promise<Obtained> {
  const consumerToken = secretOf(connection, 'consumer_key')
  const employeeToken = secretOf(connection, 'employee_token')
  refuseTestTokens(url, { consumer_key: consumerToken, employee_token: employeeToken })
  const expirationDate = dateInOslo(context.now(), days)
  const answer = await created(
    post(`${url}/token/session/:create`, { consumerToken, employeeToken, expirationDate }),
    context,
  )
  const token = sessionIn(answer)
  // The date that was given counts, not the one that was asked for.
  const end = startOfDate(textAt(parseJson(answer.text), ['value', 'expirationDate']) ?? '')
  if (end === undefined) throw new ExchangeError('transient', 'Tripletex gave a session without a date of its end.')
  if (end - context.now() < LEAST_LIFE_MS) throw bornDead(end, context.now())
  return { values: { session_token: token }, expiresAt: end - SKEW_MS }
}

/** `POST /token/session/:createFromRefreshToken`: seen in public clients only, see the docs page. */
export async function sessionFromRefreshToken(
  connection: ConnectionSecrets,
  url: string,
  context: ExchangeContext,
): Promise<Obtained> {
  const refreshToken = secretOf(connection, 'refresh_token_jwt')
  const began = context.now()
  const body = { refreshToken, ttlSeconds: REFRESHED_SECONDS }
  const answer = await created(post(`${url}/token/session/:createFromRefreshToken`, body), context)
  return { values: { session_token: sessionIn(answer) }, expiresAt: began + REFRESHED_SECONDS * 1000 - SKEW_MS }
}

function post(url: string, body: Readonly<Record<string, unknown>>): StepRequest {
  const headers = { 'Content-Type': 'application/json', Accept: 'application/json' }
  return { method: 'POST', url, headers, body: JSON.stringify(body) }
}

async function created(request: StepRequest, context: ExchangeContext): Promise<StepAnswer> {
  for (let attempt = 1; ; attempt++) {
    const answer = await context.fetch(request)
    if (answer.status === 200 || answer.status === 201) return answer
    if (answer.status !== 409 || attempt === ATTEMPTS || context.wait === undefined) throw tripletexRefusal(answer)
    // Whoever was refused at the same moment must not come back at the same moment.
    await context.wait(PAUSE_MS * attempt * (0.5 + Math.random()))
  }
}

/** It begins like a JWT and is none: nothing is read out of it. */
function sessionIn(answer: StepAnswer): string {
  const token = textAt(parseJson(answer.text), ['value', 'token'])
  if (token !== undefined && /^[\x21-\x7e]+$/.test(token)) return token
  throw new ExchangeError('transient', `Tripletex answered ${answer.status} without a session.`)
}

function bornDead(end: number, now: number): ExchangeError {
  return new ExchangeError(
    'transient',
    `Tripletex gave a session that ends at ${iso(end)}, and it is ${iso(now)} by the clock of this machine: is the clock right?`,
  )
}

const iso = (time: number) => new Date(time).toISOString()

/** Test tokens say so since 2020 (changelog, 2020-03-17); in production they are refused without a hint at the reason. */
function refuseTestTokens(url: string, tokens: Readonly<Record<string, string>>): void {
  if (!/(^|\.)tripletex\.no$/.test(new URL(url).hostname)) return
  const names = Object.entries(tokens).flatMap(([name, token]) => (isTestToken(token) ? [name] : []))
  if (names.length === 0) return
  throw new ExchangeError(
    'human',
    `${names.join(' and ')}: for the test environment of Tripletex (test-), but base_url is production.`,
  )
}

/** As it is, or inside the base64 of a JSON object. */
function isTestToken(token: string): boolean {
  if (token.startsWith('test-')) return true
  const inside = textAt(parseJson(Buffer.from(token, 'base64').toString('utf8')), ['token'])
  return inside?.startsWith('test-') === true
}

function secretOf(connection: ConnectionSecrets, name: string): string {
  const value = Object.hasOwn(connection.secrets, name) ? connection.secrets[name] : undefined
  if (value === undefined) throw unusable(connection, `The secret ${name} is missing.`)
  return value
}
