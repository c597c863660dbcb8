import { OctroiError } from '../../core/errors.ts'
import type { Catalogue } from '../connectors/catalogue.ts'
import { validateSecrets, validateSettings } from '../connectors/connection_input.ts'
import type { Connector } from '../connectors/connector.ts'
import { durableNames, type Exchange, type ExchangeContext, type Obtained, type StepAnswer } from '../exchange.ts'
import { credentialRefused } from '../refusal.ts'
import type { ConnectionSecrets, Scheme, Values } from '../scheme.ts'
import { SCHEMES } from '../schemes/index.ts'
import { splitBegins } from '../tokens/token_carrying.ts'
import {
  formatRecording,
  parseRecording,
  parseReply,
  type Recording,
  type RecordingHead,
  refuse,
  splitReplies,
} from './recording_format.ts'
import { withNames, withoutRandom } from './recording_masks.ts'
import { signedText, testText } from './recording_signed.ts'
import { addressText, failureText, obtainedText, stepText } from './recording_texts.ts'

const REDIRECT_URI = 'https://octroi.example.org/connect/callback'
const STATE = 'recorded-state'

/**
 * The recording again, with what really goes out now. Nothing is called: the service's answers are those that the file has. Throws
 * `invalid_request` where the file does not fit its connector.
 */
export async function replayRecording(text: string, catalogue: Catalogue): Promise<string> {
  const recording = parseRecording(text)
  const connector = catalogue.get(recording.head.connector)
  if (connector === undefined) throw unknownConnector(recording.head.connector, catalogue)
  const once = await playAll(recording, connector)
  const again = await playAll(recording, connector)
  return formatRecording(
    recording,
    once.map((output, i) => withoutRandom(output, again[i] as string)),
  )
}

async function playAll({ head, blocks }: Recording, connector: Connector): Promise<string[]> {
  const player = new Player(head, connector)
  const outputs: string[] = []
  for (const { input } of blocks) outputs.push(await player.play(input))
  return outputs
}

function unknownConnector(id: string, catalogue: Catalogue): OctroiError {
  const problem = catalogue.problems().find(
    ({ file }) =>
      file
        .split(/[\\/]/)
        .at(-1)
        ?.replace(/\.ya?ml$/, '') === id,
  )
  if (problem !== undefined) return new OctroiError('invalid_request', `${problem.file}: ${problem.message}.`)
  return refuse(`there is no connector ${id}`)
}

/** One connection, from block to block. */
class Player {
  readonly #connector: Connector
  readonly #scheme: Scheme
  readonly #settings: Values
  readonly #secrets: Values
  readonly #now: number
  #token: Values | undefined
  #kept: Values = {}

