/** One fault of what was sent, named by the path of its field. */
export interface ApiFieldError {
  readonly path: string
  readonly message: string
}

/**
 * A call that did not succeed. `code` is one of Octroi's codes (`not_granted`, `rate_limited`, ...), or one of the client's own,
 * with `status` 0: `unreachable` (no answer) and `timed_out`; or `unexpected_answer` when what answered is not Octroi.
 */
export class OctroiApiError extends Error {
  override readonly name = 'OctroiApiError'
  readonly status: number
  readonly code: string
  /** What went wrong, in a sentence. */
  readonly detail: string
  readonly errors: readonly ApiFieldError[]
  readonly requestId: string | undefined
  /** Seconds after which trying again makes sense. */
  readonly retryAfter: number | undefined

  constructor(fields: {
    status: number
    code: string
    detail: string
    errors?: readonly ApiFieldError[] | undefined
    requestId?: string | undefined
    retryAfter?: number | undefined
    cause?: unknown
  }) {
    super(`${fields.code}: ${fields.detail}`, { cause: fields.cause })
    this.status = fields.status
    this.code = fields.code
    this.detail = fields.detail
    this.errors = fields.errors ?? []
    this.requestId = fields.requestId
    this.retryAfter = fields.retryAfter
  }
}

/** The problem document (RFC 9457) of an answer. A reverse proxy before Octroi may have answered something else. */
export async function errorOf(answer: Response): Promise<OctroiApiError> {
  const problem = await readProblem(answer)
  const retryAfter = Number(answer.headers.get('retry-after') ?? Number.NaN)
  return new OctroiApiError({
    status: answer.status,
    code: problem?.code ?? 'unexpected_answer',
    detail: problem?.detail ?? notOctroi(answer),
    errors: problem?.errors,
    requestId: answer.headers.get('octroi-request-id') ?? undefined,
    retryAfter: Number.isNaN(retryAfter) ? undefined : retryAfter,
  })
}

/** What a web page of something else is when it comes with 200: a fault, not an answer. */
export async function bodyOf(answer: Response): Promise<unknown> {
  const text = await answer.text()
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new OctroiApiError({ status: answer.status, code: 'unexpected_answer', detail: notOctroi(answer), cause })
  }
}

function notOctroi({ status }: Response): string {
  return `Something that is not Octroi answered ${status}. Is this the right address?`
}

interface ProblemDocument {
  readonly code: string
  readonly detail: string
  readonly errors?: readonly ApiFieldError[]
}

async function readProblem(answer: Response): Promise<ProblemDocument | undefined> {
  try {
    const problem: unknown = await answer.json()
    const { code, detail } = problem as Partial<ProblemDocument>
    return typeof code === 'string' && typeof detail === 'string' ? (problem as ProblemDocument) : undefined
  } catch {
    return undefined
  }
}

/** `fetch` says what failed in the cause of its error only. */
export function notAnswered(error: unknown, url: string, timeoutMs: number): OctroiApiError {
  if ((error as { name?: string }).name === 'TimeoutError') {
    return new OctroiApiError({
      status: 0,
      code: 'timed_out',
      detail: `No answer from ${url} within ${timeoutMs} ms.`,
      cause: error,
    })
  }
  const { cause } = error as { cause?: { code?: string; message?: string } }
  const why = cause?.code ?? cause?.message ?? String(error)
  return new OctroiApiError({ status: 0, code: 'unreachable', detail: `No answer from ${url} (${why}).`, cause: error })
}
