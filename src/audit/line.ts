import type { AuditLine } from '../core/audit.ts'

/** The line as JSON. Most values are known to need no escaping (ids, numbers, normalised paths); the rest are escaped. */
export function writeLine(line: AuditLine): string {
  return (
    `{"at":"${line.at}","request":"${line.request}","action":"${line.action}","phase":"${line.phase}"` +
    `,"account":${text(line.account)},"key":${text(line.key)},"connection":${text(line.connection)}` +
    `,"method":${text(line.method)},"path":${text(line.path)},"status":${line.status},"code":${text(line.code)}` +
    `,"bytes_in":${line.bytes_in},"bytes_out":${line.bytes_out},"ms":${line.ms}` +
    `,"correlation":${text(line.correlation)},"address":${text(line.address)},"target":${text(line.target)}}`
  )
}

export function readLine(text: string): AuditLine {
  return JSON.parse(text) as AuditLine
}

const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/

function text(value: string | null): string {
  if (value === null) return 'null'
  return PLAIN.test(value) ? `"${value}"` : JSON.stringify(value)
}
