import { describe, expect, it } from 'vitest'
import { REFUSALS, SignInRefused } from '../sign_in/method.ts'
import { type FormFault, type SignInStage, STOPS, type Stop } from '../sign_in/stage.ts'
import type { Page } from './page.ts'
import { type PeopleSurroundings, signInPage } from './sign_in.ts'

const AROUND: PeopleSurroundings = {
  language: 'en',
  host: 'octroi.example.org',
  basePath: '/octroi',
  csrf: (action) => `token-of-${action}`,
  requestId: 'req-1',
}
const WAYS = [
  { method: 'pc', name: 'ProConnect', kind: 'oidc', address: '/octroi/sign-in/pc?flow=f' },
  { method: 'passkey', name: 'Passkey', kind: 'passkey', address: '/octroi/sign-in/passkey?flow=f' },
] as const
const FORM = { method: 'password', name: 'Password', login: 'marie', fixedLogin: false }
const CHOOSE = { kind: 'choose', flow: 'f', towards: 'Compta', form: FORM, ways: WAYS, again: false } as const
const SECOND = { kind: 'second_factor', step: 's1', towards: null, totp: true, recovery: true, passkey: null } as const
const LINK = {
  kind: 'set_password',
  link: 'l1',
  purpose: 'invitation',
  name: 'Marie',
  login: 'marie',
  ways: [],
} as const

const page = (stage: SignInStage, more: Partial<PeopleSurroundings> = {}) => signInPage(stage, { ...AROUND, ...more })
const body = (stage: SignInStage) => page(stage).body
const header = ({ headers }: Page, name: string) =>
  headers.includes(name) ? headers[headers.indexOf(name) + 1] : undefined

/** The first form: where it goes, and the names and values that it posts. */
function formOf(text: string): { action: string | undefined; fields: Record<string, string> } {
  const form = /<form method="post" action="([^"]*)".*?<\/form>/s.exec(text)
  const inputs = [...(form?.[0] ?? '').matchAll(/<input[^>]* name="([^"]*)"[^>]*>/g)]
  const fields = inputs.map(([tag, name]) => [name, / value="([^"]*)"/.exec(tag)?.[1] ?? ''])
  return { action: form?.[1], fields: Object.fromEntries(fields) }
}
const posted = (action: string) => ({ csrf: `token-of-${action}`, lang: 'en' })
const input = (text: string, name: string) => new RegExp(`<input[^>]* name="${name}"[^>]*>`).exec(text)?.[0]

describe('where forms go, and with what', () => {
  it.each<[SignInStage, string, Record<string, string>]>([
    [CHOOSE, '/sign-in/password', { flow: 'f', login: 'marie', password: '' }],
    [
      { kind: 'passkey', flow: 'f', towards: null, method: 'passkey', options: {}, ways: [] },
      '/sign-in/passkey',
      { flow: 'f', response: '' },
    ],
    [SECOND, '/sign-in/step/s1', { code: '' }],
    [{ ...SECOND, totp: false }, '/sign-in/step/s1', { recovery_code: '' }],
    [{ ...SECOND, totp: false, passkey: {} }, '/sign-in/step/s1', { response: '' }],
    [
      { kind: 'enrol', step: 's1', towards: null, secret: 'ABCDEFGH', uri: 'otpauth://x' },
      '/sign-in/step/s1',
      { code: '' },
    ],
    [{ kind: 'recovery_codes', step: 's1', towards: null, codes: ['a'] }, '/sign-in/step/s1', {}],
    [
      { kind: 'organizations', step: 's1', towards: null, organizations: [{ id: 'o1', label: 'O', siret: null }] },
      '/sign-in/step/s1',
      { organization: 'o1' },
    ],
    [
      {
        kind: 'first',
        step: 's1',
        towards: null,
        name: null,
        email: null,
        provider: 'P',
        canCreate: true,
        addressKnown: false,
        ways: [],
      },
      '/sign-in/step/s1',
      { choice: 'create' },
    ],
    [LINK, '/sign-in/link/l1', { password: '', again: '' }],
    [{ kind: 'ask_reset' }, '/sign-in/reset', { login: '' }],
    [{ kind: 'sign_out', csrfFor: '/session/sign-out', flow: 'f', towards: null }, '/session/sign-out', { flow: 'f' }],
  ])('$0.kind → $1', (stage, path, fields) => {
    const form = formOf(body(stage))
    expect(form.action).toBe(`/octroi${path}`)
    expect(form.fields).toEqual({ ...posted(path), ...fields })
  })
})

