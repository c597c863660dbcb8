import { type Finding, type Goal, meets } from './goals.ts'
import { median, spread } from './statistics.ts'

/** What a scenario found: tables for people, findings to judge, notes to read first, and every figure for machines. */
export interface Report {
  readonly title: string
  readonly tables: readonly Table[]
  readonly findings: readonly Finding[]
  readonly notes: readonly string[]
  readonly data: unknown
}

export interface Table {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** Three figures that count: 51234 → 51.2k, 17.345 → 17.3, 0.4012 → 0.401. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '-'
  if (Math.abs(value) >= 10_000) return `${(value / 1000).toFixed(value >= 100_000 ? 0 : 1)}k`
  if (Math.abs(value) >= 100) return value.toFixed(0)
  return String(Number(value.toPrecision(3)))
}

/** `median (min..max)` */
export function spanned(values: readonly number[]): string {
  if (values.length === 0) return '-'
  if (values.length === 1) return figure(values[0]!)
  return `${figure(median(values))} (${figure(Math.min(...values))}..${figure(Math.max(...values))})`
}

/** Said when the yardstick itself moved too much for ratios to be quoted. */
export function unsteady(name: string, what: string, values: readonly number[]): string[] {
  const varied = spread(values)
  if (values.length < 2 || !(varied > 0.2)) return []
  return [`repeat: ${what} of ${name} varied by ${(varied * 100).toFixed(0)} % between the rounds (more than 20 %)`]
}

/** Columns padded to their widest cell: the first to the left, the others to the right. */
export function lines({ columns, rows }: Table): string[] {
  const all = [columns, ...rows]
  const widths = columns.map((_, i) => Math.max(...all.map((row) => row[i]?.length ?? 0)))
  const line = (row: readonly string[]) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ')
  return [line(columns), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line)].map((l) => l.trimEnd())
}

function bound(goal: Goal, value: number): string {
  const sign = goal.better === 'more' ? '≥' : '≤'
  const text = goal.unit === '×' && value < 0.1 ? `1/${Math.round(1 / value)}` : figure(value)
  return `${sign} ${text}${goal.unit === '×' || goal.unit === '' ? '' : ` ${goal.unit}`}`
}

export function verdict({ goal, values }: Finding): 'aim' | 'reached' | 'NO' {
  const value = median(values)
  if (meets(goal, value, 'aim')) return 'aim'
  return meets(goal, value, 'reach') ? 'reached' : 'NO'
}

export function goalTable(findings: readonly Finding[]): Table {
  return {
    columns: ['goal', 'by', 'measured', 'reach', 'aim', 'reached'],
    rows: findings.map((finding) => {
      const { goal, values, by } = finding
      return [goal.what, by, spanned(values), bound(goal, goal.reach), bound(goal, goal.aim), verdict(finding)]
    }),
  }
}

export function print(report: Report): void {
  console.log(`\n== ${report.title}`)
  for (const note of report.notes) console.log(`   ! ${note}`)
  for (const table of report.tables) console.log(`\n${lines(table).join('\n')}`)
  if (report.findings.length > 0) console.log(`\n${lines(goalTable(report.findings)).join('\n')}`)
}
