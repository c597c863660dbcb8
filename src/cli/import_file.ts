import { UsageError } from './command.ts'

/** The secrets of a file: JSON, or `.authconfig` with `name = value` on each line. Messages have lines, never what stands there. */
export function secretsOfFile(text: string, file: string): Record<string, unknown> {
  const plain = text.replace(/^\uFEFF/, '')
  return /^\s*[[{]/.test(plain) && !/^\s*\[[\w -]+\]\s*$/m.test(plain) ? ofJson(plain, file) : ofLines(plain, file)
}

function ofJson(text: string, file: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>
  } catch {
    // The parser's message would show a part of the text.
  }
  throw new UsageError(`${file}: is not a JSON object of names and secrets.`)
}

function ofLines(text: string, file: string): Record<string, unknown> {
  const found = new Map<string, string>()
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (/^\s*([#;]|\[[\w -]+\]\s*$|$)/.test(line)) continue
    const at = line.indexOf('=')
    const name = line.slice(0, Math.max(at, 0)).trim()
    if (!/^[\w.-]+$/.test(name)) throw new UsageError(`${file}: line ${i + 1} is not name=value.`)
    if (found.has(name)) throw new UsageError(`${file}: line ${i + 1} gives ${name} a second time.`)
    found.set(name, unquoted(line.slice(at + 1).trim()))
  }
  return Object.fromEntries(found)
}

function unquoted(value: string): string {
  return /^(["']).*\1$/s.test(value) && value.length > 1 ? value.slice(1, -1) : value
}
