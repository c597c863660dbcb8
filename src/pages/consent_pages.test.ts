import { describe, expect, it } from 'vitest'
import { OPENID_SCOPES } from '../core/openid_types.ts'
import { interactionPage, type ShownInteraction } from './consent.ts'
import { CONSENT_WORDS } from './consent_words.ts'
import { devicePage, type ShownDevice } from './device.ts'
import { LANGUAGES } from './language.ts'
import type { Page } from './page.ts'
import type { PeopleSurroundings } from './posting.ts'
import { type ProviderError, providerErrorPage } from './provider_error.ts'

const AROUND: PeopleSurroundings = {
  language: 'en',
  host: 'octroi.example.org',
  basePath: '/gate',
  csrf: (action) => `token-of-${action}`,
  requestId: 'req-1',
}
const PERSON = { account: 'marie', name: 'Marie Dupont' }
const ASKED = { scopes: ['openid', 'email'], resources: [] } as const
const CONSENT: ShownInteraction = {
  kind: 'consent',
  uid: 'u1',
  client: 'compta',
  application: 'Compta',
  place: 'compta.example',
  person: PERSON,
  asked: ASKED,
  isMore: false,
}
const CONFIRM: ShownDevice = {
  kind: 'confirm',
  code: 'WDJB-MJHT',
  application: 'Till',
  person: PERSON,
  asked: ASKED,
  at: '2026-11-22T12:30:00Z',
  from: { address: '192.0.2.7', userAgent: 'Mozilla/5.0 (X11; Linux) Firefox/140' },
}

const shown = (stage: ShownInteraction, more: Partial<PeopleSurroundings> = {}) =>
  interactionPage(stage, { ...AROUND, ...more })
const device = (stage: ShownDevice) => devicePage(stage, AROUND)
const hiddenOf = ({ body }: Page) =>
  Object.fromEntries(
    [...body.matchAll(/type="hidden" name="([^"]*)" value="([^"]*)"/g)].map(([, name, value]) => [name, value]),
  )
const header = ({ headers }: Page, name: string) => headers[headers.indexOf(name) + 1]

describe('the consent page', () => {
  it('posts to its own address, with its token and whose answer it is; two buttons', () => {
    const page = shown(CONSENT)
    expect(page.body).toContain('<form method="post" action="/gate/oidc/interaction/u1"')
    expect(hiddenOf(page)).toEqual({ csrf: 'token-of-/oidc/interaction/u1', lang: 'en', account: 'marie' })
    expect(page.body).toContain('<button type="submit" name="do" value="allow">Allow</button>')
    expect(page.body).toContain('name="do" value="deny"')
  })
  it('leaves nothing to other sites: no frame, no script, forms to ourselves alone', () => {
    const policy = header(shown(CONSENT), 'Content-Security-Policy')
    expect(policy).toContain("form-action 'self';")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toContain('script-src')
  })
  it.each(LANGUAGES)('%s: says what each scope gives, in words of its own', (language) => {
    const { body } = shown({ ...CONSENT, asked: { scopes: OPENID_SCOPES, resources: [] } }, { language })
    for (const scope of OPENID_SCOPES) expect(body).toContain(`<li>${CONSENT_WORDS[language].scopes[scope]}</li>`)
    expect(new Set(Object.values(CONSENT_WORDS[language].scopes)).size).toBe(OPENID_SCOPES.length)
  })
  it('names the rights at APIs as they are', () => {
    const resources = [{ id: 'urn:api', scopes: ['read', 'write', '<b>'] }]
    const { body } = shown({ ...CONSENT, asked: { scopes: [], resources } })
    expect(body).toContain(
      '<code>urn:api</code>, with these rights: <code>read</code>, <code>write</code> and <code>&lt;b&gt;</code>',
    )
  })
  it.each(['not_allowed', 'no_email', 'other_account'] as const)(
    '403 %s: who it is, a way on, the number of the request',
    (kind) => {
      const page = shown({ kind, application: 'Compta', person: PERSON, again: '/gate/sign-in?flow=f' })
      expect(page.status).toBe(403)
      expect(page.body).toContain('<strong>Marie Dupont</strong> <span class="quiet">(marie)</span>')
      expect(page.body).toContain('href="/gate/sign-in?flow=f&amp;lang=en"')
      expect(page.body).toContain('req-1')
    },
  )
  it('400 for one that is finished', () => {
    expect(shown({ kind: 'stale' }).status).toBe(400)
  })
})

describe('the pages of a device', () => {
  it('200 asks for the code; one from a link is to be compared', () => {
    expect(hiddenOf(device({ kind: 'enter', code: '' }))).toMatchObject({ do: 'look', csrf: 'token-of-/oidc/device' })
    expect(device({ kind: 'enter', code: '' }).body).not.toContain('class="note"')
    expect(device({ kind: 'enter', code: 'WDJB-MJHT' }).body).toContain('shows the same one')
  })
  it('422 for a wrong one, with the fault at its field; 429 with Retry-After', () => {
    const wrong = device({ kind: 'enter', code: 'BBBB-BBBB', fault: 'wrong' })
    expect(wrong.status).toBe(422)
    expect(wrong.body).toContain('aria-invalid="true"')
    const late = device({ kind: 'enter', code: '', fault: 'rate_limited', retryAfterS: 30 })
    expect([late.status, header(late, 'Retry-After')]).toEqual([429, '30'])
  })
  it('200 asks: which application, the code, when, from where, by what', () => {
    const { body } = device(CONFIRM)
    for (const said of ['<strong>Till</strong>', 'WDJB-MJHT', '192.0.2.7', 'Firefox, Linux', '22 Nov 2026, 12:30 UTC'])
      expect(body).toContain(said)
    expect(hiddenOf(device(CONFIRM))).toMatchObject({ user_code: 'WDJB-MJHT', account: 'marie' })
  })
  it.each([
    [undefined, 'unknown'],
    ['', 'unknown'],
    [`till/1 ${'x'.repeat(500)}`, `till/1 ${'x'.repeat(73)}<`],
  ])('what the device calls itself: %j', (userAgent, said) => {
    expect(device({ ...CONFIRM, from: { address: undefined, userAgent } } as ShownDevice).body).toContain(said)
  })
})

describe('the page of an error', () => {
  const page = (error: Partial<ProviderError>) =>
    providerErrorPage(
      { status: 400, error: 'invalid_request', description: undefined, application: undefined, ...error },
      AROUND,
    )
  const words = CONSENT_WORDS.en.error

  it.each<[Partial<ProviderError>, string]>([
    [{ error: 'invalid_client', description: 'client is invalid' }, words.client],
    [{ error: 'invalid_redirect_uri' }, words.redirect],
    [{ description: 'interaction session not found' }, words.stale],
    [{ description: 'authorization request has expired' }, words.stale],
    [{ error: 'invalid_request_uri' }, words.stale],
    [{ description: 'missing required parameter(s)' }, words.request],
    [{ error: 'constructor' }, words.request],
  ])('%j', (error, said) => {
    expect(page(error).status).toBe(400)
    expect(page(error).body).toContain(said)
    expect(page(error).body).toContain('req-1')
  })
  it('T39 what the application sent is text', () => {
    const { body } = page({ description: '<script>alert(1)</script>', application: '<img src=x onerror=run()>' })
    expect(body).not.toMatch(/<script|<img/)
  })
  it.each([[500], [503]])('%s is ours, and says nothing of its cause', (status) => {
    const { body, ...answer } = page({ status, error: 'server_error', description: 'at /srv/octroi/store.ts' })
    expect(answer.status).toBe(status)
    expect(body).not.toContain('store.ts')
  })
})
