import { describe, expect, it } from 'vitest'
import type { AccountFault } from '../sign_in/account/own.ts'
import { type AccountView, accountPage, DONE, doneOf } from './account.ts'
import type { PeopleSurroundings } from './sign_in.ts'
import { browserOf } from './user_agent.ts'

const AROUND: PeopleSurroundings = {
  language: 'en',
  host: 'octroi.example.org',
  basePath: '/octroi',
  csrf: (action) => `token-of-${action}`,
  requestId: 'req-1',
}
const AT = '2026-03-04T09:05:00.000Z'

const page = (view: AccountView) => accountPage(view, AROUND)

/** Every form of the page: where it goes, and the names of what it posts with the values of what is hidden. */
function formsOf(view: AccountView): { action: string | undefined; hidden: Record<string, string>; typed: string[] }[] {
  return [...page(view).body.matchAll(/<form method="post" action="([^"]*)"[^>]*>(.*?)<\/form>/gs)].map(
    ([, action, text = '']) => {
      const tags = [...text.matchAll(/<input[^>]* name="([^"]*)"[^>]*>/g)]
      const isHidden = ([tag]: RegExpExecArray) => tag.includes('type="hidden"')
      const hidden = tags.filter(isHidden).map(([tag, name]) => [name, / value="([^"]*)"/.exec(tag)?.[1] ?? ''])
      const { csrf, lang, ...rest } = Object.fromEntries(hidden)
      expect([csrf, lang]).toEqual([`token-of-${action?.slice('/octroi'.length)}`, 'en'])
      return { action, hidden: rest, typed: tags.filter((tag) => !isHidden(tag)).map(([, name]) => name as string) }
    },
  )
}

const EMAILS: AccountView = {
  kind: 'emails',
  canSend: true,
  emails: [
    { id: 'a@example.org', address: 'A@example.org', verified: true, primary: true },
    { id: 'b@example.org', address: 'b@example.org', verified: true, primary: false },
    { id: 'c@example.org', address: 'c@example.org', verified: false, primary: false },
  ],
}
const IDENTITY = { id: 'i1', method: 'ProConnect', label: 'm@x', createdAt: AT, lastUsedAt: null }
const SESSION = {
  ...{ id: 's1', current: true, host: null, method: 'Password', organization: null, address: '192.0.2.1' },
  ...{ userAgent: 'curl/8', createdAt: AT, lastUsedAt: AT, expiresAt: AT },
}

