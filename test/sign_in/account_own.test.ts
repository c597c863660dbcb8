import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { OctroiError } from '../../src/core/errors.ts'
import { Passwords } from '../../src/inbound/passwords.ts'
import { listEmails } from '../../src/sign_in/account/emails.ts'
import { proofWanted } from '../../src/sign_in/account/fresh.ts'
import { noticeMail } from '../../src/sign_in/account/mail_words.ts'
import { NOTICES } from '../../src/sign_in/account/notices.ts'
import type { Own } from '../../src/sign_in/account/own.ts'
import { listSessions } from '../../src/sign_in/account/own_sessions.ts'
import { listTokens } from '../../src/sign_in/account/own_tokens.ts'
import { Places } from '../store/places.ts'
import { account, apiKey, keySecret } from '../store/rows.ts'
import { type AccountPlace, accountPlace, run } from './account_place.ts'

const places = new Places()
afterAll(() => places.cleanUp())

let place: AccountPlace
let ada: Own

beforeEach(async () => {
  place = await accountPlace(places, 'sqlite')
  ada = await place.signIn('ada')
})

const store = () => place.factor.open.store
const later = (seconds: number) => {
  place.factor.now = new Date(place.factor.now.getTime() + seconds * 1000)
}
const linkIn = (text: string | undefined) => /\/account\/verify\?link=([\w-]{43})/.exec(text ?? '')?.[1] ?? ''

describe('addresses', () => {
  it('one is added, verified by the link that its mailbox got, and becomes the one that applications are told', async () => {
    expect(await place.act(ada, 'emails', 'add', { address: ' Ada@Example.org ' })).toMatchObject({
      done: 'email_sent',
    })
    expect(place.mails).toMatchObject([{ to: 'Ada@Example.org' }])
    expect(await listEmails(place.desk.parts, ada)).toEqual([
      { id: 'ada@example.org', address: 'Ada@Example.org', verified: false, primary: false },
    ])
    const link = linkIn(place.mails[0]?.text)
    expect(await place.desk.verification.show(ada, link)).toBe('Ada@Example.org')
    await place.act(ada, 'verify', 'verify', { link })
    const after = { ...ada, account: (await store().accounts.get('ada')) as Own['account'] }
    expect(await listEmails(place.desk.parts, after)).toMatchObject([{ verified: true, primary: true }])
    await expect(place.act(ada, 'verify', 'verify', { link })).rejects.toMatchObject({ fault: 'gone' })
  })
  it('a link is its account’s alone, and ends after a day', async () => {
    await place.act(ada, 'emails', 'add', { address: 'ada@example.org' })
    const link = linkIn(place.mails[0]?.text)
    const ben = await place.signIn('ben')
    expect(await place.desk.verification.show(ben, link)).toBeUndefined()
    await expect(place.act(ben, 'verify', 'verify', { link })).rejects.toMatchObject({ fault: 'gone' })
    expect(await place.desk.verification.show(ada, link)).toBe('ada@example.org')
    later(86_401)
    await expect(place.act(ada, 'verify', 'verify', { link })).rejects.toMatchObject({ fault: 'gone' })
  })
  it('T28 an address of another account is added like any other, and verified by nobody but one', async () => {
    const ben = await place.signIn('ben')
    await place.act(ben, 'emails', 'add', { address: 'shared@example.org' })
    expect(await place.act(ada, 'emails', 'add', { address: 'SHARED@example.org' })).toMatchObject({
      done: 'email_sent',
    })
    await place.act(ben, 'verify', 'verify', { link: linkIn(place.mails[0]?.text) })
    const mine = place.mails.find(({ to }) => to === 'SHARED@example.org')
    await expect(place.act(ada, 'verify', 'verify', { link: linkIn(mine?.text) })).rejects.toMatchObject({
      fault: 'others',
    })
    expect((await store().emails.findVerified('shared@example.org'))?.id).toBe('ben')
  })
  it('adding a verified one anew does not undo that', async () => {
    const at = place.factor.now.toISOString()
    const row = {
      account: 'ada',
      address: 'ada@example.org',
      canonical: 'ada@example.org',
      verified_at: at,
      created_at: at,
    }
    await store().emails.put(row)
    await expect(place.act(ada, 'emails', 'add', { address: 'ADA@example.org' })).rejects.toMatchObject({
      fault: 'taken',
    })
    expect((await store().emails.of('ada'))[0]?.verified_at).toBe(at)
  })
  it('T31 only one that is verified becomes the one that applications are told', async () => {
    await place.act(ada, 'emails', 'add', { address: 'boss@example.org' })
    const change = place.act(ada, 'emails', 'primary', { id: 'boss@example.org' })
    await expect(change).rejects.toMatchObject({ fault: 'invalid' })
    expect((await store().accounts.get('ada'))?.email).toBeNull()
    await expect(place.act(ada, 'emails', 'primary', { id: 'other@example.org' })).rejects.toThrow('no such address')
  })
  it('one that goes is told so, takes the place of none, and a reset that went there is void', async () => {
    await store().accounts.update(account('ada', { kind: 'person', email: 'old@example.org' }))
    ada = await place.signIn('ada')
    const { tickets } = place.factor.open.activity
    const ticket = {
      id: 'r',
      account: 'ada',
      session: null,
      sealed: '',
      created_at: '',
      expires_at: '2027-01-01T00:00:00.000Z',
    }
    await tickets.put({ ...ticket, purpose: 'password_reset' })
    await place.act(ada, 'emails', 'remove', { id: 'old@example.org' })
    expect((await store().accounts.get('ada'))?.email).toBeNull()
    await place.notices.settled()
    expect(place.mails).toMatchObject([{ to: 'old@example.org', subject: 'The Gate: an e-mail address was removed' }])
    expect(await tickets.peek('r', 'password_reset', place.factor.now.toISOString())).toBeUndefined()
  })
  it.each(['', 'ada', 'ada@', '@example.org', 'a@b@evil.example', 'ada＠example.org', 'a@b.org\r\nBcc: x@y.org'])(
    '422 with %j',
    async (address) => {
      await expect(place.act(ada, 'emails', 'add', { address })).rejects.toMatchObject({ fault: 'invalid' })
      expect(place.mails).toEqual([])
    },
  )
  it('429 after five mails in an hour; where no mail leaves, that is said', async () => {
    await place.act(ada, 'emails', 'add', { address: 'a@example.org' })
    for (let i = 0; i < 4; i++) await place.act(ada, 'emails', 'send', { id: 'a@example.org' })
    await expect(place.act(ada, 'emails', 'send', { id: 'a@example.org' })).rejects.toMatchObject({
      fault: 'rate_limited',
    })
    expect(place.mails).toHaveLength(5)
    const silent = place.with({ mail: undefined })
    expect(await run(silent, ada, 'emails', 'add', { address: 'b@example.org' })).toMatchObject({ done: 'email_added' })
    await expect(run(silent, ada, 'emails', 'send', { id: 'b@example.org' })).rejects.toMatchObject({ fault: 'mail' })
  })
  it('a mail server that does not answer is said, and nothing of the address is in the fault', async () => {
    const mail = {
      send: () => Promise.reject(new OctroiError('upstream_unreachable', 'The mail server cannot be reached.')),
    }
    const mute = place.with({ mail })
    await expect(run(mute, ada, 'emails', 'add', { address: 'a@example.org' })).rejects.toMatchObject({ fault: 'mail' })
    expect(await listEmails(place.desk.parts, ada)).toHaveLength(1)
  })
})

