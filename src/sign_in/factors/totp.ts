import { randomBytes } from 'node:crypto'
import { HOTP, Secret, TOTP } from 'otpauth'

/**
 * Codes of authenticator apps (RFC 6238): SHA-1, six digits, a step of 30 seconds. Other values are better on paper, and several apps
 * read them in the address and ignore them.
 */
const STEP_S = 30
const DIGITS = 6
/** 160 bits, as RFC 4226 §4 (R6) recommends. */
const SECRET_BYTES = 20
/** Clocks of phones and the typing: the step before and the one to come (RFC 6238 §5.2). */
const WINDOW = 1

/** In base32 (RFC 4648), as people type it and apps keep it. */
export function newTotpSecret(): string {
  return new Secret({ buffer: Uint8Array.from(randomBytes(SECRET_BYTES)).buffer }).base32
}

/** What stands in the QR code: `otpauth://totp/ISSUER:LABEL?issuer=...&secret=...`. */
export function totpUri(secret: string, issuer: string, label: string): string {
  // A colon divides issuer and label, even an encoded one: in the names it would divide elsewhere.
  const plain = (name: string) => name.replaceAll(':', ' ')
  return new TOTP({ ...shape(secret), period: STEP_S, issuer: plain(issuer), label: plain(label) }).toString()
}

export function stepAt(nowMs: number): number {
  return Math.floor(nowMs / 1000 / STEP_S)
}

/**
 * What was typed as six digits: spaces and the digits of other keyboards (`１２３ ４５６`) have one reading. `undefined` for all else. It is
 * the step that makes a code good once, so no spelling of it is worth a second try (T42).
 */
export function readTotpCode(typed: string): string | undefined {
  const code = typed.slice(0, 64).normalize('NFKC').replace(/[\s-]/g, '')
  return /^[0-9]{6}$/.test(code) ? code : undefined
}

/** The step within the window whose code this is and that comes after `lastStep`; the latest of several. */
export function stepOfCode(secret: string, code: string, nowMs: number, lastStep: number): number | undefined {
  const present = stepAt(nowMs)
  for (let step = present + WINDOW; step >= present - WINDOW; step--) {
    if (step <= lastStep) continue
    if (HOTP.validate({ ...shape(secret), token: code, counter: step, window: 0 }) !== null) return step
  }
  return undefined
}

/** The code that an app shows in one step. */
export function codeOfStep(secret: string, step: number): string {
  return HOTP.generate({ ...shape(secret), counter: step })
}

function shape(secret: string) {
  return { secret: Secret.fromBase32(secret), algorithm: 'SHA1', digits: DIGITS }
}