describe('what may be changed, as forms', () => {
  it('addresses: what fits each of them, and a new one', () => {
    expect(formsOf(EMAILS)).toEqual([
      { action: '/octroi/account/emails', hidden: { do: 'primary', id: 'b@example.org' }, typed: [] },
      { action: '/octroi/account/emails', hidden: { do: 'send', id: 'c@example.org' }, typed: [] },
      { action: '/octroi/account/emails', hidden: { do: 'add' }, typed: ['address'] },
    ])
    expect(page(EMAILS).body).toContain(
      'href="/octroi/account/emails?confirm=remove&amp;id=c%40example.org&amp;lang=en"',
    )
  })
  it('addresses: without mail nothing can be sent, and the page says so', () => {
    expect(formsOf({ ...EMAILS, canSend: false }).map(({ hidden }) => hidden.do)).toEqual(['primary', 'add'])
    expect(page({ ...EMAILS, canSend: false }).body).toContain('This installation sends no mail')
  })
  it('an address is verified by a form, not by looking at the link', () => {
    expect(formsOf({ kind: 'verify_email', link: 'l1', address: 'a@example.org' })).toEqual([
      { action: '/octroi/account/verify', hidden: { do: 'verify', link: 'l1' }, typed: [] },
    ])
  })
  it('identities: a provider by a button, a directory by login and password', () => {
    const ways = [
      { method: 'pc', name: 'ProConnect', form: false },
      { method: 'ad', name: 'Annuaire', form: true },
    ]
    expect(formsOf({ kind: 'identities', identities: [IDENTITY], ways })).toEqual([
      { action: '/octroi/account/identities', hidden: { do: 'link', method: 'pc' }, typed: [] },
      { action: '/octroi/account/identities', hidden: { do: 'link', method: 'ad' }, typed: ['login', 'password'] },
    ])
  })
  it('password: the current one only where there is one; the others end by a box that is ticked', () => {
    const [form] = formsOf({ kind: 'password', hasPassword: true, login: 'marie' })
    expect(form).toEqual({
      action: '/octroi/account/password',
      hidden: { do: 'change' },
      typed: ['current', 'password', 'again', 'elsewhere'],
    })
    expect(page({ kind: 'password', hasPassword: true, login: 'marie' }).body).toMatch(/name="elsewhere" checked/)
    const none = formsOf({ kind: 'password', hasPassword: false, login: 'marie' })
    expect(none[0]?.typed).toEqual(['password', 'again', 'elsewhere'])
    expect(formsOf({ kind: 'password', hasPassword: false, login: 'marie', isOffered: false })).toEqual([])
  })
  it('passkeys: add, rename; and the new one by the script', () => {
    const passkey = { id: 'pk', name: 'Key', backedUp: false, createdAt: AT, lastUsedAt: null }
    expect(formsOf({ kind: 'passkeys', passkeys: [passkey] }).map(({ hidden, typed }) => [hidden, typed])).toEqual([
      [{ do: 'rename', id: 'pk' }, ['name']],
      [{ do: 'start' }, []],
    ])
    const made: AccountView = { kind: 'new_passkey', pending: 'p1', options: {} }
    expect(formsOf(made)).toEqual([
      { action: '/octroi/account/passkeys', hidden: { do: 'add', pending: 'p1', response: '' }, typed: ['name'] },
    ])
    expect(page(made).body).toContain('<script src="/octroi/sign-in/passkey.js" defer></script>')
    expect(page(made).body).toContain('data-passkey="create"')
  })
  it('authenticator apps and recovery codes', () => {
    expect(formsOf({ kind: 'authenticators', authenticators: [] })[0]?.hidden).toEqual({ do: 'start' })
    expect(formsOf({ kind: 'new_authenticator', pending: 'p', secret: 'ABCD', uri: 'otpauth://x' })).toEqual([
      { action: '/octroi/account/authenticators', hidden: { do: 'add', pending: 'p' }, typed: ['code', 'name'] },
    ])
    expect(formsOf({ kind: 'recovery', left: 0, hasFactor: true })[0]?.hidden).toEqual({ do: 'make' })
    expect(formsOf({ kind: 'recovery', left: 3, hasFactor: true })).toEqual([])
    expect(page({ kind: 'recovery', left: 3, hasFactor: true }).body).toContain('/account/recovery?confirm=make')
    expect(formsOf({ kind: 'recovery', left: 0, hasFactor: false })).toEqual([])
  })
  it('sessions: every one but this can be ended, and all others at once', () => {
    const other = { ...SESSION, id: 's2', current: false }
    const view: AccountView = { kind: 'sessions', sessions: [other, SESSION] }
    expect(formsOf(view)).toEqual([{ action: '/octroi/account/sessions', hidden: { do: 'end', id: 's2' }, typed: [] }])
    expect(page(view).body).toContain('/account/sessions?confirm=end_others')
    expect(page({ kind: 'sessions', sessions: [SESSION] }).body).not.toContain('confirm=')
  })
  it('applications: what each may know, in words; access is taken away by a page that asks', () => {
    const one = { id: 'shop', name: '<Shop>', since: AT, signedIn: true, offline: true }
    const scopes = ['openid', 'profile', 'email', 'offline_access'] as const
    const view: AccountView = {
      kind: 'applications',
      applications: [
        { ...one, scopes },
        { ...one, id: 'x', scopes: [], offline: false },
      ],
    }
    const { body } = page(view)
    expect(formsOf(view)).toEqual([])
    expect(body).toContain('/account/applications?confirm=revoke&amp;id=shop')
    expect(body).toContain('&lt;Shop&gt;')
    expect(body).toContain('It knows that it is you, your name and your e-mail address.')
    expect(body).toContain('It knows nothing of you at present.')
    expect(body.match(/It can act for you while you are away\./g)).toHaveLength(1)
    expect(accountPage(view, { ...AROUND, language: 'fr' }).body).toContain(
      'Elle connaît votre identité ici, votre nom et votre adresse électronique.',
    )
    expect(page({ kind: 'applications', applications: [] }).body).toContain('No application knows you yet.')
  })
  it('what cannot be undone is asked for first', () => {
    expect(formsOf({ kind: 'confirm', section: 'tokens', do: 'revoke', id: 't1', label: '<Compta>' })).toEqual([
      { action: '/octroi/account/tokens', hidden: { do: 'revoke', id: 't1' }, typed: [] },
    ])
    expect(formsOf({ kind: 'confirm', section: 'sessions', do: 'end_others', id: '', label: '' })[0]?.hidden).toEqual({
      do: 'end_others',
    })
    expect(page({ kind: 'confirm', section: 'tokens', do: 'revoke', id: 't1', label: '<Compta>' }).body).toContain(
      '<strong>&lt;Compta&gt;</strong>',
    )
  })
})

