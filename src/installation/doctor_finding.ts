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

const NAMED = 5

/** One sentence for all things of a kind. */
export function warning(
  code: string,
  message: string,
  things: readonly { readonly id: string }[],
  advice: string,
): Finding[] {
  if (things.length === 0) return []
  const more = things.length > NAMED ? `, and ${things.length - NAMED} more` : ''
  const ids = things.slice(0, NAMED).map(({ id }) => id)
  return [{ level: 'warning', code, message: `${message}: ${ids.join(', ')}${more}.`, advice }]
}
