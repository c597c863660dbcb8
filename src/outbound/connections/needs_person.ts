import { OctroiError } from '../../core/errors.ts'

/** A connection that only a person can bring back. `why` is shown, with or without its full stop. */
export function needsPerson(id: string, why: string, cause?: unknown): OctroiError {
  return new OctroiError('reconnect_required', `The connection ${id} needs a person: ${sentence(why)}`, {
    cause,
    retryAfter: 60,
  })
}

export function sentence(text: string): string {
  return text.endsWith('.') ? text : `${text}.`
}
