import type { SignInKind, SignInMethod, StoredSignInMethod } from '../core/people_types.ts'
import type { HotReads } from '../core/stores.ts'
import type { Secrets } from '../core/types.ts'
import type { ValueSealer } from '../core/vault.ts'
import type { OpenMethod } from './method.ts'
import type { MethodKind, MethodParts } from './methods/method_kind.ts'

export interface Opened {
  readonly method: SignInMethod
  /** `undefined`: what an administrator set cannot be opened. People are told that it is unavailable, the log why. */
  readonly open: OpenMethod | undefined
  /** False: not in this installation (passkeys, where browsers have none); nobody is to blame, and nobody is told that it failed. */
  readonly possible?: boolean | undefined
}

export interface MethodsParts {
  readonly hot: Pick<HotReads, 'version' | 'signInMethods'>
  readonly kinds: Readonly<Record<SignInKind, MethodKind>>
  /** Seals the secrets of methods. */
  readonly sealer: ValueSealer
  readonly parts: MethodParts
}

interface Kept extends Opened {
  /** What it was opened from. */
  readonly from: string
}

/** Where the secrets of a method are sealed. */
export function methodPlace(id: string): string {
  return `sign-in-method:${id}`
}

/**
 * The sign-in methods as the store has them, opened. One that stays as it was stays open, with what it has learnt of its provider, however
 * often the rest of the store changes.
 */
export class Methods {
  readonly #parts: MethodsParts
  #version = Number.NaN
  #rows: readonly StoredSignInMethod[] = []
  readonly #kept = new Map<string, Kept>()

  constructor(parts: MethodsParts) {
    this.#parts = parts
  }

  /** Enabled or not, in order of position. Throws `store_unavailable`. */
  async all(): Promise<readonly Opened[]> {
    const { hot } = this.#parts
    // Before the read: what changes meanwhile is read again the next time (D18).
    const version = await hot.version()
    if (version !== this.#version) {
      this.#rows = await hot.signInMethods()
      this.#version = version
      this.#forgetOthers()
    }
    return this.#rows.map((row) => this.#opened(row))
  }

  async find(id: string): Promise<Opened | undefined> {
    return (await this.all()).find(({ method }) => method.id === id)
  }

  #opened(row: StoredSignInMethod): Opened {
    const from = JSON.stringify(row)
    const known = this.#kept.get(row.method.id)
    if (known?.from === from) return known
    const { parts, kinds } = this.#parts
    const possible = kinds[row.method.kind].isPossible?.(parts) ?? true
    const opened = { from, method: row.method, open: possible ? this.#open(row) : undefined, possible }
    this.#kept.set(row.method.id, opened)
    return opened
  }

  #open(row: StoredSignInMethod): OpenMethod | undefined {
    const { parts } = this.#parts
    try {
      return openMethod(this.#parts, row)
    } catch (error) {
      // Its settings may name what is secret: the log gets what went wrong, not the settings.
      parts.log.error({ err: error, sign_in_method: row.method.id }, 'a sign-in method cannot be opened')
      return undefined
    }
  }

  #forgetOthers(): void {
    const ids = new Set(this.#rows.map(({ method }) => method.id))
    for (const id of this.#kept.keys()) if (!ids.has(id)) this.#kept.delete(id)
  }
}

/** Throws for what is not a method of its kind. */
export function openMethod(
  { kinds, sealer, parts }: Pick<MethodsParts, 'kinds' | 'sealer' | 'parts'>,
  { method, sealed }: StoredSignInMethod,
): OpenMethod {
  const kind = kinds[method.kind]
  const settings = kind.settings.parse(method.settings) as SignInMethod['settings']
  const secrets: Secrets = sealed === null ? {} : JSON.parse(sealer.open(sealed, methodPlace(method.id)).toString())
  return kind.open({ ...method, settings }, secrets, parts)
}
