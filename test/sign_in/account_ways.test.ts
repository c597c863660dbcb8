import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import type { Identity } from '../../src/core/people_types.ts'
import { listIdentities, waysToLink } from '../../src/sign_in/account/identities.ts'
import type { Own } from '../../src/sign_in/account/own.ts'
import { listPasskeys } from '../../src/sign_in/account/own_passkeys.ts'
import { codeOfStep, stepAt } from '../../src/sign_in/factors/totp.ts'
import { Flows } from '../../src/sign_in/flow.ts'
import type { IdentityProof } from '../../src/sign_in/method.ts'
import { ENGINES, Places } from '../store/places.ts'
import { type AccountPlace, accountPlace } from './account_place.ts'
import { TestAuthenticator } from './authenticator.ts'

const places = new Places()
afterAll(() => places.cleanUp())

let place: AccountPlace
let ada: Own

beforeEach(async () => {
  place = await accountPlace(places, 'sqlite')
  ada = await place.signIn('ada')
})

const store = () => place.factor.open.store
const tokenOf = (own: Own, token: string | undefined) =>
  place.factor.open.hot
    .findSession(place.factor.secrets.hash('session', token ?? ''))
    .then((found) => found?.session.id === own.session.id)

async function addPasskey(own: Own, name = 'Laptop', device = new TestAuthenticator()) {
  const begun = await place.act(own, 'passkeys', 'start')
  if (begun.kind !== 'new_passkey') throw new Error('no passkey was begun')
  const { challenge } = begun.options as { challenge: string }
  const response = JSON.stringify(device.register({ challenge }))
  const form = { pending: begun.pending, name, response }
  return { device, form, outcome: await place.act(own, 'passkeys', 'add', form) }
}

async function addIdentity(more: Partial<Identity> = {}): Promise<Identity> {
  const at = place.factor.now.toISOString()
  const identity = {
    id: 'i1',
    account: 'ada',
    issuer: 'https://idp.example',
    subject: 's1',
    method: 'oidc',
    label: 'ada@idp.example',
  }
  const row = { ...identity, created_at: at, last_used_at: null, ...more }
  await store().identities.insert(row)
  return row
}

describe('passkeys', () => {
  it('T34 one that is added renews the token, and tells the person and the trail of events', async () => {
    const { outcome } = await addPasskey(ada)
    expect(outcome).toMatchObject({ kind: 'done', done: 'passkey_added' })
    expect(await tokenOf(ada, (outcome as { token: string }).token)).toBe(true)
    expect(await listPasskeys(place.desk.parts, ada)).toMatchObject([{ name: 'Laptop', lastUsedAt: null }])
    const [event] = await store().events.list({ limit: 1 }, { type: 'account.factor_added' })
    expect(event).toMatchObject({ type: 'account.factor_added', subject: 'account:ada', data: { factor: 'passkey' } })
  })
  it('one that another account has is refused, and so is the same page sent twice', async () => {
    const { device, form } = await addPasskey(ada)
    await expect(place.act(ada, 'passkeys', 'add', form)).rejects.toMatchObject({ fault: 'passkey' })
    const ben = await place.signIn('ben')
    await expect(addPasskey(ben, 'Mine', device)).rejects.toMatchObject({ fault: 'passkey' })
    expect(await listPasskeys(place.desk.parts, ben)).toEqual([])
  })
  it('a page of another session, or one that is too old, sets up nothing', async () => {
    const begun = await place.act(ada, 'passkeys', 'start')
    if (begun.kind !== 'new_passkey') throw new Error('no passkey was begun')
    const { challenge } = begun.options as { challenge: string }
    const form = {
      pending: begun.pending,
      name: 'x',
      response: JSON.stringify(new TestAuthenticator().register({ challenge })),
    }
    const other = await place.signIn('ada')
    await expect(place.act(other, 'passkeys', 'add', form)).rejects.toMatchObject({ fault: 'gone' })
    place.factor.now = new Date(place.factor.now.getTime() + 16 * 60_000)
    await expect(place.act(ada, 'passkeys', 'add', form)).rejects.toMatchObject({ fault: 'gone' })
  })
  it('404 for another account’s: it is neither renamed nor removed', async () => {
    const { device } = await addPasskey(ada)
    const ben = await place.signIn('ben')
    await expect(place.act(ben, 'passkeys', 'rename', { id: device.id, name: 'mine' })).rejects.toThrow(
      'no such passkey',
    )
    await expect(place.act(ben, 'passkeys', 'remove', { id: device.id })).rejects.toThrow('no such passkey')
    await place.act(ada, 'passkeys', 'rename', { id: device.id, name: '  Clé bleue ' })
    expect(await listPasskeys(place.desk.parts, ada)).toMatchObject([{ name: 'Clé bleue' }])
  })
  it.each(['', '   ', 'x'.repeat(101), 'a\nb'])('422 with %j for a name', async (name) => {
    const { device } = await addPasskey(ada)
    await expect(place.act(ada, 'passkeys', 'rename', { id: device.id, name })).rejects.toMatchObject({
      fault: 'invalid',
      details: { at: device.id },
    })
  })
})

