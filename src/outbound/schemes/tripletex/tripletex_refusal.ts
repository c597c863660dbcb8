import { ExchangeError, type StepAnswer } from '../../exchange.ts'
import { parseJson, textAt, valueAt } from '../../json_path.ts'

/** What a person calls the arguments of the session calls. */
const SECRETS: Readonly<Record<string, string>> = {
  consumerToken: 'consumer_token (consumer_key)',
  employeeToken: 'employee_token',
  refreshToken: 'refresh_token_jwt',
}

/**
 * Why Tripletex gave no session. Its messages are in the language of the account, so codes and the names of arguments decide
 * (OpenAPI 2.74.00, "Errors"). A token that is not known is 422 / 18000 and names its argument, not 401.
 */
export function tripletexRefusal(answer: StepAnswer): ExchangeError {
  const { status } = answer
  if (status === 429) return limited(answer)
  const body = parseJson(answer.text)
  const code = textAt(body, ['code'])
  const said = code !== undefined && /^\d{1,6}$/.test(code) ? `${status}, code ${code}` : `${status}`
  if (status === 409) return new ExchangeError('transient', `Another session was being created at Tripletex (${said}).`)
  if (status < 400 || status >= 500) return new ExchangeError('transient', `Tripletex gave no session (${said}).`)

  const wrong = argumentsOf(body)
  if (wrong.includes('expirationDate'))
    return new ExchangeError(
      'transient',
      `Tripletex refuses the end of the session (${said}): is the clock of this machine right?`,
    )
  const secrets = wrong.flatMap((name) => (Object.hasOwn(SECRETS, name) ? [SECRETS[name]] : []))
  const reason =
    secrets.length > 0
      ? `Tripletex refuses ${secrets.join(' and ')} (${said}): wrong, withdrawn, or of the other environment.`
      : `Tripletex refuses to give a session (${said}).`
  return new ExchangeError('human', reason)
}

/** `arg:consumerToken` in `validationMessages` is `consumerToken`. */
function argumentsOf(body: unknown): string[] {
  const messages = valueAt(body, ['validationMessages'])
  if (!Array.isArray(messages)) return []
  return messages.flatMap((message) => textAt(message, ['field'])?.replace(/^arg:/, '') ?? [])
}

/** `X-Rate-Limit-Reset` is the seconds that are left, not a time. */
function limited({ status, headers }: StepAnswer): ExchangeError {
  const seconds = /^\d{1,5}$/.exec(headers.get('x-rate-limit-reset') ?? headers.get('retry-after') ?? '')?.[0]
  return new ExchangeError('limited', `Tripletex wants fewer requests (${status}).`, {
    retryAfter: seconds === undefined ? undefined : Number(seconds),
  })
}
