import { newToken } from '../../core/ids.ts'
import type { FactorStore } from '../../core/people_stores.ts'
import type { AuthenticationMethod, Passkey } from '../../core/people_types.ts'
import type { Account } from '../../core/types.ts'
import type { PeopleSecrets } from '../secrets.ts'
import type { Once } from './once.ts'
import {
  type AuthenticationAnswer,
  authenticationJson,
  type RegistrationAnswer,
  readAuthentication,
  readRegistration,
  registrationJson,
} from './passkey_answers.ts'
import type { RelyingParty } from './relying_party.ts'

/** EdDSA, ES256 and RS256 (RFC 9053, RFC 8812): what authenticators have. */
const ALGORITHMS = [-8, -7, -257]
/** Five minutes, the least that WebAuthn §15.1 recommends where the person has to prove himself. */
const TIMEOUT_MS = 300_000
/** Longer than any page with a challenge is taken. */
const CHALLENGE_S = 3_600

/** `options` for the page, `challenge` for ourselves: where it is kept, the browser cannot change it. */
export interface PasskeyQuestion {
  readonly options: unknown
  readonly challenge: string
}

export interface PasskeyAnswer {
  /** `PublicKeyCredential.toJSON()`, as it arrived. */
  readonly response: unknown
  readonly challenge: string
}

export interface NewPasskey {
  readonly passkey: Passkey
  readonly amr: readonly AuthenticationMethod[]
}

export interface PasskeyProof {
  readonly account: string
  readonly passkey: string
  /** With `mfa` where the authenticator verified the person (PIN, fingerprint): something that he has and knows, or is. */
  readonly amr: readonly AuthenticationMethod[]
}

interface PasskeyParts {
  readonly party: RelyingParty
  readonly secrets: PeopleSecrets
  readonly once: Once
  readonly now: () => Date
}

/** Passkeys (WebAuthn level 3): what browsers are asked, and what of their answers holds. Stores only that one was used. */
export class Passkeys {
  readonly #parts: PasskeyParts

  constructor(parts: PasskeyParts) {
    this.#parts = parts
  }

