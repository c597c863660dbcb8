import { parse } from 'yaml'
import { z } from 'zod'
import { OctroiError } from '../../core/errors.ts'
import type { StepAnswer } from '../exchange.ts'

/**
 * A recording: a connection in YAML, then pairs of blocks: what comes in, and what goes out because of it. See
 * `docs/guides/write-a-connector.md`.
 */
export interface Recording {
  readonly head: RecordingHead
  /** As it is written. */
  readonly headText: string
  readonly blocks: readonly RecordedBlock[]
}

export interface RecordedBlock {
  /** As it is written. */
  readonly input: string
  /** As it was recorded; empty when it was not yet. */
  readonly output: string
}

const SEPARATOR = /(?<=^|\n)-{10,}(?:\n|$)/
const JOINT = '\n----------\n'

const Texts = z.record(z.string(), z.string({ error: 'must be a text: put it in quotes' }))

const Head = z.strictObject({
  connector: z.string(),
  scheme: z.string().optional(),
  settings: Texts.default({}),
  secrets: Texts.default({}),
  /** What an exchange yielded before. */
  token: Texts.optional(),
  now: z.iso.datetime({ offset: true }).default('2026-01-01T12:00:00Z'),
})

export type RecordingHead = z.infer<typeof Head>

/** Throws `invalid_request` that names the fault. */
export function parseRecording(text: string): Recording {
  const [headText = '', ...parts] = text.replaceAll('\r\n', '\n').trimEnd().split(SEPARATOR)
  const blocks: RecordedBlock[] = []
  for (let i = 0; i < parts.length; i += 2) {
    blocks.push({ input: (parts[i] as string).trimEnd(), output: (parts[i + 1] ?? '').trimEnd() })
  }
  return { head: parseHead(headText), headText: headText.trimEnd(), blocks }
}

function parseHead(text: string): RecordingHead {
  let data: unknown
  try {
    data = parse(text)
  } catch (error) {
    throw refuse(`the first block is not YAML (${error instanceof Error ? error.message.split('\n')[0] : ''})`)
  }
  const head = Head.safeParse(data)
  if (head.success) return head.data
  const faults = head.error.issues.map(({ path, message }) => `${path.join('.') || 'the first block'}: ${message}`)
  throw refuse(faults.join('; '))
}

/** The file again, with other outputs. */
export function formatRecording({ headText, blocks }: Recording, outputs: readonly string[]): string {
  const parts = blocks.flatMap(({ input }, i) => [input, outputs[i] ?? ''])
  return `${[headText, ...parts].join(JOINT)}\n`
}

/** What a block begins with, and the answers of the service that follow it. */
export function splitReplies(input: string): { command: string; replies: readonly StepAnswer[] } {
  const [command = '', ...replies] = input.split(/\n(?=HTTP\/\d(?:\.\d)? \d{3})/)
  return { command: command.trimEnd(), replies: replies.map(parseReply) }
}

/** `HTTP/1.1 STATUS`, headers, an empty line, the body. */
export function parseReply(text: string): StepAnswer {
  const [head = '', ...rest] = text.trimEnd().split('\n\n')
  const [start = '', ...lines] = head.split('\n')
  const status = Number(start.split(' ')[1])
  if (!(status >= 100 && status <= 599)) throw refuse(`"${start}" has no status`)
  const headers = new Headers()
  for (const line of lines) headers.append(...nameAndValue(line))
  return { status, headers, text: rest.join('\n\n') }
}

/** A request as it is written: its line, headers, an empty line, the body. */
export function parseRequest(text: string): {
  method: string
  target: string
  headers: readonly (readonly [name: string, value: string])[]
  body: string | undefined
} {
  const [head = '', ...rest] = text.split('\n\n')
  const [start = '', ...lines] = head.split('\n')
  const [, method, target] = /^([A-Z]+) (\/\S*)$/.exec(start) ?? []
  if (method === undefined || target === undefined) {
    throw refuse(`"${start}" is none of: METHOD /path, HTTP/1.1 STATUS, ${WORDS.join(', ')}`)
  }
  return { method, target, headers: lines.map(nameAndValue), body: rest.length === 0 ? undefined : rest.join('\n\n') }
}

const WORDS = ['test', 'exchange', 'renew', 'refused', 'consent', 'callback ?name=value', 'revoke']

function nameAndValue(line: string): [string, string] {
  const colon = line.indexOf(':')
  if (colon < 1) throw refuse(`"${line}" is not a header`)
  return [line.slice(0, colon), line.slice(colon + 1).trim()]
}

export function refuse(detail: string): OctroiError {
  return new OctroiError('invalid_request', `The recording cannot be read: ${detail}.`)
}