describe('the password', () => {
  const passwords = new Passwords()
  const form = (more: object = {}) => ({ password: 'a long new one', again: 'a long new one', ...more })

  beforeEach(async () => {
    await store().accounts.setPassword('ada', await passwords.hash('the old one'))
  })

  it('changes with the one before, ends the other sessions where that is wanted, and renews the token', async () => {
    const phone = await place.signIn('ada')
    await place.act(ada, 'password', 'change', form({ current: 'the old one' }))
    expect(await store().sessions.get(phone.session.id)).toBeDefined()
    const next = form({
      current: 'a long new one',
      password: 'another long one',
      again: 'another long one',
      elsewhere: 'on',
    })
    const outcome = await place.act(ada, 'password', 'change', next)
    expect(await store().sessions.get(phone.session.id)).toBeUndefined()
    const found = await place.factor.open.hot.findSession(
      place.factor.secrets.hash('session', (outcome as { token: string }).token),
    )
    expect(found?.session.id).toBe(ada.session.id)
    const stored = await place.factor.open.hot.findAccount('ada')
    expect(await passwords.verify(stored?.password_hash ?? null, 'another long one')).toBe(true)
  })
  it.each<[string, object, object]>([
    ['a wrong one before', { current: 'not it' }, { fault: 'wrong', details: { at: 'current' } }],
    ['none before', {}, { fault: 'wrong' }],
    [
      'two that differ',
      { current: 'the old one', again: 'a long new 0ne' },
      { fault: 'differs', details: { at: 'again' } },
    ],
    [
      'one that is common',
      { current: 'the old one', password: 'password123', again: 'password123' },
      { fault: 'weak' },
    ],
    ['one that is too short', { current: 'the old one', password: 'seven77', again: 'seven77' }, { fault: 'weak' }],
  ])('422 with %s', async (_, more, fault) => {
    await expect(place.act(ada, 'password', 'change', form(more))).rejects.toMatchObject(fault)
    const stored = await place.factor.open.hot.findAccount('ada')
    expect(await passwords.verify(stored?.password_hash ?? null, 'the old one')).toBe(true)
  })
  it('429 after ten wrong ones, as at the sign-in page', async () => {
    const quick = place.with({ passwords: { verify: async () => false, hash: async () => '' } })
    const wrong = form({ current: 'not it' })
    for (let i = 0; i < 10; i++)
      await expect(run(quick, ada, 'password', 'change', wrong)).rejects.toMatchObject({ fault: 'wrong' })
    await expect(place.act(ada, 'password', 'change', form({ current: 'the old one' }))).rejects.toMatchObject({
      code: 'rate_limited',
    })
  })
  it('of two changes at once, one holds', async () => {
    const tries = ['a first long one', 'a second long one'].map((password) =>
      place.act(ada, 'password', 'change', { current: 'the old one', password, again: password }),
    )
    const results = await Promise.allSettled(tries)
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  })
})

