import { z } from 'zod'
import type { SignInMethod } from '../../core/people_types.ts'
import type { Store } from '../../core/stores.ts'
import type { Passkeys } from '../factors/passkeys.ts'
import type { AccountProof, PasskeyMethod } from '../method.ts'
import type { MethodKind } from './method_kind.ts'

interface PasskeyParts {
  readonly passkeys: Passkeys
  readonly store: { readonly factors: Store['factors']; readonly accounts: Pick<Store['accounts'], 'get'> }
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/**
 * A passkey and nothing else: no login is typed, so nobody learns who has an account. Where the authenticator verified the person (PIN,
 * fingerprint), that was two factors; where not, it was one.
 */
export class PasskeySignIn implements PasskeyMethod {
  readonly type = 'passkey'
  readonly method: SignInMethod
  readonly #parts: PasskeyParts

  constructor(method: SignInMethod, parts: PasskeyParts) {
    this.method = method
    this.#parts = parts
  }

  begin(): ReturnType<PasskeyMethod['begin']> {
    return this.#parts.passkeys.ask()
  }

  async finish(input: Parameters<PasskeyMethod['finish']>[0]): Promise<AccountProof | undefined> {
    const { passkeys, store, now } = this.#parts
    const proof = await passkeys.read(store.factors, input)
    const account = proof && (await store.accounts.get(proof.account))
    // A disabled account answers like one that is not there.
    if (proof === undefined || account?.kind !== 'person' || account.disabled_at !== null) return undefined
    return { kind: 'account', account: account.id, amr: proof.amr, acr: null, authTime: new Date(now()).toISOString() }
  }
}

export const passkeyKind: MethodKind<Record<string, never>> = {
  kind: 'passkey',
  title: 'Passkey',
  settings: z.strictObject({}),
  secrets: {},
  isPossible: ({ passkeys }) => passkeys !== undefined,
  open(method, _secrets, { passkeys, store, now }) {
    if (passkeys === undefined)
      throw new Error(
        'Passkeys need a public URL with https:// and a name, or http://localhost: browsers have none elsewhere.',
      )
    return new PasskeySignIn(method, { passkeys, store, now })
  },
}
