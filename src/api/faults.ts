import { type FieldError, OctroiError } from '../core/errors.ts'

const MAX_FAULTS = 100

/** 400 that says every fault, in the text for people and in `errors` for programs. */
export function invalid(what: string, faults: readonly FieldError[]): OctroiError {
  const errors = faults.slice(0, MAX_FAULTS).map(shortened)
  const named = errors.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ')
  return new OctroiError('invalid_request', `${what} ${named}`.slice(0, 2_000), { errors })
}

/** What was sent is in some messages, and what was sent may be a megabyte. */
function shortened({ path, message }: FieldError): FieldError {
  return { path: path.slice(0, 200), message: message.slice(0, 500) }
}
