import type { PeopleSecrets } from './secrets.ts'
import type { Towards } from './towards.ts'

/** Why somebody proves who he is. Made by us, sealed in the flow. */
export type FlowPurpose =
  | { readonly kind: 'sign_in' }
  /** From `/account`: what is proved becomes an identity of this account, whose session is fresh. */
  | { readonly kind: 'link'; readonly account: string; readonly session: string }
  /** From the step `first`: the account that is proved is the one to link with. */
  | { readonly kind: 'prove'; readonly step: string }
  /** The invited person comes by another way than a password. */
  | { readonly kind: 'invitation'; readonly link: string }

/** What a sign-in is for. It goes with the browser, sealed: nothing is stored before somebody has proved something. */
export interface Flow {
  readonly purpose: FlowPurpose
  readonly towards: Towards
  /** The application or host, for people to read; null: our own pages. */
  readonly name: string | null
  /** Two factors, whatever the method says. */
  readonly mfa: boolean
  /** A proof no older than so many seconds. */
  readonly maxAgeS: number | null
  /** Only these methods; empty: all. */
  readonly methods: readonly string[]
  /** SIRET of the organization that is taken without asking, if it is one of his. */
  readonly organizationHint: string | null
  /** He proves himself now, however short ago he did. */
  readonly anew?: boolean | undefined
  /** Whoever is signed in is not who is meant, or not for sure: somebody else may come. */
  readonly another?: boolean | undefined
  /** What the application believes that the person signs in as; filled into the form, and nothing more. */
  readonly loginHint?: string | undefined
  /** When it was made first, milliseconds since the epoch: sealing it again makes it no younger. */
  readonly since?: number | undefined
}

interface Sealed extends Flow {
  readonly v: 1
  /** Milliseconds since the epoch. */
  readonly at: number
  /** Of a passkey: what the authenticator has to sign. */
  readonly challenge?: string | undefined
}

const PLACE = 'flow'
const HOUR_MS = 3_600_000
/** With the sealed flow a redirect method has to fit into one cookie. */
const MAX_SEALED = 3_500

export const SIGN_IN: FlowPurpose = { kind: 'sign_in' }

/** To a page of our own, by whatever method. */
export function flowTo(path: string): Flow {
  return {
    purpose: SIGN_IN,
    towards: { kind: 'own', path },
    name: null,
    mfa: false,
    maxAgeS: null,
    methods: [],
    organizationHint: null,
  }
}

/** Seals flows, and opens those that are ours and not too old. */
export class Flows {
  readonly #secrets: PeopleSecrets
  readonly #now: () => number

  constructor(secrets: PeopleSecrets, now: () => number) {
    this.#secrets = secrets
    this.#now = now
  }

  /** URL-safe. */
  seal(flow: Flow, challenge?: string): string {
    const sealed: Sealed = { v: 1, at: flow.since ?? this.#now(), ...flow, challenge }
    return this.#secrets.seal(sealed, PLACE)
  }

  /** `undefined`: not ours, or too late. */
  open(text: string): { readonly flow: Flow; readonly challenge: string | undefined } | undefined {
    if (text.length > MAX_SEALED) return undefined
    const sealed = this.#secrets.open<Sealed>(text, PLACE)
    if (sealed?.v !== 1 || this.#now() - sealed.at > HOUR_MS) return undefined
    const { v, at, challenge, ...flow } = sealed
    return { flow: { ...flow, since: at }, challenge }
  }

  /** Whether it fits where it has to go. */
  fits(flow: Flow): boolean {
    return this.seal(flow).length <= MAX_SEALED - 100
  }
}
