import { OctroiError } from '../core/errors.ts'

export function tooBusy(): OctroiError {
  return new OctroiError('busy', 'Too many passwords are being checked.', { retryAfter: 1 })
}
