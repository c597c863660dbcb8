import { plain } from './table.ts'

/** One thing that a doctor found, and what to do about it. */
export interface Finding {
  readonly level: 'ok' | 'warning' | 'problem'
  readonly message: string
  readonly advice?: string | undefined
}

const MARKS = { ok: 'ok      ', warning: 'warning ', problem: 'PROBLEM ' } as const

export function findingsText(findings: readonly Finding[]): string {
  return findings
    .map(
      ({ level, message, advice }) =>
        `${MARKS[level]}${plain(message)}${advice === undefined ? '' : `\n        ${plain(advice)}`}`,
    )
    .join('\n')
}
