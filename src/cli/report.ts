import { OctroiApiError } from '../client/index.ts'
import { ConfigurationError, type FieldError, OctroiError } from '../core/errors.ts'
import { EXIT, type ExitCode, FailedError, UsageError } from './command.ts'
import { plain } from './table.ts'

/** A failure as it is told: a line on stderr, one more for each field; or, with `--json`, one problem document. */
interface Report {
  readonly exit: ExitCode
  readonly code: string
  readonly status?: number | undefined
  /** More than one only for a configuration, whose faults are all told at once. */
  readonly details: readonly string[]
  readonly errors?: readonly FieldError[] | undefined
  readonly hints?: readonly string[] | undefined
  readonly requestId?: string | undefined
  readonly retryAfter?: number | undefined
}

/** What to do about an answer, where the command line has the remedy. */
const HINTS: Readonly<Record<string, string>> = {
  unreachable: 'Is it running there? Its address is OCTROI_URL, or --url.',
  timed_out: 'Its address is OCTROI_URL, or --url.',
  unexpected_answer: 'Its address is OCTROI_URL, or --url.',
  unauthenticated: 'Your key is OCTROI_KEY, or in the file of --key-file; it does not work at this server.',
  key_expired: 'Your key is OCTROI_KEY, or in the file of --key-file.',
  key_revoked: 'Your key is OCTROI_KEY, or in the file of --key-file.',
  secrets_required: 'Give them with: octroi connection reconnect ID (it takes the same --set and --allow options).',
  insecure_upstream: 'If it is meant: --allow-private for an address inside your network, --allow-http for plain http.',
}

export function reportOf(error: unknown): Report {
  if (error instanceof UsageError)
    return { exit: EXIT.usage, code: 'usage', details: [error.message], hints: error.hints }
  if (error instanceof ConfigurationError)
    return { exit: EXIT.configuration, code: 'configuration', details: error.faults }
  if (error instanceof FailedError) return { exit: EXIT.failed, code: 'failed', details: [error.message] }
  if (error instanceof OctroiApiError || error instanceof OctroiError) {
    const { code, status, detail, errors, retryAfter } = error
    const requestId = error instanceof OctroiApiError ? error.requestId : undefined
    const hint = error instanceof OctroiApiError ? HINTS[code] : undefined
    return {
      exit: EXIT.failed,
      code,
      status: status === 0 ? undefined : status,
      details: [detail],
      errors,
      hints: hint === undefined ? [] : [hint],
      requestId,
      retryAfter,
    }
  }
  return { exit: EXIT.failed, code: 'internal', details: [firstLine(error)] }
}

export function reportText({ details, errors = [], hints = [], code, requestId }: Report): string {
  const internal = code === 'internal' && requestId !== undefined
  return [
    ...details.map((detail) => `octroi: ${errors.length === 0 ? detail : withoutFaults(detail, errors)}`),
    ...errors.map(({ path, message }) => `  ${path === '' ? '' : `${path}: `}${message}`),
    ...(internal ? [`  request ${requestId}`] : []),
    ...hints.map((hint) => `  ${hint}`),
  ]
    .map(plain)
    .join('\n')
}

/** Details of the API name the faults, for those who show nothing else; here each has its line. */
function withoutFaults(detail: string, errors: readonly FieldError[]): string {
  const places = errors.flatMap(({ path, message }) => [`${path}: ${message}`, `${path} ${message}`, message])
  const first = Math.min(...places.map((place) => detail.indexOf(place)).filter((at) => at > 0))
  return Number.isFinite(first) ? `${detail.slice(0, first).replace(/[\s:.]+$/, '')}.` : detail
}

export function reportJson(report: Report): string {
  const { exit, code, status, details, errors = [], hints = [], requestId, retryAfter } = report
  const listed = details.length > 1 ? details.map((message) => ({ path: '', message })) : errors
  return JSON.stringify({
    code,
    ...(status === undefined ? {} : { status }),
    detail: details.join(' '),
    ...(listed.length === 0 ? {} : { errors: listed }),
    ...(hints.length === 0 ? {} : { hints }),
    ...(requestId === undefined ? {} : { request_id: requestId }),
    ...(retryAfter === undefined ? {} : { retry_after: retryAfter }),
    exit,
  })
}

/** Files that cannot be read say so themselves; of anything else only the first line is for people. */
function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return message.split('\n', 1)[0] || 'an unexpected failure (OCTROI_LOG_LEVEL=debug shows more)'
}
