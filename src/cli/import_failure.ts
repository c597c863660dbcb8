import { OctroiApiError } from '../client/index.ts'

/** The fields that are wrong, each by the place in the file where people find it. */
type Faults = OctroiApiError['errors']

/** A file that goes in portions failed at one of them: what became of the rows before it (`done`) is said with what is wrong. */
export function importFailure(
  error: OctroiApiError,
  { file, noun, done, errors }: { file: string; noun: 'accounts' | 'keys'; done: number; errors: Faults },
): OctroiApiError {
  const { status, code, requestId, retryAfter } = error
  const why = errors.length === 0 ? ` ${error.detail}` : ''
  const detail =
    done === 0
      ? `${file}: nothing was taken over.${why}`
      : `${file}: the first ${done} ${noun} were taken over, the rest was not.${why} Run it again once it is mended: they stay as they are.`
  return new OctroiApiError({ status, code, detail, errors, requestId, retryAfter, cause: error })
}
