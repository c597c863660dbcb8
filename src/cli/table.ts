/** Text for people. Whatever came from elsewhere (a path in the audit trail, a name) must not steer the terminal. */
export function plain(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, '\ufffd')
}

export type Cell = string | number | boolean | null | undefined

/** Columns as wide as they need, two spaces between them; `-` for nothing. */
export function table(head: readonly string[], rows: readonly (readonly Cell[])[], empty: string): string {
  if (rows.length === 0) return empty
  const cells = [head, ...rows.map((row) => row.map(cell))]
  const widths = head.map((_, i) => Math.max(...cells.map((row) => row[i]?.length ?? 0)))
  return cells
    .map((row) =>
      row
        .map((text, i) => text.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** One thing: a line for each field, lists and objects indented below. */
export function fields(thing: Readonly<Record<string, unknown>>): string {
  const shown = Object.entries(thing)
  const width = Math.max(...shown.map(([name]) => name.length))
  return shown
    .map(([name, value]) => `${name.padEnd(width)}  ${Array.isArray(value) ? list(value, width) : text(value)}`)
    .join('\n')
}

function list(values: readonly unknown[], width: number): string {
  return values.length === 0 ? '-' : values.map(text).join(`\n${' '.repeat(width + 2)}`)
}

function text(value: unknown): string {
  if (typeof value !== 'object' || value === null) return cell(value as Cell)
  const parts = Object.entries(value).filter(([, part]) => part !== undefined)
  if (parts.length === 0) return '-'
  return parts
    .map(([name, part]) => `${plain(name)}=${plain(typeof part === 'string' ? part : JSON.stringify(part))}`)
    .join(', ')
}

function cell(value: Cell): string {
  if (value === null || value === undefined || value === '') return '-'
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  // Nobody reads the milliseconds of a table.
  return plain(String(value).replace(/^(\d{4}-\d\d-\d\dT[\d:]{8})\.\d{3}Z$/, '$1Z'))
}
