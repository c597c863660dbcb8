/** Comma-separated values (RFC 4180), as spreadsheets and Odoo write them: also with `;` or tabs, any line end, a byte order mark. */
export interface Csv {
  readonly header: readonly string[]
  readonly rows: readonly CsvRow[]
}

export interface CsvRow {
  /** Of the file, from 1: a cell may hold line breaks. */
  readonly line: number
  /** As many as the header has. */
  readonly cells: readonly string[]
}

/** Where a file is not CSV. Never what stands there: it may be a key. */
export class CsvFault extends Error {
  override readonly name = 'CsvFault'
  readonly line: number

  constructor(line: number, message: string) {
    super(message)
    this.line = line
  }
}

const DELIMITERS = [',', ';', '\t'] as const

/** Throws `CsvFault`. Empty lines are passed over. */
export function readCsv(text: string): Csv {
  const plain = text.replace(/^\uFEFF/, '')
  const [header, ...rows] = records(plain, delimiterOf(plain))
  if (header === undefined) throw new CsvFault(1, 'the file is empty')
  for (const { line, cells } of rows) {
    if (cells.length !== header.cells.length)
      throw new CsvFault(line, `has ${cells.length} cells, and the header has ${header.cells.length}`)
  }
  return { header: header.cells, rows }
}

/** The one that cuts the first line into the most cells. */
function delimiterOf(text: string): string {
  const first = (/^\s*([^\r\n]*)/.exec(text)?.[1] ?? '').replace(/"[^"]*"/g, '')
  const counts = DELIMITERS.map((delimiter) => first.split(delimiter).length)
  return DELIMITERS[counts.indexOf(Math.max(...counts))] as string
}

function records(text: string, delimiter: string): CsvRow[] {
  const found: CsvRow[] = []
  let cells: string[] = []
  let line = 1
  let begins = 1
  for (let at = 0; at < text.length; ) {
    const cell = text[at] === '"' ? quoted(text, at, line) : bare(text, at, delimiter, line)
    cells.push(cell.value)
    line += cell.breaks
    at = cell.end
    const sign = text[at]
    if (sign === delimiter) {
      at++
      // A delimiter at the very end is followed by an empty cell.
      if (at < text.length) continue
      cells.push('')
    } else if (sign === '\r' || sign === '\n') {
      at += text.startsWith('\r\n', at) ? 2 : 1
      line++
    } else if (sign !== undefined) throw new CsvFault(line, 'has something behind a closing quotation mark')
    if (cells.length > 1 || cells[0] !== '') found.push({ line: begins, cells })
    cells = []
    begins = line
  }
  return found
}

interface Cell {
  readonly value: string
  /** The place behind it. */
  readonly end: number
  /** Line breaks in it. */
  readonly breaks: number
}

function bare(text: string, at: number, delimiter: string, line: number): Cell {
  let end = at
  for (; end < text.length; end++) {
    const sign = text[end]
    if (sign === delimiter || sign === '\n' || sign === '\r') break
    // Programs read this in different ways: it has to stand in quotation marks, doubled.
    if (sign === '"') throw new CsvFault(line, 'has a quotation mark inside a cell that does not begin with one')
  }
  return { value: text.slice(at, end), end, breaks: 0 }
}

function quoted(text: string, at: number, line: number): Cell {
  for (let end = text.indexOf('"', at + 1); end !== -1; end = text.indexOf('"', end + 2)) {
    if (text[end + 1] === '"') continue
    const value = text.slice(at + 1, end).replaceAll('""', '"')
    return { value, end: end + 1, breaks: value.match(/\r\n|\r|\n/g)?.length ?? 0 }
  }
  throw new CsvFault(line, 'has a quotation mark that is never closed')
}
