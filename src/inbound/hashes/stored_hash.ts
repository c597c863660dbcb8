/** A hash of a password as it was stored, here or elsewhere, read and found to cost no more than is taken. */
export interface StoredHash {
  /** What it takes while it is computed, in KiB. */
  readonly memory: number
  /** Hundreds of milliseconds and more: ours are not to wait behind it. */
  readonly isSlow: boolean
  /** Whether a hash of ours, made now, would cost more, or it is of another kind. */
  readonly isOutdated: boolean
  /** For the thread of hashes: nothing else happens while it is computed. */
  matches(password: string): Promise<boolean>
}

/** One family of hashes: how it is written. */
export interface HashFamily {
  /** How its texts begin. */
  readonly begins: RegExp
  /** Throws `HashFault` for what begins like one and cannot be taken. */
  read(text: string): StoredHash
}

/** Why a hash is not taken. For people; never the hash itself. */
export class HashFault extends Error {
  override readonly name = 'HashFault'
}

/** A cost as it is written in a hash; throws `HashFault` beyond `most`. Whoever can store a hash must not keep the machine busy with it. */
export function cost(what: string, text: string | undefined, most: number): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new HashFault(`has no valid ${what}`)
  if (value > most) throw new HashFault(`has ${what} ${value}; ${most} is the most that is taken`)
  return value
}

export function required(match: RegExpExecArray | null, family: string): RegExpExecArray {
  if (match === null) throw new HashFault(`begins like ${family}, and is not written as one`)
  return match
}
