import { createSecretKey, randomBytes } from 'node:crypto'
import { hmac, type ValueSealer } from '../../src/core/vault.ts'
import { AccountFactors } from '../../src/sign_in/factors/account_factors.ts'
import { CodeAttempts } from '../../src/sign_in/factors/attempts.ts'
import { onceIn } from '../../src/sign_in/factors/once.ts'
import { Passkeys } from '../../src/sign_in/factors/passkeys.ts'
import type { RelyingParty } from '../../src/sign_in/factors/relying_party.ts'
import { PeopleSecrets } from '../../src/sign_in/secrets.ts'
import type { OpenStore } from '../../src/store/open.ts'
import type { EngineName, Places } from '../store/places.ts'
import { account } from '../store/rows.ts'

export const PARTY: RelyingParty = { id: 'gate.example.org', origin: 'https://gate.example.org', name: 'The Gate' }

/** A store with two people, a clock that stands, and their second factors. */
export interface FactorPlace {
  readonly open: OpenStore
  readonly secrets: PeopleSecrets
  readonly passkeys: Passkeys
  readonly factors: AccountFactors
  /** Accounts and what was left, of recovery codes that were used. */
  readonly recoveries: [string, number][]
  now: Date
}

export async function factorPlace(places: Places, engine: EngineName): Promise<FactorPlace> {
  const open = await places.openFresh(engine)
  await open.store.accounts.insert(account('ada', { kind: 'person' }))
  await open.store.accounts.insert(account('ben', { kind: 'person' }))
  const secrets = new PeopleSecrets(createSecretKey(randomBytes(32)), testSealer())
  const recoveries: [string, number][] = []
  const place = { open, secrets, recoveries, now: new Date('2026-11-22T10:00:00.000Z') }
  const now = () => place.now
  const passkeys = new Passkeys({ party: PARTY, secrets, once: onceIn(open.activity, secrets, now), now })
  const factors = new AccountFactors({
    store: open.store,
    secrets,
    passkeys,
    attempts: new CodeAttempts(() => place.now.getTime()),
    issuer: 'The Gate',
    now,
    onRecovery: async (owner, left) => void recoveries.push([owner, left]),
  })
  return Object.assign(place, { passkeys, factors })
}

/** Seals nothing from anybody, but opens only what was sealed for the place, as the vault's does. */
export function testSealer(): ValueSealer {
  const key = createSecretKey(randomBytes(32))
  return {
    seal(plain, at) {
      const text = Buffer.from(plain).toString('base64url')
      return `${text}.${hmac(key, at, text)}`
    },
    open(sealed, at) {
      const [text = '', mac] = sealed.split('.')
      if (mac !== hmac(key, at, text)) throw new Error('This was not sealed here.')
      return Buffer.from(text, 'base64url')
    },
  }
}
