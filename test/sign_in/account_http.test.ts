import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { codeOfStep, stepAt } from '../../src/sign_in/factors/totp.ts'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { AccountVisitor, addPeople } from './account_visitor.ts'

let gate: TestGate

beforeAll(async () => {
  gate = await startTestGate()
  await addPeople(gate, 'ada', 'ben', 'cleo', 'dora', 'eve', 'fay', 'gus')
})
afterAll(() => gate.stop())
afterEach(() => {
  vi.useRealTimers()
})

async function visitor(account?: string): Promise<AccountVisitor> {
  const made = new AccountVisitor(gate.url)
  if (account !== undefined) expect(await made.signIn(account)).toMatchObject({ status: 303, location: '/account' })
  return made
}

const later = (minutes: number) => vi.useFakeTimers({ now: Date.now() + minutes * 60_000, toFake: ['Date'] })

describe('/account', () => {
  it.each(['/account', '/account/sessions', '/account/passkeys'])(
    '302 to the sign-in and back, for nobody: %s',
    async (path) => {
      const nobody = await visitor()
      const to = `/sign-in?return_to=${encodeURIComponent(path)}`
      expect(await nobody.get(path)).toMatchObject({ status: 302, location: to })
      const withKey = await nobody.get(path, { headers: { authorization: `Bearer ${gate.adminKey}` } })
      expect(withKey).toMatchObject({ status: 302, location: to })
    },
  )
  it('302 with the link of a mail carried along, and nothing else', async () => {
    const link = 'A'.repeat(43)
    const { location } = await (await visitor()).get(`/account/verify?link=${link}&x=//evil.example`)
    expect(decodeURIComponent(location ?? '')).toBe(`/sign-in?return_to=/account/verify?link=${link}`)
  })
  it.each(['en', 'fr'])('200 for whoever is signed in, every section of it (%s)', async (language) => {
    const ada = await visitor('ada')
    for (const section of [
      '',
      '/emails',
      '/identities',
      '/password',
      '/passkeys',
      '/authenticators',
      '/recovery',
      '/sessions',
      '/applications',
      '/tokens',
    ]) {
      const { status, text, headers } = await ada.get(`/account${section}?lang=${language}`)
      expect([section, status, headers.get('cache-control')]).toEqual([section, 200, 'no-store'])
      expect(text).toContain(`<html lang="${language}">`)
    }
  })
  it('says where browsers make no passkeys, and offers none', async () => {
    const ada = await visitor('ada')
    const { text } = await ada.get('/account/passkeys')
    expect(text).toContain('Browsers make no passkey at this address')
    expect(text).not.toContain('value="start"')
  })
  it('404 for a section that there is not, 410 for a link that is spent', async () => {
    const ada = await visitor('ada')
    expect((await ada.get('/account/nothing')).status).toBe(404)
    expect((await ada.get('/account/__proto__')).status).toBe(404)
    expect((await ada.get(`/account/verify?link=${'A'.repeat(43)}`)).status).toBe(410)
  })
})

