import { createHash } from 'node:crypto'

/**
 * What a scheme draws at random would make another file of every run. So every block is played twice, and what is not the same
 * both times is shown as `<random>`. Values that a scheme keeps for the way back are shown by their names, and so is their hash:
 * whether the verifier that is sent belongs to the challenge is a part of what is recorded.
 */

const RANDOM = '<random>'

/** Pieces between the separators of addresses, forms, JSON and headers. */
const PIECE = /[A-Za-z0-9_.~+/%-]+|[^A-Za-z0-9_.~+/%-]+/g

export function withoutRandom(once: string, again: string): string {
  const first = once.match(PIECE) ?? []
  const second = again.match(PIECE) ?? []
  if (first.length !== second.length) return wholeLines(once, again)
  return first.map((piece, i) => (piece === second[i] ? piece : masked(piece, second[i] as string))).join('')
}

/** Where even the structure differs (another number of pieces): line by line. */
function wholeLines(once: string, again: string): string {
  const lines = once.split('\n')
  const others = again.split('\n')
  if (lines.length !== others.length) return RANDOM
  return lines.map((line, i) => (line === others[i] ? line : RANDOM)).join('\n')
}

function masked(piece: string, other: string): string {
  const claims = claimsOf(piece)
  const others = claimsOf(other)
  return claims === undefined || others === undefined ? RANDOM : `<signed ${withoutRandom(claims, others)}>`
}

/** What a JSON Web Token says (RFC 7519); its signature is another each time. */
function claimsOf(piece: string): string | undefined {
  const parts = piece.split('.')
  if (parts.length !== 3 || !piece.startsWith('eyJ')) return undefined
  try {
    return parts
      .slice(0, 2)
      .map((part) => JSON.stringify(JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))))
      .join(' ')
  } catch {
    return undefined
  }
}

/** Too short to be meant where it stands. */
const LEAST = 8

export function withNames(text: string, kept: Readonly<Record<string, string>>): string {
  let named = text
  for (const [name, value] of Object.entries(kept)) {
    if (value.length < LEAST) continue
    named = named
      .replaceAll(createHash('sha256').update(value).digest('base64url'), `<S256 of ${name}>`)
      .replaceAll(value, `<${name}>`)
  }
  return named
}
