import { type AccountParts, AccountRefused, type Own } from './own.ts'

/** A factor that is being set up goes with the page, sealed: nothing of it is stored before it has worked once. */

const MINUTES = 15

interface Sealed<T> {
  readonly session: string
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly value: T
}

type Of = 'passkey' | 'authenticator'

export function sealPending<T>({ secrets, now }: AccountParts, { session }: Own, of: Of, value: T): string {
  const sealed: Sealed<T> = { session: session.id, at: now().getTime(), value }
  return secrets.seal(sealed, `new ${of}`)
}

/** Throws `gone` for another session's, and for what is too old. */
export function openPending<T>({ secrets, now }: AccountParts, { session }: Own, of: Of, text: string): T {
  const sealed = text.length <= 4_096 ? secrets.open<Sealed<T>>(text, `new ${of}`) : undefined
  const age = now().getTime() - (sealed?.at ?? 0)
  if (sealed?.session !== session.id || age > MINUTES * 60_000) throw new AccountRefused('gone')
  return sealed.value
}
