import { createHmac, randomBytes } from 'node:crypto'

/**
 * Standard Webhooks, symmetric signatures
 * (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).
 */

const PREFIX = 'whsec_'
const MIN_BYTES = 24
const MAX_BYTES = 64

/** `whsec_` and 32 random bytes in base64. */
export function newSigningKey(): string {
  return `${PREFIX}${randomBytes(32).toString('base64')}`
}

/** Why a text is no signing secret, or `undefined`. Never says the text. */
export function signingKeyFault(text: string): string | undefined {
  if (!text.startsWith(PREFIX)) return `must begin with ${PREFIX}`
  const bytes = Buffer.from(text.slice(PREFIX.length), 'base64')
  // Node's decoder skips what it does not know, and the receiver's may not: the text must be the one that the bytes make.
  if (bytes.toString('base64') !== text.slice(PREFIX.length)) return `must be base64 after ${PREFIX}`
  if (bytes.length < MIN_BYTES || bytes.length > MAX_BYTES) return `must hold ${MIN_BYTES} to ${MAX_BYTES} bytes`
  return undefined
}

export interface SignedMessage {
  /** The same for every attempt, so that a receiver can tell a repetition. No dot. */
  readonly id: string
  readonly body: string
}

/** The three headers, in raw form. One signature for each secret, the newest first. */
export function signatureHeaders(keys: readonly string[], { id, body }: SignedMessage, at: Date): string[] {
  const timestamp = String(Math.floor(at.getTime() / 1000))
  const signed = `${id}.${timestamp}.${body}`
  const signatures = keys.map((key) => `v1,${sign(key, signed)}`)
  return ['webhook-id', id, 'webhook-timestamp', timestamp, 'webhook-signature', signatures.join(' ')]
}

function sign(key: string, text: string): string {
  return createHmac('sha256', Buffer.from(key.slice(PREFIX.length), 'base64'))
    .update(text)
    .digest('base64')
}