describe('forms', () => {
  it('T38 403 without the token, with another browser’s, another form’s, from another site; nothing is changed', async () => {
    const ada = await visitor('ada')
    const form = await ada.hidden('/account/emails')
    const other = await (await visitor('ben')).hidden('/account/emails')
    const wrong = await ada.hidden('/account/password')
    const address = 'mallory@example.org'
    const { csrf: _, ...without } = form
    const tries = [
      ada.post('/account/emails', { ...without, address }),
      ada.post('/account/emails', { ...form, csrf: other.csrf as string, address }),
      ada.post('/account/emails', { ...form, csrf: wrong.csrf as string, address }),
      ada.post('/account/emails', { ...form, address }, { headers: { 'sec-fetch-site': 'cross-site' } }),
      ada.post('/account/emails', { ...form, address }, { headers: { 'sec-fetch-site': 'same-site' } }),
      ada.post('/account/emails', { ...form, address }, { headers: { origin: 'https://evil.example' } }),
    ]
    expect((await Promise.all(tries)).map(({ status }) => status)).toEqual(Array(6).fill(403))
    expect((await ada.get('/account/emails')).text).not.toContain(address)
    expect(await ada.post('/account/emails', { ...form, address })).toMatchObject({ status: 303 })
    expect((await ada.get('/account/emails')).text).toContain(address)
  })
  it.each(['groups', 'email_verified', 'verified_at', 'kind', 'account', 'grants', 'primary', 'source'])(
    'T31 400 with %s, which nobody sets himself',
    async (field) => {
      const ben = await visitor('ben')
      const answer = await ben.fill('/account/emails', '/account/emails', {
        address: `${field}@example.org`,
        [field]: 'true',
      })
      expect(answer.status).toBe(400)
      expect((await ben.get('/account/emails')).text).not.toContain(`${field}@example.org`)
    },
  )
  it('400 with what the page does not do, or the same field twice', async () => {
    const ben = await visitor('ben')
    const { csrf = '' } = await ben.hidden('/account/emails')
    for (const doing of ['', 'verify', 'constructor', 'toString'])
      expect((await ben.post('/account/emails', { csrf, do: doing })).status).toBe(400)
    const twice = new URLSearchParams([
      ['csrf', csrf],
      ['do', 'add'],
      ['do', 'remove'],
      ['id', 'x'],
    ])
    expect((await ben.post('/account/emails', twice as never)).status).toBe(400)
  })
  it('303 and not a change after the session has ended', async () => {
    const ben = await visitor('ben')
    const form = await ben.hidden('/account/emails')
    ben.cookies.delete('octroi_session')
    const answer = await ben.post('/account/emails', { ...form, address: 'late@example.org' })
    expect(answer).toMatchObject({ status: 303, location: '/sign-in?return_to=%2Faccount%2Femails' })
  })
  it('is in the trail, with who and what', async () => {
    const ben = await visitor('ben')
    await ben.fill('/account/emails', '/account/emails', { address: 'trail@example.org' })
    const { body } = await gate.api('GET', '/audit?limit=20')
    const line = body.items.find((entry: { action: string }) => entry.action === 'account.emails.add')
    expect(line).toMatchObject({ account: 'ben', status: 200, code: null })
    expect(JSON.stringify(body)).not.toContain('trail@example.org')
  })
})

describe('what is sensitive', () => {
  const SENSITIVE = ['emails', 'identities', 'password', 'passkeys', 'authenticators', 'recovery']

  it('302 to prove oneself anew after ten minutes, and the rest goes on', async () => {
    const cleo = await visitor('cleo')
    const form = await cleo.hidden('/account/emails')
    later(11)
    for (const section of SENSITIVE) {
      const to = `/sign-in?return_to=%2Faccount%2F${section}&max_age=600`
      expect(await cleo.get(`/account/${section}`)).toMatchObject({ status: 302, location: to })
    }
    for (const path of ['', '/sessions', '/tokens']) expect((await cleo.get(`/account${path}`)).status).toBe(200)
    const posted = await cleo.post('/account/emails', { ...form, address: 'old@example.org' })
    expect(posted).toMatchObject({ status: 303, location: '/sign-in?return_to=%2Faccount%2Femails&max_age=600' })
    const again = await cleo.fill(posted.location ?? '', '/sign-in/password', {
      login: 'cleo',
      password: 'correct horse battery',
    })
    expect(again).toMatchObject({ status: 303, location: '/account/emails' })
    const { status, text } = await cleo.get('/account/emails')
    expect([status, text.includes('old@example.org')]).toEqual([200, false])
  })
})

