import type { z } from 'zod'
import type { SignInKind, SignInMethod } from '../../core/people_types.ts'
import type { HotReads, Store } from '../../core/stores.ts'
import type { NetworkPolicy, Secrets } from '../../core/types.ts'
import type { Throttle } from '../../policy/throttle.ts'
import type { Passkeys } from '../factors/passkeys.ts'
import type { OpenMethod } from '../method.ts'

/** Checks and makes password hashes off the event loop, bounded. */
export interface PasswordHashes {
  /** Whether the next one would be told `busy`. */
  readonly isFull: boolean
  /** `null`: nobody's; the same work, and false. Throws `busy`. */
  verify(phc: string | null, password: string): Promise<boolean>
  hash(password: string): Promise<string>
  /** Whether it was made elsewhere, or more cheaply than ours are now. */
  needsRehash(phc: string): boolean
}

/** Sockets to a directory, to addresses that may be reached; TLS is always verified. */
export interface DirectoryNetwork {
  /** `loopbackOnly`: what follows is not encrypted. */
  plain(port: number, host: string, loopbackOnly: boolean): object
  secure(port: number, host: string, serverName: string | undefined): object
  /** Over a socket that is open (StartTLS, RFC 4511 §4.14). */
  upgrade(socket: never, serverName: string): object
}

/** What the methods may use; nobody has more than he needs, and none reaches the network but by these. */
export interface MethodParts {
  readonly store: Store
  readonly hot: HotReads
  readonly passwords: PasswordHashes
  readonly throttle: Pick<Throttle, 'attempt'>
  /** To addresses that were checked (T32), bounded in time and size; redirects are not followed. */
  fetchFor(network: NetworkPolicy): typeof fetch
  /** Sockets to directories, with the same checks. */
  directoriesFor(network: NetworkPolicy): DirectoryNetwork
  /** `undefined` where browsers have none: the public URL is plain HTTP or an IP address. */
  readonly passkeys?: Passkeys | undefined
  /** Without a slash at the end. */
  readonly publicUrl: string
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly log: MethodLog
}

export interface MethodLog {
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

export interface MethodSecret {
  readonly title: string
  readonly optional: boolean
}

/** What a try of the settings comes to, in words for whoever set them. */
export interface MethodCheck {
  readonly ok: boolean
  readonly problems: readonly string[]
}

/** One kind of sign-in method: what an administrator sets, and how it is opened. One file each. */
export interface MethodKind<S = unknown> {
  readonly kind: SignInKind
  readonly title: string
  readonly settings: z.ZodType<S>
  readonly secrets: Readonly<Record<string, MethodSecret>>
  readonly presets?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  /** What a method of a preset is called unless it is said. */
  readonly presetNames?: Readonly<Record<string, string>>
  /** False: nobody can use it at this public URL. It is not offered then, and that is no fault. */
  isPossible?(parts: MethodParts): boolean
  /** `method.settings` is validated by `settings` before. Synchronous: the network is asked when somebody signs in. Throws for what cannot be. */
  open(method: SignInMethod, secrets: Secrets, parts: MethodParts): OpenMethod
  /** Asks the provider or directory; nobody is signed in. Absent where nobody else is needed. */
  check?(method: SignInMethod, secrets: Secrets, parts: MethodParts): Promise<MethodCheck>
}