describe('what is said', () => {
  it.each(DONE)('?done=%s is said after the heading', (done) => {
    expect(doneOf(done)).toBe(done)
    expect(page({ kind: 'tokens', tokens: [], done }).body).toMatch(
      /<\/h1>\n<p class="note done" role="status">[^<]{15,}</,
    )
  })
  it('what is not in the table is not shown', () => {
    for (const asked of ['toString', '', '<b>', undefined]) expect(doneOf(asked)).toBeUndefined()
  })
  it.each<[AccountFault, number]>([
    ['invalid', 422],
    ['taken', 409],
    ['others', 409],
    ['gone', 409],
    ['last_way', 409],
    ['rate_limited', 429],
    ['unavailable', 502],
    ['mail', 502],
    ['busy', 503],
  ])('%s → %i', (fault, status) => {
    const answer = page({ ...EMAILS, fault })
    expect(answer.status).toBe(status)
    expect(answer.body).toContain('<title>Error: E-mail addresses – ')
    expect(answer.body).toContain('<div role="alert"')
  })
  it('what is wrong with a field is said at the field', () => {
    const body = page({ kind: 'password', hasPassword: true, login: 'marie', fault: 'wrong' }).body
    expect(body).toContain('<a href="#field-current">Current password</a> – This is not your current password.')
    expect(body).toContain('id="field-current-fault"')
    const name = page({
      kind: 'new_authenticator',
      pending: 'p',
      secret: 'ABCD',
      uri: 'otpauth://x',
      fault: 'invalid',
      at: 'name',
      typed: 'x',
    })
    expect(name.body).toContain('<a href="#field-name">')
  })
  it('times are in UTC, and readable by machines', () => {
    const token = { id: 't', name: 'T', createdAt: AT, lastUsedAt: null, expiresAt: null }
    expect(page({ kind: 'tokens', tokens: [token] }).body).toContain(
      '<time datetime="2026-03-04T09:05:00.000Z">4 Mar 2026, 09:05 UTC</time>',
    )
  })
  it.each([
    ['gone', 'link', 410],
    ['gone', 'thing', 404],
  ] as const)('%s, %s: %i', (kind, what, status) => {
    expect(page({ kind, what }).status).toBe(status)
  })
})

describe('browsers', () => {
  it.each([
    ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'Firefox', 'Linux'],
    [
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0',
      'Edge',
      'Windows',
    ],
    [
      'Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile Safari/537.36',
      'Chrome',
      'Android',
    ],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Mobile/15E148 Safari/604.1',
      'Safari',
      'iPhone',
    ],
    ['something else', undefined, undefined],
  ])('%s', (userAgent, browser, system) => {
    expect(browserOf(userAgent)).toEqual({ browser, system })
  })
})