describe('changes', () => {
  it('T34 an authenticator app renews the cookie: the one before is dead, and the next sign-in asks for a code', async () => {
    const [dora, phone] = [await visitor('dora'), await visitor('dora')]
    const before = dora.session as string
    const begun = await dora.fill('/account/authenticators', '/account/authenticators', {})
    expect(begun.status).toBe(200)
    const secret = shownSecret(dora)
    const form = dora.form('/account/authenticators').hidden
    const wrong = await dora.post('/account/authenticators', { ...form, name: 'Phone', code: 'abc' })
    expect(wrong.status).toBe(422)
    expect(dora.form('/account/authenticators').hidden.pending).toBe(form.pending)
    const code = codeOfStep(secret, stepAt(Date.now()))
    const added = await dora.post('/account/authenticators', { ...form, name: 'Phone', code })
    expect(added).toMatchObject({ status: 303, location: '/account/authenticators?done=authenticator_added' })
    expect(dora.session).not.toBe(before)
    const stale = new AccountVisitor(gate.url)
    stale.cookies.set('octroi_session', before)
    expect((await stale.get('/account')).status).toBe(302)
    // What was just proved counts at once; a session that has not given it has to.
    expect((await dora.get('/account/recovery')).status).toBe(200)
    const asked = await phone.get('/account/recovery')
    expect(asked).toMatchObject({ status: 302, location: '/sign-in?return_to=%2Faccount%2Frecovery&max_age=600&mfa=1' })
    const step = await phone.get(asked.location ?? '')
    expect(step.location).toMatch(/^\/sign-in\/step\//)
    const used = await phone.fill(step.location ?? '', step.location ?? '', { code })
    expect(used.status).toBe(422)
    later(1)
    const next = phone.form('/sign-in/step/')
    const raised = await phone.post(next.action, { ...next.hidden, code: codeOfStep(secret, stepAt(Date.now())) })
    expect(raised).toMatchObject({ status: 303, location: '/account/recovery' })
    expect((await phone.get('/account/recovery')).status).toBe(200)
    vi.useRealTimers()
    const again = await new AccountVisitor(gate.url).signIn('dora')
    expect(again.location).toMatch(/^\/sign-in\/step\//)
  })
  it('T42 a recovery code signs in, once; making new ones is asked first, and ends the old', async () => {
    const gus = await visitor('gus')
    await gus.fill('/account/authenticators', '/account/authenticators', {})
    const secret = shownSecret(gus)
    const code = codeOfStep(secret, stepAt(Date.now()))
    await gus.post('/account/authenticators', { ...gus.form('/account/authenticators').hidden, name: 'Phone', code })
    const made = await gus.fill('/account/recovery', '/account/recovery', {})
    const codes = [...made.text.matchAll(/<li><code>([0-9a-z-]{14})<\/code>/g)].map(([, text]) => text as string)
    expect([made.status, codes.length, made.headers.get('cache-control')]).toEqual([200, 10, 'no-store'])
    const signInWith = async (recovery_code: string) => {
      const again = new AccountVisitor(gate.url)
      const { location = '' } = await again.signIn('gus')
      return again.fill(location, location, { recovery_code })
    }
    expect((await signInWith(codes[0]?.toUpperCase() ?? '')).location).toBe('/account')
    expect((await signInWith(codes[0] ?? '')).status).toBe(422)
    const renewed = await gus.fill('/account/recovery?confirm=make', '/account/recovery', {})
    expect(renewed.status).toBe(200)
    expect((await signInWith(codes[1] ?? '')).status).toBe(422)
    const { body } = await gate.api('GET', '/events?type=account.recovery_code_used')
    expect(body.items.map(({ subject, data }: { subject: string; data: object }) => [subject, data])).toEqual([
      ['account:gus', { left: 9 }],
    ])
  })
  it('the password is changed, other sessions end, and the new one signs in', async () => {
    const [eve, phone] = [await visitor('eve'), await visitor('eve')]
    const form = {
      current: 'correct horse battery',
      password: 'a staple of another kind',
      again: 'a staple of another kind',
    }
    const weak = await eve.fill('/account/password', '/account/password', {
      ...form,
      password: 'password1',
      again: 'password1',
    })
    expect(weak.status).toBe(422)
    const changed = await eve.fill('/account/password', '/account/password', { ...form, elsewhere: 'on' })
    expect(changed).toMatchObject({ status: 303, location: '/account/password?done=password_changed' })
    expect((await phone.get('/account')).status).toBe(302)
    expect((await eve.get('/account')).status).toBe(200)
    expect((await new AccountVisitor(gate.url).signIn('eve', 'a staple of another kind')).location).toBe('/account')
  })
  it('D6 404 for another person’s session; one’s own ends at once', async () => {
    const [fay, phone, ben] = [await visitor('fay'), await visitor('fay'), await visitor('ben')]
    const form = await fay.hidden('/account/sessions')
    const { body } = await gate.api('GET', '/sessions?account=ben')
    for (const { id } of body.items)
      expect((await fay.post('/account/sessions', { csrf: form.csrf as string, do: 'end', id })).status).toBe(404)
    expect((await ben.get('/account')).status).toBe(200)
    const own = (await gate.api('GET', '/sessions?account=fay')).body.items.map(({ id }: { id: string }) => id)
    expect(own).toHaveLength(2)
    const ended = await fay.fill('/account/sessions?confirm=end_others', '/account/sessions', {})
    expect(ended).toMatchObject({ status: 303, location: '/account/sessions?done=sessions_ended' })
    expect((await phone.get('/account')).status).toBe(302)
    const [last] = (await gate.api('GET', '/sessions?account=fay')).body.items
    const gone = await fay.post('/account/sessions', { csrf: form.csrf as string, do: 'end', id: last.id })
    expect(gone).toMatchObject({ status: 303, location: '/sign-in' })
    expect((await fay.get('/account')).status).toBe(302)
  })
})

/** As people type it into the app. */
function shownSecret(at: AccountVisitor): string {
  return /<code class="code"[^>]*>([A-Z2-7 ]+)<\/code>/.exec(at.last?.text ?? '')?.[1]?.replaceAll(' ', '') ?? ''
}