describe('choose', () => {
  it('200, the form with the tokens that stores of passwords look for, and the others as links in the language', () => {
    const { status, body: text } = page(CHOOSE)
    expect(status).toBe(200)
    expect(input(text, 'login')).toContain('autocomplete="username"')
    expect(input(text, 'password')).toContain('autocomplete="current-password"')
    expect(text).toContain('href="/octroi/sign-in/pc?flow=f&amp;lang=en">Sign in with ProConnect</a>')
    expect(text).toContain('>Sign in with a passkey</a>')
    expect(text).toContain('to continue to <strong>Compta</strong>')
  })
  it('to prove oneself again: whose password it is stands there and cannot be changed', () => {
    const text = body({ ...CHOOSE, again: true, form: { ...FORM, fixedLogin: true }, fault: 'wrong' })
    expect(input(text, 'login')).toMatch(/ readonly.* value="marie"| value="marie".* readonly/)
    expect(text).toContain('The password is not right.')
  })
  it('leads to the reset only where there is one', () => {
    expect(body({ ...CHOOSE, form: { ...FORM, canReset: true } })).toContain('href="/octroi/sign-in/reset?lang=en"')
    expect(body(CHOOSE)).not.toContain('/sign-in/reset')
  })
  it.each<[FormFault, number]>([
    ['wrong', 422],
    ['invalid', 422],
    ['rate_limited', 429],
    ['unavailable', 502],
    ['busy', 503],
  ])('%s → %i, said at the top and in the title; the password is not sent back', (fault, status) => {
    const answer = page({ ...CHOOSE, fault })
    expect(answer.status).toBe(status)
    expect(answer.body).toContain('<title>Error: Sign in – ')
    expect(answer.body).toMatch(/<div role="alert" tabindex="-1" autofocus><h2>[^<]+<\/h2><p>[^<]{20,}<\/p>/)
    expect(input(answer.body, 'password')).not.toContain('value')
  })
  it('429 says when, in the header and in words', () => {
    const answer = page({ ...CHOOSE, fault: 'rate_limited', retryAfterS: 240 })
    expect(header(answer, 'Retry-After')).toBe('240')
    expect(answer.body).toContain('Please try again in 4 minutes.')
    expect(page({ ...CHOOSE, fault: 'rate_limited', retryAfterS: 1 }).body).toContain('in one second.')
  })
})

describe('the second factor', () => {
  it('codes: the keyboard of digits, and the token by which phones offer them', () => {
    expect(input(body(SECOND), 'code')).toMatch(/autocomplete="one-time-code".*inputmode="numeric"/)
  })
  it('recovery codes are folded away beside another factor, and open without', () => {
    expect(body(SECOND)).toContain('<details><summary>')
    expect(body({ ...SECOND, totp: false })).toContain('<details open><summary>')
  })
  it('the secret stands as a picture and in groups of four', () => {
    const text = body({
      kind: 'enrol',
      step: 's',
      towards: null,
      secret: 'ABCDEFGHIJ',
      uri: 'otpauth://totp/a?secret=ABCDEFGHIJ',
    })
    const picture = /src="data:image\/svg\+xml;base64,([^"]+)"/.exec(text)?.[1] ?? ''
    expect(Buffer.from(picture, 'base64').toString()).toMatch(/^<svg /)
    expect(text).toContain('>ABCD EFGH IJ</code>')
  })
})

