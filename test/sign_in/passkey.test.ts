import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import type { Passkey } from '../../src/core/people_types.ts'
import { readRegistration } from '../../src/sign_in/factors/passkey_answers.ts'
import { relyingParty } from '../../src/sign_in/factors/relying_party.ts'
import { PasskeySignIn, passkeyKind } from '../../src/sign_in/methods/passkey.ts'
import { ENGINES, Places } from '../store/places.ts'
import { account } from '../store/rows.ts'
import { type Attested, type Said, TestAuthenticator } from './authenticator.ts'
import { type FactorPlace, factorPlace } from './factor_place.ts'
import { passwordMethodRow } from './people.ts'

const places = new Places()
afterAll(() => places.cleanUp())

describe('the relying party', () => {
  it.each([
    ['https://gate.example.org', 'gate.example.org', 'https://gate.example.org'],
    ['https://Gate.example.org:8443/octroi', 'gate.example.org', 'https://gate.example.org:8443'],
    ['http://localhost:8700', 'localhost', 'http://localhost:8700'],
    ['http://gate.localhost:8700', 'gate.localhost', 'http://gate.localhost:8700'],
  ])('%s', (url, id, origin) => {
    expect(relyingParty(url, undefined)).toMatchObject({ id, origin })
  })
  it.each([
    'http://127.0.0.1:8700',
    'https://192.0.2.1',
    'http://[::1]:8700',
    'https://[2001:db8::1]',
    'http://gate.example.org',
  ])('%s has none, and the method cannot be opened', (url) => {
    expect(relyingParty(url, undefined)).toBeUndefined()
    expect(() => passkeyKind.open(passwordMethodRow(), {}, { passkeys: undefined } as never)).toThrow('Passkeys need')
  })
})

