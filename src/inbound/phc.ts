/** An argon2id hash with what it was made from, as the PHC string format writes it (github.com/P-H-C/phc-string-format). */
export interface PasswordHash {
  /** KiB. */
  readonly memory: number
  readonly passes: number
  readonly parallelism: number
  readonly salt: Buffer
  readonly tag: Buffer
}

/** What one hash of ours costs: OWASP's second choice for argon2id, about 20 MB and some tens of milliseconds. */
export const COST = { memory: 19_456, passes: 2, parallelism: 1 }

/** `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<tag>` */
export function phcOf({ memory, passes, parallelism, salt, tag }: PasswordHash): string {
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${bare(salt)}$${bare(tag)}`
}

/** Base64 without padding. */
function bare(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}