describe('the last way in', () => {
  it('is not taken away: neither the last passkey nor the last identity', async () => {
    const { device } = await addPasskey(ada)
    await expect(place.act(ada, 'passkeys', 'remove', { id: device.id })).rejects.toMatchObject({ fault: 'last_way' })
    await addIdentity()
    await place.act(ada, 'passkeys', 'remove', { id: device.id })
    await expect(place.act(ada, 'identities', 'remove', { id: 'i1' })).rejects.toMatchObject({ fault: 'last_way' })
    expect(await store().identities.of('ada')).toHaveLength(1)
  })
  it('an identity whose method is disabled or gone is none', async () => {
    await addIdentity()
    await addIdentity({ id: 'i2', subject: 's2', method: 'closed' })
    await addIdentity({ id: 'i3', subject: 's3', method: 'no-more' })
    await expect(place.act(ada, 'identities', 'remove', { id: 'i1' })).rejects.toMatchObject({ fault: 'last_way' })
    await place.act(ada, 'identities', 'remove', { id: 'i2' })
  })
  it('a password is one, where people sign in with passwords', async () => {
    await addIdentity()
    await store().accounts.setPassword('ada', 'not a hash')
    const password = place.methods[0] as (typeof place.methods)[number]
    place.methods[0] = { ...password, method: { ...password.method, enabled: false } }
    await expect(place.act(ada, 'identities', 'remove', { id: 'i1' })).rejects.toMatchObject({ fault: 'last_way' })
    place.methods[0] = password
    await place.act(ada, 'identities', 'remove', { id: 'i1' })
  })
})