describe('the script', () => {
  const passkey = {
    kind: 'passkey',
    flow: 'f',
    towards: null,
    method: 'passkey',
    options: { challenge: '"<' },
    ways: WAYS,
  } as const
  it('is on the pages with a passkey, and in their policy', () => {
    for (const stage of [passkey, { ...SECOND, passkey: {} }]) {
      expect(body(stage)).toContain('<script src="/octroi/sign-in/passkey.js" defer></script>')
      expect(header(page(stage), 'Content-Security-Policy')).toContain("; script-src 'self'; ")
    }
  })
  it('and on no other', () => {
    for (const stage of [CHOOSE, SECOND, LINK]) {
      expect(body(stage)).not.toContain('<script')
      expect(header(page(stage), 'Content-Security-Policy')).not.toContain('script-src')
    }
  })
  it('finds its options and its words in the form; without it the page says so, and the button is not there', () => {
    const text = body(passkey)
    expect(text).toContain('data-passkey="get" data-options="{&quot;challenge&quot;:&quot;\\&quot;&lt;&quot;}"')
    expect(text).toMatch(/<noscript><p class="note">Passkeys need JavaScript/)
    expect(text).toMatch(/<button type="submit" hidden/)
  })
})

describe('the ends', () => {
  it.each(REFUSALS)('refused, %s: its status, what happened, what to do, and the number of the request', (reason) => {
    for (const language of ['en', 'fr'] as const) {
      const answer = page(
        { kind: 'refused', reason, detail: 'The <state> is another.', again: '/octroi/sign-in' },
        { language },
      )
      expect(answer.status).toBe(new SignInRefused(reason, '').status)
      expect(answer.body).toMatch(/<p>[^<]{40,}<\/p>\n<(p|ol)>/)
      expect(answer.body).toContain('<code>req-1</code>')
      expect(answer.body).toContain('<span lang="en">The &lt;state&gt; is another.</span>')
      expect(answer.body).toContain(`href="/octroi/sign-in?lang=${language}"`)
    }
  })
  it.each(Object.keys(STOPS) as Stop[])('stopped, %s: its status and its words', (reason) => {
    const answer = page({ kind: 'stopped', reason, again: null })
    expect(answer.status).toBe(STOPS[reason])
    expect(answer.body).not.toContain('undefined')
  })
  it('our own trouble and that of a method are never a 4xx', () => {
    expect(page({ kind: 'failed', status: 503, again: null }).status).toBe(503)
    const down = page({ kind: 'unavailable', flow: 'f', towards: null, method: 'ProConnect', status: 504, ways: WAYS })
    expect(down.status).toBe(504)
    expect(down.body).toContain('<code>req-1</code>')
    expect(down.body).toContain('>Sign in with ProConnect</a>')
  })
  it('leads on by a page, to the web only', () => {
    const { body: text } = page({ kind: 'onward', target: 'https://app.example/cb?code=1&state=2' })
    expect(text).toContain('content="0; url=https://app.example/cb?code=1&amp;state=2"')
    expect(text).toContain('<strong>app.example</strong>')
    expect(() => page({ kind: 'onward', target: 'javascript:alert(1)' })).toThrow()
  })
  it('signed out: back to where it came from, or to sign-in', () => {
    const text = body({ kind: 'signed_out', again: '/octroi/sign-in', back: 'https://app.example/bye' })
    expect(text).toContain('href="https://app.example/bye">Back to app.example</a>')
    expect(body({ kind: 'signed_out', again: '/octroi/sign-in', back: 'javascript:alert(1)' })).not.toContain(
      'javascript:',
    )
  })
  it('a new password: the fault is said at its field', () => {
    const text = body({ ...LINK, fault: 'differs' })
    expect(input(text, 'again')).toContain('aria-invalid="true"')
    expect(input(text, 'password')).not.toContain('aria-invalid')
    expect(text).toContain('<a href="#field-again">')
  })
})