describe('sessions and keys', () => {
  it('D6 only one’s own are listed and ended; another’s is not there', async () => {
    const ben = await place.signIn('ben')
    const phone = await place.signIn('ada')
    const listed = await listSessions(place.desk.parts, ada)
    expect(listed.map(({ id, current }) => [id, current]).sort()).toEqual(
      [
        [ada.session.id, true],
        [phone.session.id, false],
      ].sort(),
    )
    await expect(place.act(ada, 'sessions', 'end', { id: ben.session.id })).rejects.toThrow('no such session')
    expect(await store().sessions.get(ben.session.id)).toBeDefined()
    expect(await place.act(ada, 'sessions', 'end', { id: phone.session.id })).toMatchObject({ done: 'session_ended' })
    expect(await place.act(ada, 'sessions', 'end', { id: ada.session.id })).toEqual({ kind: 'signed_out' })
  })
  it('what has ended of itself is not listed: too old, or too long unused', async () => {
    const [idle, used] = [await place.signIn('ada'), await place.signIn('ada')]
    later(7_000)
    await place.factor.open.activity.noteSessionUses([{ session: used.session.id, at: place.factor.now.toISOString() }])
    later(300)
    const listed = (await listSessions(place.desk.parts, ada)).map(({ id }) => id)
    expect(listed.sort()).toEqual([ada.session.id, used.session.id].sort())
    expect(listed).not.toContain(idle.session.id)
    later(43_200)
    expect((await listSessions(place.desk.parts, ada)).map(({ id }) => id)).toEqual([ada.session.id])
  })
  it('all others end, and nobody else’s', async () => {
    const [ben, phone] = [await place.signIn('ben'), await place.signIn('ada')]
    await place.act(ada, 'sessions', 'end_others')
    const left = await Promise.all([ada, ben, phone].map(({ session }) => store().sessions.get(session.id)))
    expect(left.map((session) => session !== undefined)).toEqual([true, true, false])
  })
  it('D6 keys of the account are listed and revoked; those of services and of others are not there', async () => {
    await store().accounts.insert(account('robot'))
    for (const [id, owner] of [
      ['k1', 'ada'],
      ['k2', 'robot'],
      ['k3', 'ben'],
    ] as const)
      await store().keys.insert(apiKey(id, owner, { tech_name: id }), keySecret(`h-${id}`, id))
    expect((await listTokens(place.desk.parts, ada)).map(({ id }) => id)).toEqual(['k1'])
    for (const id of ['k2', 'k3', 'none'])
      await expect(place.act(ada, 'tokens', 'revoke', { id })).rejects.toThrow('no such key')
    await place.act(ada, 'tokens', 'revoke', { id: 'k1' })
    expect(await store().keys.get('k1')).toMatchObject({ tech_name: null, revoked_at: place.factor.now.toISOString() })
    expect(await listTokens(place.desk.parts, ada)).toEqual([])
    await expect(place.act(ada, 'tokens', 'revoke', { id: 'k1' })).rejects.toThrow('no such key')
    expect(await store().events.list({ limit: 5 }, { type: 'key.revoked' })).toMatchObject([{ subject: 'key:k1' }])
  })
})

describe('a session that may change things', () => {
  const wanted = (own: Own) => proofWanted(place.desk.parts, own)

  it('has proved who it is within ten minutes', async () => {
    expect(await wanted(ada)).toBeUndefined()
    later(600)
    expect(await wanted(ada)).toBeUndefined()
    later(1)
    expect(await wanted(ada)).toEqual({ maxAgeS: 600, mfa: false })
  })
  it('has given the second factor that its account has', async () => {
    const weak = await place.signIn('ada', ['pwd'])
    expect(await wanted(weak)).toBeUndefined()
    const totp = place.factor.factors.newTotp({ account: 'ada', name: 'Phone', secret: 'A'.repeat(32), step: 0 })
    await store().factors.insertTotp(totp)
    expect(await wanted(weak)).toEqual({ maxAgeS: 600, mfa: true })
    expect(await wanted(ada)).toBeUndefined()
  })
})

describe('mails', () => {
  it.each(['en', 'fr'] as const)(
    'every notice has its words (%s), and no name adds a line to the subject',
    (language) => {
      const details = {
        installation: 'La Mairie',
        name: 'Ada',
        account: 'https://gate.example.org/account',
        at: new Date(0),
      }
      const subjects = NOTICES.map((notice) => noticeMail(language, notice, details).subject)
      expect(new Set(subjects).size).toBe(NOTICES.length)
      for (const subject of subjects) expect(subject).toMatch(/^La Mairie[\u00a0 ]?: .{10,}$/)
    },
  )
})