describe.each(ENGINES)('the last two ways in (%s)', (engine) => {
  it('of two who take them away at once, one is refused', async () => {
    place = await accountPlace(places, engine)
    ada = await place.signIn('ada')
    await addIdentity()
    await addIdentity({ id: 'i2', subject: 's2' })
    const tries = await Promise.allSettled(['i1', 'i2'].map((id) => place.act(ada, 'identities', 'remove', { id })))
    expect(tries.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(await store().identities.of('ada')).toHaveLength(1)
  })
})

describe('identities', () => {
  const proof = (subject: string): IdentityProof => ({
    kind: 'identity',
    issuer: 'ldap:ldap',
    subject,
    amr: ['pwd'],
    acr: null,
    authTime: place.factor.now.toISOString(),
    idToken: null,
    claims: { name: 'Ada', email: 'ben@example.org', emailVerified: true, groups: null, organizations: null },
  })
  const link = (own: Own) => place.act(own, 'identities', 'link', { method: 'ldap', login: 'ada', password: 'secret' })

  it('only those methods are offered that name people, and that are there', async () => {
    expect(await waysToLink(place.desk.parts)).toEqual([
      { method: 'ldap', name: 'LDAP', form: true },
      { method: 'oidc', name: 'OIDC', form: false },
    ])
  })
  it('T28 one that another account has stays there: refused, nothing moved, nothing merged', async () => {
    place.directory.proof = proof('uuid-1')
    await link(ada)
    const ben = await place.signIn('ben')
    await expect(link(ben)).rejects.toMatchObject({ fault: 'others' })
    await expect(link(ada)).rejects.toMatchObject({ fault: 'taken' })
    expect(await store().identities.of('ben')).toEqual([])
    expect(await listIdentities(place.desk.parts, ada)).toMatchObject([{ method: 'LDAP', label: 'ben@example.org' }])
    expect(await store().emails.of('ada')).toEqual([])
  })
  it('T30 the same subject of two issuers is two', async () => {
    await addIdentity({ subject: 'uuid-1' })
    place.directory.proof = proof('uuid-1')
    await link(ada)
    expect(await store().identities.of('ada')).toHaveLength(2)
  })
  it('a wrong password at the directory links nothing', async () => {
    await expect(link(ada)).rejects.toMatchObject({ fault: 'wrong', details: { typed: 'ada' } })
    expect(await store().identities.of('ada')).toEqual([])
  })
  it('at a provider begins with a sealed flow that names account, session and this method alone', async () => {
    const outcome = await place.act(ada, 'identities', 'link', { method: 'oidc' })
    const path = outcome.kind === 'onward' ? outcome.path : ''
    expect(path).toMatch(/^\/sign-in\/oidc\?flow=/)
    const flows = new Flows(place.factor.secrets, () => place.factor.now.getTime())
    const opened = flows.open(path.split('flow=')[1] as string)
    expect(opened?.flow).toMatchObject({
      purpose: { kind: 'link', account: 'ada', session: ada.session.id },
      methods: ['oidc'],
      towards: { kind: 'own', path: '/account/identities?done=identity_linked' },
    })
    await expect(place.act(ada, 'identities', 'link', { method: 'closed' })).rejects.toMatchObject({ fault: 'gone' })
    await expect(place.act(ada, 'identities', 'link', { method: 'password' })).rejects.toMatchObject({ fault: 'gone' })
  })
  it('404 for another account’s', async () => {
    await addIdentity({ account: 'ben' })
    await expect(place.act(ada, 'identities', 'remove', { id: 'i1' })).rejects.toThrow('no such identity')
  })
})

describe('authenticator apps and recovery codes', () => {
  async function addApp(own: Own) {
    const begun = await place.act(own, 'authenticators', 'start')
    if (begun.kind !== 'new_authenticator') throw new Error('no app was begun')
    const code = codeOfStep(begun.secret, stepAt(place.factor.now.getTime()))
    const form = { pending: begun.pending, name: 'Phone', code }
    return { begun, form, outcome: await place.act(own, 'authenticators', 'add', form) }
  }

  it('T34 an app is added by its first code, once, and renews the token', async () => {
    const { form, outcome } = await addApp(ada)
    expect(await tokenOf(ada, (outcome as { token: string }).token)).toBe(true)
    await expect(place.act(ada, 'authenticators', 'add', form)).rejects.toMatchObject({ fault: 'gone' })
    expect(await place.factor.factors.state('ada')).toMatchObject({ totp: true })
    const check = { code: form.code, keep: '', address: '192.0.2.1' }
    expect(await place.factor.factors.check('ada', check)).toBeUndefined()
  })
  it('with the last factor the codes go that stand in for it', async () => {
    await addApp(ada)
    await place.act(ada, 'recovery', 'make')
    const [app] = await store().factors.totps('ada')
    await place.act(ada, 'authenticators', 'remove', { id: app?.id ?? '' })
    expect(await place.factor.factors.state('ada')).toEqual({ totp: false, passkeys: 0, recoveryCodes: 0 })
  })
  it('what was proved counts: a session with a password alone has two factors then', async () => {
    const weak = await place.signIn('ada', ['pwd'])
    await addApp(weak)
    expect((await store().sessions.get(weak.session.id))?.amr).toEqual(['pwd', 'otp', 'mfa'])
  })
  it('a wrong code adds none; 404 for another account’s', async () => {
    const begun = await place.act(ada, 'authenticators', 'start')
    const { pending } = begun as { pending: string }
    await expect(place.act(ada, 'authenticators', 'add', { pending, name: 'x', code: 'no' })).rejects.toMatchObject({
      fault: 'wrong',
    })
    await addApp(ada)
    const [app] = await store().factors.totps('ada')
    const ben = await place.signIn('ben')
    await expect(place.act(ben, 'authenticators', 'remove', { id: app?.id ?? '' })).rejects.toThrow(
      'no such authenticator',
    )
    const removed = await place.act(ada, 'authenticators', 'remove', { id: app?.id ?? '' })
    expect(await tokenOf(ada, (removed as { token: string }).token)).toBe(true)
  })
  it('codes are made beside another factor only; new ones end the old', async () => {
    await expect(place.act(ada, 'recovery', 'make')).rejects.toMatchObject({ fault: 'invalid' })
    await addApp(ada)
    const first = await place.act(ada, 'recovery', 'make')
    const second = await place.act(ada, 'recovery', 'make')
    const [old, fresh] = [first, second].map((outcome) => (outcome as unknown as { codes: string[] }).codes[0])
    const use = (recoveryCode: string | undefined) =>
      place.factor.factors.check('ada', { recoveryCode, keep: '', address: '192.0.2.1' })
    expect(await use(old)).toBeUndefined()
    expect(await use(fresh)).toEqual(['kba'])
  })
})
