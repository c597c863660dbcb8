import { ConfigurationError, OctroiError } from '../core/errors.ts'

export interface Finding {
  readonly level: 'ok' | 'warning' | 'problem'
  /** For programs; stays the same from version to version. */
  readonly code: string
  readonly message: string
  readonly advice?: string
}

/** What an error says to people: a code of the system, never its values. */
export function said(error: unknown): string {
  if (error instanceof OctroiError) {
    const cause = error.cause as { code?: string; message?: string } | undefined
    return `${error.detail}${cause === undefined ? '' : ` (${cause.code ?? 'no code'})`}`
  }
  if (error instanceof ConfigurationError) return error.faults.join(' ')
  return (error as NodeJS.ErrnoException).code ?? (error as Error).name
}
