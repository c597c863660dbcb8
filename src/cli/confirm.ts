import { FailedError, UsageError } from './command.ts'
import type { Terminal } from './terminal.ts'

export const YES = { yes: { type: 'boolean', describes: 'Do not ask.' } } as const

/** Asks before what cannot be undone. Without a terminal nothing is assumed. */
export async function confirmed(
  terminal: Terminal,
  options: { readonly yes?: boolean | undefined },
  question: string,
): Promise<void> {
  if (options.yes === true) return
  if (!terminal.interactive)
    throw new UsageError('This cannot be undone, and there is no terminal to ask on: add --yes.')
  if (!(await terminal.confirm(question))) throw new FailedError('given up; nothing was changed')
}