describe('passkeys', () => {
  let place: FactorPlace
  let device: TestAuthenticator

  beforeEach(async () => {
    place = await factorPlace(places, 'sqlite')
    device = new TestAuthenticator()
  })

  async function ask(owner = 'ada') {
    const existing = await place.open.store.factors.passkeys(owner)
    const { options, challenge } = await place.passkeys.askNew(account(owner), existing)
    return { options: options as never as NewOptions, challenge }
  }
  async function register(said: Partial<Attested> = {}): Promise<Passkey | undefined> {
    const { challenge } = await ask()
    const made = await place.passkeys.readNew('ada', 'Laptop', {
      challenge,
      response: device.register({ challenge, ...said }),
    })
    return made?.passkey
  }
  /** Registered and stored; with the user handle that the authenticator keeps. */
  async function enrolled(said: Partial<Attested> = {}): Promise<string> {
    const { options } = await ask()
    await place.open.store.factors.insertPasskey((await register(said)) as Passkey)
    return options.user.id
  }
  async function signIn(said: Partial<Said>, named?: string) {
    const { challenge } = await place.passkeys.ask()
    const response = device.answer({ challenge, ...said })
    return place.passkeys.read(place.open.store.factors, { response, challenge }, named)
  }

  describe('registration', () => {
    it('asks for a discoverable one, without attestation, and names those that are there', async () => {
      await enrolled()
      const { options } = await ask()
      expect(options).toMatchObject({
        rp: { id: 'gate.example.org', name: 'The Gate' },
        attestation: 'none',
        authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'preferred' },
        excludeCredentials: [{ id: device.id, type: 'public-key', transports: ['internal'] }],
      })
      expect(Buffer.from(options.user.id, 'base64url').toString('latin1')).not.toContain('ada')
      expect((await ask('ben')).options.user.id).not.toBe(options.user.id)
    })
    it('takes an answer that holds', async () => {
      expect(await register({ counter: 7, synchronised: true })).toMatchObject({
        id: device.id,
        account: 'ada',
        name: 'Laptop',
        counter: 7,
        backed_up: true,
        transports: ['internal'],
      })
    })
    it.each<[string, Partial<Attested>]>([
      ['another origin', { origin: 'https://gate.example.org.evil.example' }],
      ['another port', { origin: 'https://gate.example.org:8443' }],
      ['another relying party', { rpId: 'evil.example' }],
      ['another challenge', { challenge: 'A'.repeat(43) }],
      ['an answer to another question', { type: 'webauthn.get' }],
      ['nobody present', { present: false }],
      ['a frame of another site', { crossOrigin: true }],
      [
        'an attestation with certificates, whose lists somebody would have to fetch',
        { fmt: 'packed', statement: certificates() },
      ],
      ['an attestation of a kind that was not asked for', { fmt: 'tpm' }],
    ])('refuses %s', async (_, said) => {
      expect(await register(said)).toBeUndefined()
    })
    it('refuses the same answer a second time, and what is no answer', async () => {
      const { challenge } = await ask()
      const response = device.register({ challenge })
      const read = (given: unknown) => place.passkeys.readNew('ada', 'Laptop', { challenge, response: given })
      for (const given of [
        undefined,
        null,
        'text',
        [],
        {},
        { ...response, id: 'other' },
        { ...response, response: {} },
      ])
        expect(await read(given)).toBeUndefined()
      expect(await read(response)).toBeDefined()
      expect(await read(response)).toBeUndefined()
    })
  })

  describe('authentication', () => {
    it('says whose it is, and two factors where the person was verified', async () => {
      const userHandle = await enrolled()
      expect(await signIn({ userHandle })).toMatchObject({ account: 'ada', amr: ['hwk', 'user', 'mfa'] })
      expect(await signIn({ userHandle, verified: false })).toMatchObject({ amr: ['hwk'] })
      expect(await signIn({ userHandle, synchronised: true })).toMatchObject({ amr: ['swk', 'user', 'mfa'] })
      const [stored] = await place.open.store.factors.passkeys('ada')
      expect(stored).toMatchObject({ backed_up: true, last_used_at: place.now.toISOString() })
    })
    it.each<[string, Partial<Said>]>([
      ['another origin', { origin: 'https://evil.example' }],
      ['plain http', { origin: 'http://gate.example.org' }],
      ['another relying party', { rpId: 'example.org' }],
      ['another challenge', { challenge: 'A'.repeat(43) }],
      ['an answer to another question', { type: 'webauthn.create' }],
      ['nobody present', { present: false }],
      ['a frame of another site', { crossOrigin: true }],
      ['another user handle', { userHandle: 'A'.repeat(43) }],
      ['no user handle where nobody was named', { userHandle: undefined }],
    ])('refuses %s', async (_, said) => {
      const userHandle = await enrolled()
      expect(await signIn({ userHandle, ...said })).toBeUndefined()
      expect(await signIn({ userHandle })).toBeDefined()
    })
    it('refuses a signature by another key, and an unknown passkey', async () => {
      const userHandle = await enrolled()
      const { challenge } = await place.passkeys.ask()
      const read = (response: object) => place.passkeys.read(place.open.store.factors, { response, challenge })
      const stranger = new TestAuthenticator().answer({ challenge, userHandle })
      expect(await read(stranger)).toBeUndefined()
      expect(await read({ ...stranger, id: device.id, rawId: device.id })).toBeUndefined()
    })
    it('refuses a counter that does not move on: there are two of them', async () => {
      const userHandle = await enrolled({ counter: 4 })
      expect(await signIn({ userHandle, counter: 5 })).toBeDefined()
      for (const counter of [5, 4, 1, 0]) expect(await signIn({ userHandle, counter })).toBeUndefined()
      expect(await signIn({ userHandle, counter: 6 })).toBeDefined()
    })
    it('as a second factor is the account’s own, or nobody’s', async () => {
      await enrolled()
      const { keep, passkey } = await place.factors.options('ada')
      expect(passkey).toMatchObject({ allowCredentials: [{ id: device.id }] })
      const response = JSON.stringify(device.answer({ challenge: keep, verified: false }))
      const check = (who: string) => place.factors.check(who, { response, keep, address: '192.0.2.1' })
      expect(await check('ben')).toBeUndefined()
      expect(await check('ada')).toEqual(['hwk'])
      expect(await check('ada')).toBeUndefined()
      expect(await place.factors.options('ben')).toEqual({ passkey: null, keep: '' })
    })
  })

  it('certificates are refused before anybody looks into them', async () => {
    const challenge = 'A'.repeat(43)
    expect(await readRegistration(device.register({ challenge }))).toBeDefined()
    expect(
      await readRegistration(device.register({ challenge, fmt: 'packed', statement: certificates() })),
    ).toBeUndefined()
    expect(
      await readRegistration(device.register({ challenge, fmt: 'fido-u2f', statement: certificates() })),
    ).toBeUndefined()
  })

  describe('the sign-in method', () => {
    const method = () =>
      new PasskeySignIn(
        { ...passwordMethodRow(), id: 'passkey', kind: 'passkey' },
        {
          passkeys: place.passkeys,
          store: place.open.store,
          now: () => place.now.getTime(),
        },
      )

    it('names nobody in its question, and finds the account', async () => {
      const userHandle = await enrolled()
      const { options, challenge } = await method().begin()
      expect((options as { allowCredentials: unknown[] }).allowCredentials).toEqual([])
      const proof = await method().finish({ response: device.answer({ challenge, userHandle }), challenge })
      expect(proof).toEqual({
        kind: 'account',
        account: 'ada',
        amr: ['hwk', 'user', 'mfa'],
        acr: null,
        authTime: place.now.toISOString(),
      })
    })
    it('a disabled account answers like one that is not there', async () => {
      const userHandle = await enrolled()
      const disabled = account('ada', { kind: 'person', disabled_at: place.now.toISOString() })
      await place.open.store.accounts.update(disabled)
      const { challenge } = await method().begin()
      expect(await method().finish({ response: device.answer({ challenge, userHandle }), challenge })).toBeUndefined()
    })
  })
})

describe.each(ENGINES)('an answer (%s)', (engine) => {
  it('is taken once, also of authenticators that do not count, and by one of ten at once', async () => {
    const place = await factorPlace(places, engine)
    const device = new TestAuthenticator()
    const { factors } = place.open.store
    const begun = await place.passkeys.askNew(account('ada'), [])
    const registered = device.register({ challenge: begun.challenge })
    const made = await place.passkeys.readNew('ada', 'Laptop', { challenge: begun.challenge, response: registered })
    await factors.insertPasskey(made?.passkey as Passkey)
    const { challenge } = await place.passkeys.ask()
    const response = device.answer({ challenge, userHandle: (begun.options as NewOptions).user.id })
    const read = () => place.passkeys.read(factors, { response, challenge })
    expect((await Promise.all(Array.from({ length: 10 }, read))).filter(Boolean)).toHaveLength(1)
    expect(await read()).toBeUndefined()
    const [stored] = await factors.passkeys('ada')
    expect(stored).toMatchObject({
      id: device.id,
      counter: 0,
      transports: ['internal'],
      last_used_at: expect.any(String),
    })
  })
})

interface NewOptions {
  readonly user: { readonly id: string }
}

function certificates(): Map<string, unknown> {
  return new Map<string, unknown>([
    ['alg', -7],
    ['sig', new Uint8Array(64)],
    ['x5c', [new Uint8Array(300)]],
  ])
}
