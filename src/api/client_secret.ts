import { randomBytes } from 'node:crypto'

/** 256 bits; the prefix tells people and scanners of leaked secrets what they have before them. */
export function newClientSecret(): string {
  return `ocs_${randomBytes(32).toString('base64url')}`
}
