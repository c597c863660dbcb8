import * as client from 'openid-client'
import { OctroiError } from '../../core/errors.ts'
import { SignInRefused } from '../method.ts'

/** What went wrong at or with a provider, in our words: never in the provider's, which a stranger may have written. */

/** A code of the provider as far as it can stand in the log. */
function shown(code: unknown): string {
  return typeof code === 'string' ? code.replace(/[^\w.-]/g, '?').slice(0, 60) : 'none'
}

/** OpenID Connect Core §3.1.2.6: the person, or the provider's rules for him, and nothing that we can mend. */
const OF_THE_PERSON: Readonly<Record<string, string>> = {
  access_denied: 'The sign-in was refused at the provider.',
  login_required: 'The provider wants you to sign in there.',
  interaction_required: 'The provider wants you to sign in there.',
  consent_required: 'The provider wants your consent.',
  account_selection_required: 'The provider wants you to choose an account.',
}

/** What came back instead of a code (RFC 6749 §4.1.2.1). */
export function answerFault(code: string): SignInRefused | OctroiError {
  const cause = new Error(`the provider answered ${shown(code)}`)
  const denied = Object.hasOwn(OF_THE_PERSON, code) ? OF_THE_PERSON[code] : undefined
  if (denied !== undefined) return new SignInRefused('denied', denied, cause)
  // https://openid.net/specs/openid-connect-unmet-authentication-requirements-1_0.html
  if (code === 'unmet_authentication_requirements')
    return new SignInRefused('too_weak', 'The provider could not check you as strictly as is asked for here.', cause)
  return unavailable('The provider could not carry out the sign-in.', cause)
}

export function unavailable(detail: string, cause?: unknown): OctroiError {
  return new OctroiError('upstream_unreachable', detail, { cause, retryAfter: 5 })
}

/** Whatever was thrown while a provider was dealt with. Ours to log is its kind alone: libraries hang tokens, claims and answers on it. */
export function providerFault(error: unknown): SignInRefused | OctroiError {
  const known = knownCause(error)
  if (known !== undefined) return known
  if (error instanceof client.AuthorizationResponseError) return answerFault(error.error)
  if (error instanceof client.ResponseBodyError) return tokenFault(error.error)
  const cause = bare(error)
  if (error instanceof client.WWWAuthenticateChallengeError) return tokenFault('invalid_client')
  switch ((error as { code?: unknown }).code) {
    case 'OAUTH_HTTP_REQUEST_FORBIDDEN':
    case 'OAUTH_REQUEST_PROTOCOL_FORBIDDEN':
      return new OctroiError('upstream_refused_address', 'The provider names an address that is not https.', { cause })
    case 'OAUTH_TIMEOUT':
    case 'OAUTH_ABORT':
      return new OctroiError('upstream_timeout', 'The provider did not answer in time.', { cause, retryAfter: 5 })
    case 'OAUTH_INVALID_RESPONSE':
    case 'OAUTH_JWT_CLAIM_COMPARISON_FAILED':
    case 'OAUTH_JWT_TIMESTAMP_CHECK_FAILED':
    case 'OAUTH_UNSUPPORTED_OPERATION':
      return new SignInRefused('untrusted', 'The answer of the provider does not hold.', cause)
    default:
      return unavailable('The provider answered something that cannot be understood.', cause)
  }
}

/** The token endpoint refused (RFC 6749 §5.2). */
function tokenFault(code: string): SignInRefused | OctroiError {
  const cause = new Error(`the token endpoint answered ${shown(code)}`)
  if (code === 'invalid_grant')
    return new SignInRefused(
      'stale',
      'The provider no longer knows this sign-in: it took too long, or was used already.',
      cause,
    )
  if (code === 'invalid_client' || code === 'unauthorized_client')
    return new OctroiError('upstream_rejected_credential', 'The provider refused Octroi as its client.', { cause })
  return unavailable('The provider refused the request of Octroi.', cause)
}

function knownCause(error: unknown): SignInRefused | OctroiError | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++)
    if (at instanceof OctroiError || at instanceof SignInRefused) return at
  return undefined
}

/** The kind of an error, without what hangs on it. The library's messages are fixed texts. */
function bare(error: unknown): Error {
  if (!(error instanceof Error)) return new Error('not an error')
  return new Error(`${error.name} ${shown((error as { code?: unknown }).code)}: ${error.message}`.slice(0, 300))
}
