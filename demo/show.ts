import { styleText } from 'node:util'
import type { RecordedRequest } from '../test/support/paheko.ts'
import type { Outcome } from './calls.ts'
import type { Messages } from './messages.ts'

type Style = Parameters<typeof styleText>[0]

const REQUEST_WIDTH = 50
const BODY_WIDTH = 76

/** Prints what happens: a title per step, three aligned lines per call. Colours only where a person looks. */
export class Show {
  readonly #messages: Messages
  readonly #coloured: boolean
  readonly #labelWidth: number
  #steps = 0

  constructor(messages: Messages, coloured: boolean) {
    this.#messages = messages
    this.#coloured = coloured
    const { cameIn, wentOut, answered, connection, transactions } = messages
    this.#labelWidth = Math.max(...[cameIn, wentOut, answered, connection, transactions].map((label) => label.length))
  }

  title(text: string): void {
    this.#steps++
    console.log(`\n${this.#paint('bold', `${this.#steps}. ${text}`)}`)
  }

  text(text: string): void {
    console.log(text)
  }

  note(text: string): void {
    console.log(`   ${this.#paint('dim', text)}`)
  }

  fact(label: string, value: string): void {
    console.log(`   ${this.#paint('dim', label.padEnd(this.#labelWidth))}  ${value}`)
  }

  /** `unsent`: what to say when nothing of the call reached Paheko. */
  outcome(outcome: Outcome, unsent: string): void {
    const { cameIn, wentOut, answered } = this.#messages
    const { call, sent } = outcome
    this.fact(
      cameIn,
      columns(`${call.method} /proxy/paheko${call.path}`, `${call.kind}${separator(call.kind)}${shortKey(call.key)}`),
    )
    if (sent.length === 0) this.fact(wentOut, unsent)
    for (const request of sent)
      this.fact(wentOut, columns(`${request.method} ${request.url}`, this.#signature(request)))
    this.fact(answered, this.#answer(outcome))
  }

  #answer({ status, code, retryAfter, body }: Outcome): string {
    const style: Style = status < 300 ? 'green' : status < 500 ? 'red' : 'yellow'
    const said = code === null ? '' : ` ${code}`
    const later = retryAfter === null ? '' : ` (Retry-After: ${retryAfter})`
    const head = this.#paint(style, `${status}${said}`)
    return `${head}${later}  ${oneLine(body)}`
  }

  /** The user name only: a password has no business in a terminal. */
  #signature(request: RecordedRequest): string {
    const value = request.header('authorization') ?? ''
    const [scheme, encoded = ''] = value.split(' ')
    if (scheme !== 'Basic') return value === '' ? '(no Authorization)' : `Authorization: ${scheme}`
    return this.#messages.user(userOf(encoded))
  }

  #paint(style: Style, text: string): string {
    return this.#coloured ? styleText(style, text, { validateStream: false }) : text
  }
}

export function userOf(encoded: string): string {
  return Buffer.from(encoded, 'base64').toString('utf8').split(':', 1)[0] as string
}

/** Enough to find the key again, too little to use it: `oct_key_1a2b3c4d_...`. */
export function shortKey(key: string): string {
  return key.startsWith('oct_') ? `${key.slice(0, 17)}...` : `${key.slice(0, 4)}...`
}

function separator(kind: string): string {
  return kind.includes(':') ? ' ' : ': '
}

export function columns(request: string, credential: string): string {
  return `${request.padEnd(REQUEST_WIDTH)} ${credential}`
}

/** Of a problem document the sentence for people, of anything else its beginning. */
function oneLine(body: string): string {
  const text = detailOf(body) ?? body.replace(/\s+/g, ' ').trim()
  return text.length > BODY_WIDTH ? `${text.slice(0, BODY_WIDTH - 3)}...` : text
}

function detailOf(body: string): string | undefined {
  try {
    const value = JSON.parse(body)
    return typeof value.detail === 'string' ? value.detail : JSON.stringify(value)
  } catch {
    return undefined
  }
}