  /** One that signs in without a name (discoverable), and that none of the account's authenticators holds yet. */
  async askNew(account: Account, existing: readonly Passkey[]): Promise<PasskeyQuestion> {
    const { party } = this.#parts
    const challenge = newToken()
    const { generateRegistrationOptions } = await import('./webauthn.ts')
    const options = await generateRegistrationOptions({
      rpID: party.id,
      rpName: party.name,
      userID: Uint8Array.from(Buffer.from(this.#handle(account.id), 'base64url')),
      userName: account.id,
      userDisplayName: account.name,
      challenge: bytes(challenge),
      timeout: TIMEOUT_MS,
      attestationType: 'none',
      excludeCredentials: existing.map(described),
      authenticatorSelection: { residentKey: 'required', userVerification: 'preferred' },
      supportedAlgorithmIDs: ALGORITHMS,
    })
    return { options, challenge }
  }

  /** The passkey that was made, to be stored, and what making it has proved; `undefined` for an answer that does not hold. */
  async readNew(
    account: string,
    name: string,
    { response, challenge }: PasskeyAnswer,
  ): Promise<NewPasskey | undefined> {
    const { once, now } = this.#parts
    const answer = await readRegistration(response)
    const made = answer && (await this.#checkNew(answer, challenge))
    // The id stands twice in the answer; what the authenticator has signed is the one that counts.
    if (made === undefined || made.credential.id !== answer?.id || !(await once(challenge, CHALLENGE_S)))
      return undefined
    const { credential, credentialBackedUp } = made
    const passkey = {
      id: credential.id,
      account,
      name,
      public_key: Buffer.from(credential.publicKey).toString('base64url'),
      counter: credential.counter,
      transports: answer.response.transports ?? [],
      backed_up: credentialBackedUp,
      created_at: now().toISOString(),
      last_used_at: null,
    }
    return { passkey, amr: provedBy(made) }
  }

  async #checkNew(answer: RegistrationAnswer, challenge: string) {
    const { party } = this.#parts
    const { verifyRegistrationResponse } = await import('./webauthn.ts')
    const result = await orNothing(
      verifyRegistrationResponse({
        response: registrationJson(answer),
        expectedChallenge: challenge,
        expectedOrigin: party.origin,
        expectedRPID: party.id,
        requireUserVerification: false,
        supportedAlgorithmIDs: ALGORITHMS,
      }),
    )
    return result?.verified === true ? result.registrationInfo : undefined
  }

  /** Of these passkeys; without any named, of whichever the browser finds. */
  async ask(own: readonly Passkey[] = []): Promise<PasskeyQuestion> {
    const challenge = newToken()
    const { generateAuthenticationOptions } = await import('./webauthn.ts')
    const options = await generateAuthenticationOptions({
      rpID: this.#parts.party.id,
      challenge: bytes(challenge),
      timeout: TIMEOUT_MS,
      allowCredentials: own.map(described),
      userVerification: 'preferred',
    })
    return { options, challenge }
  }

  /**
   * Whose passkey answered; of `account` alone where one is named. `undefined` for whatever does not hold, an unknown passkey among it. An
   * answer is taken once: its challenge is spent, and the counter of its authenticator has to move on.
   */
  async read(factors: FactorStore, given: PasskeyAnswer, account?: string): Promise<PasskeyProof | undefined> {
    const { once, now } = this.#parts
    const answer = await readAuthentication(given.response)
    const passkey = answer && (await factors.passkey(answer.id))
    if (answer === undefined || passkey === undefined) return undefined
    if (account === undefined ? !this.#isOwner(passkey, answer) : passkey.account !== account) return undefined
    const checked = await this.#check(passkey, answer, given.challenge)
    if (checked === undefined || !(await once(given.challenge, CHALLENGE_S))) return undefined
    const { newCounter, credentialBackedUp } = checked
    const isUsed = await factors.usePasskey(passkey.id, newCounter, credentialBackedUp, now().toISOString())
    return isUsed ? { account: passkey.account, passkey: passkey.id, amr: provedBy(checked) } : undefined
  }

  async #check(passkey: Passkey, answer: AuthenticationAnswer, challenge: string) {
    const { party } = this.#parts
    const { verifyAuthenticationResponse } = await import('./webauthn.ts')
    const result = await orNothing(
      verifyAuthenticationResponse({
        response: authenticationJson(answer),
        expectedChallenge: challenge,
        expectedOrigin: party.origin,
        expectedRPID: party.id,
        requireUserVerification: false,
        credential: {
          id: passkey.id,
          publicKey: Uint8Array.from(Buffer.from(passkey.public_key, 'base64url')),
          counter: passkey.counter,
        },
      }),
    )
    return result?.verified === true ? result.authenticationInfo : undefined
  }

  /** Where nobody was named, the authenticator says whose passkey it is, and has to be right (WebAuthn §7.2, step 6). */
  #isOwner(passkey: Passkey, { response }: AuthenticationAnswer): boolean {
    return response.userHandle === this.#handle(passkey.account)
  }

  /** What authenticators keep of an account: nothing that says who it is (WebAuthn §14.6.1). */
  #handle(account: string): string {
    return this.#parts.secrets.hash('passkey_user', account)
  }
}

function provedBy(checked: { credentialDeviceType: string; userVerified: boolean }): readonly AuthenticationMethod[] {
  const held = checked.credentialDeviceType === 'multiDevice' ? 'swk' : 'hwk'
  return checked.userVerified ? [held, 'user', 'mfa'] : [held]
}

function described({ id, transports }: Passkey) {
  return { id, transports: [...transports] }
}

/** The library would take a text for what is to be encoded. */
function bytes(challenge: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.from(challenge, 'base64url'))
}

/** The checks touch nothing but their arguments: whatever they throw is about the answer. */
function orNothing<T>(checking: Promise<T>): Promise<T | undefined> {
  return checking.catch(() => undefined)
}