  constructor(head: RecordingHead, connector: Connector) {
    const id = head.scheme ?? connector.schemes[0] ?? ''
    this.#connector = connector
    this.#settings = validateSettings(connector, head.settings)
    const secrets = validateSecrets(connector, id, head.secrets)
    this.#scheme = SCHEMES[id] as Scheme
    const { kept, begins } = splitBegins(this.#scheme, connector, secrets)
    this.#secrets = kept
    const token = { ...begins, ...head.token }
    this.#token = Object.keys(token).length === 0 ? undefined : token
    this.#now = Date.parse(head.now)
  }

  async play(input: string): Promise<string> {
    if (input.startsWith('HTTP/')) return this.#judge(parseReply(input))
    const { command, replies } = splitReplies(input)
    const [word = ''] = command.split(/\s/)
    if (word === 'test') return attempt(() => testText(this.#scheme, this.#connection, this.#now))
    if (/^[A-Z]+$/.test(word)) return attempt(() => signedText(command, this.#scheme, this.#connection, this.#now))
    const kept = this.#kept
    const text = await this.#exchanged(word, command.slice(word.length).trim(), replies)
    return withNames(text, { ...kept, ...this.#kept })
  }

  get #connection(): ConnectionSecrets {
    const connection = { connector: this.#connector, settings: this.#settings, secrets: this.#secrets }
    return this.#token === undefined ? connection : { ...connection, token: this.#token }
  }

  #judge({ status, text }: StepAnswer): string {
    const refused = credentialRefused(this.#connector, status, text)
    return refused ? '=> the service refuses our credential' : '=> an answer for the caller'
  }

  /** All that a scheme with an exchange may be asked for: the requests that it sends, and what came of them. */
  async #exchanged(word: string, rest: string, replies: readonly StepAnswer[]): Promise<string> {
    const { exchange, id } = this.#scheme
    if (exchange === undefined) throw refuse(`the scheme ${id} exchanges nothing, so there is no ${word}`)
    const { context, sent } = recordedService(replies, this.#now)
    const outcome = await attempt(() => this.#outcome(exchange, word, rest, context, sent))
    const left = replies.length - sent.length
    const unused = left > 0 ? [`=> ${left} of the recorded answers ${left === 1 ? 'was' : 'were'} not asked for`] : []
    return [...sent, outcome, ...unused].join('\n\n')
  }

  async #outcome(
    exchange: Exchange,
    word: string,
    rest: string,
    context: ExchangeContext,
    sent: readonly string[],
  ): Promise<string> {
    switch (word) {
      case 'exchange':
      case 'renew':
        return this.#obtained(await exchange.run(this.#connection, context))
      case 'refused':
        this.#token = onlyDurable(this.#token, durableNames(exchange, this.#connector))
        return this.#obtained(await exchange.run(this.#connection, context))
      case 'consent':
        return this.#consent(exchange, context)
      case 'callback':
        return this.#callback(exchange, rest, context)
      case 'revoke':
        await exchange.revoke?.(this.#connection, context)
        return sent.length === 0 ? '=> the service is asked for nothing' : '=> ended'
      default:
        throw refuse(`there is no "${word}"`)
    }
  }

  #obtained(obtained: Obtained): string {
    this.#token = obtained.values
    return obtainedText(obtained, this.#now)
  }

  async #consent({ consent }: Exchange, context: ExchangeContext): Promise<string> {
    if (consent?.needed(this.#connection) !== true) return '=> nobody has to agree'
    const { url, keep } = await consent.begin(this.#connection, { redirectUri: REDIRECT_URI, state: STATE }, context)
    this.#kept = keep
    const kept = Object.keys(keep).length === 0 ? [] : [`keeps: ${Object.keys(keep).sort().join(', ')}`]
    return [`=> the browser goes to ${addressText(url)}`, ...kept].join('\n')
  }

  async #callback({ consent }: Exchange, query: string, context: ExchangeContext): Promise<string> {
    if (consent === undefined) return '=> nobody has to agree'
    const params = Object.fromEntries(new URLSearchParams(query))
    const callback = { params, redirectUri: REDIRECT_URI, keep: this.#kept }
    return this.#obtained(await consent.finish(this.#connection, callback, context))
  }
}

async function attempt(act: () => string | Promise<string>): Promise<string> {
  try {
    return await act()
  } catch (error) {
    // What is wrong with the file itself is not an outcome of the service.
    if (error instanceof OctroiError && error.detail.startsWith('The recording')) throw error
    return failureText(error)
  }
}

function onlyDurable(token: Values | undefined, durable: readonly string[]): Values | undefined {
  const left = Object.entries(token ?? {}).filter(([name]) => durable.includes(name))
  return left.length === 0 ? undefined : Object.fromEntries(left)
}

/** Answers with what was recorded, in order; after that it cannot be reached. */
function recordedService(replies: readonly StepAnswer[], now: number): { context: ExchangeContext; sent: string[] } {
  const sent: string[] = []
  const context: ExchangeContext = {
    now: () => now,
    wait: async () => {},
    async fetch(request) {
      const reply = replies[sent.length]
      sent.push(stepText(request))
      if (reply !== undefined) return reply
      throw new OctroiError('upstream_unreachable', `No answer is recorded for request ${sent.length}.`)
    },
  }
  return { context, sent }
}
