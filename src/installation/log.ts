import pino, { type Logger } from 'pino'

const REDACTED = [
  'req.headers',
  'headers',
  'authorization',
  'secret',
  'secrets',
  'key',
  'password',
  '*.authorization',
  '*.secret',
  '*.secrets',
  '*.password',
]

/** JSON lines on stdout. What goes by the name of a secret is not in them, whoever passes it by mistake. */
export function openLog(level: string): Logger {
  return pino({ level, redact: { paths: REDACTED, censor: '[redacted]' } }, pino.destination({ fd: 1, sync: false }))
}
