import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ERROR_CODES, type ErrorCode } from '../core/errors.ts'
import { type ConnectField, connectForm, type FormView } from './connect.ts'

const KEY: ConnectField = { name: 'api_key', kind: 'secret', title: 'API key' }
const ADDRESS: ConnectField = { name: 'base_url', kind: 'setting', title: 'Address', format: 'url' }

function form(more: Partial<FormView> = {}): string {
  return connectForm(view(more)).body
}

function view(more: Partial<FormView>): FormView {
  const around = { language: 'en', host: 'octroi.example.org', service: 'Acme' } as const
  return { ...around, action: '/connect/x', csrf: 'token-1', scheme: 'api_key', fields: [KEY], ...more }
}

/** The tag of the input with this name. */
function input(body: string, name: string): string {
  return new RegExp(`<(?:input|select|textarea)[^>]* name="${name}"[^>]*>`).exec(body)?.[0] ?? ''
}

describe('the form', () => {
  it('200, and posts the token, the language, the scheme and the fields under the paths of validation', () => {
    const page = connectForm(view({ language: 'fr', fields: [ADDRESS, KEY] }))
    expect(page.status).toBe(200)
    expect(page.body).toContain('<form method="post" action="/connect/x">')
    const names = [...page.body.matchAll(/ name="([^"]+)"(?: value="([^"]*)")?/g)].map(([, name, value]) => [
      name,
      value,
    ])
    expect(names.filter(([name]) => name !== 'viewport')).toEqual([
      ['csrf', 'token-1'],
      ['lang', 'fr'],
      ['scheme', 'api_key'],
      ['settings.base_url', undefined],
      ['secrets.api_key', undefined],
    ])
  })
  it('a secret is a password that browsers do not fill in; one that may be shown is not', () => {
    const body = form({
      fields: [KEY, { name: 'username', kind: 'secret', secret: false, title: 'User', value: 'marie' }],
    })
    expect(input(body, 'secrets.api_key')).toMatch(/ type="password" autocomplete="new-password"/)
    expect(input(body, 'secrets.username')).toMatch(/ type="text" autocomplete="off".* value="marie"/)
  })
  it('no secret comes back into the page, whatever its shape', () => {
    const shape = fc.record({
      multiline: fc.boolean(),
      optional: fc.boolean(),
      options: fc.constantFrom(undefined, ['a', 'b']),
      error: fc.constantFrom(undefined, 'is required', 'is not a key'),
    })
    fc.assert(
      fc.property(shape, (shape) => {
        const fields = [{ ...KEY, ...shape, value: 'S3CR3T-value', default: 'S3CR3T-default' }]
        expect(form({ fields, fault: 'upstream_rejected_credential' })).not.toContain('S3CR3T')
      }),
    )
  })
  it('a setting keeps what was typed, line breaks and quotes too', () => {
    const body = form({
      fields: [
        { ...ADDRESS, value: 'a"b' },
        { name: 'note', kind: 'setting', title: 'Note', multiline: true, value: '\n<x>' },
      ],
    })
    expect(input(body, 'settings.base_url')).toContain(' value="a&quot;b"')
    expect(body).toContain('>\n\n&lt;x&gt;</textarea>')
  })
  it('a default stands in the field, which is then not required', () => {
    const body = form({ fields: [{ ...ADDRESS, default: 'https://a.example' }] })
    expect(input(body, 'settings.base_url')).toContain(' value="https://a.example"')
    expect(input(body, 'settings.base_url')).not.toContain('required')
  })
  it('what was chosen is chosen; where nothing was, nothing is', () => {
    const field: ConnectField = {
      name: 'env',
      kind: 'setting',
      title: 'Environment',
      options: ['online', { value: 'sod', label: { en: 'Test', fr: 'Essai' } }],
    }
    expect(form({ fields: [{ ...field, value: 'sod' }] })).toContain(
      '<option value="online">online</option><option value="sod" selected>Test</option>',
    )
    expect(form({ fields: [field] })).toContain('<option value="">Choose…</option><option value="online">')
  })
  it('says in words what is required: once where all is, at each field where not', () => {
    const optional: ConnectField = { ...ADDRESS, optional: true }
    expect(form({ fields: [ADDRESS, KEY] })).toContain('All fields are required.')
    const mixed = form({ fields: [optional, KEY] })
    expect(mixed).not.toContain('All fields are required.')
    expect(mixed).toMatch(
      /Address <span class="mark">\(optional\)<\/span>.*API key <span class="mark">\(required\)<\/span>/s,
    )
  })
  it('hint and fault are tied to their input', () => {
    const body = form({
      fields: [{ ...ADDRESS, description: 'Where it is.', example: 'https://a.example', error: 'is required' }],
    })
    expect(input(body, 'settings.base_url')).toMatch(
      / aria-invalid="true" aria-describedby="field-settings-base_url-hint field-settings-base_url-fault"/,
    )
    expect(body).toContain('id="field-settings-base_url-hint">Where it is. Example: https://a.example</span>')
    expect(body).toContain('id="field-settings-base_url-fault">Error: Please fill in this field.</span>')
  })
  it('422 with faults, told at the top with links to the fields, and in the title', () => {
    const page = connectForm(view({ fields: [ADDRESS, { ...KEY, error: 'is required' }] }))
    expect(page.status).toBe(422)
    expect(page.body).toContain('<title>Error: Connect Acme – ')
    expect(page.body).toMatch(
      /<div role="alert" tabindex="-1" autofocus>.*<a href="#field-secrets-api_key">API key<\/a> – Please fill in this field\..*<h1>/s,
    )
    expect(page.body).toContain('Secrets are not kept in the page')
  })
  it('says what the check said as English, escaped', () => {
    expect(form({ language: 'fr', fault: 'unexpected_answer', detail: 'It answered <500>.' })).toContain(
      '<span lang="en">It answered &lt;500&gt;.</span>',
    )
  })
  it('offers the ways to connect, and says which is shown; one way is no choice', () => {
    const ways = [
      { scheme: 'api_key', title: 'Key', address: '?way=api_key' },
      { scheme: 'basic', title: 'Password', address: '?way=basic' },
    ]
    expect(form({ ways })).toMatch(
      /<a href="\?way=api_key&amp;lang=en" aria-current="true">Key<\/a>.*<a href="\?way=basic&amp;lang=en">Password<\/a>/,
    )
    expect(form({ ways: ways.slice(0, 1) })).not.toContain('Ways to connect')
  })
  it('texts of connectors in English are marked as such on a French page', () => {
    expect(form({ language: 'fr' })).toContain(
      '<label for="field-secrets-api_key"><span lang="en">API key</span></label>',
    )
    expect(form({ language: 'fr', fields: [{ ...KEY, title: { en: 'API key', fr: 'Clé' } }] })).toContain(
      '<label for="field-secrets-api_key">Clé</label>',
    )
  })
  it.each(Object.keys(ERROR_CODES) as ErrorCode[])(
    '%s has its sentence in both languages, and the code is not shown',
    (fault) => {
      const [english, french] = [summary(form({ fault })), summary(form({ fault, language: 'fr' }))]
      expect(english.length).toBeGreaterThan(20)
      expect(french.length).toBeGreaterThan(20)
      expect(french).not.toBe(english)
      expect(`${english}${french}`).not.toContain(fault)
    },
  )
  it('our own trouble is not said to be the fault of what was entered', () => {
    expect(connectForm(view({ fault: 'store_unavailable' })).status).toBe(503)
    expect(connectForm(view({ fault: 'upstream_rejected_credential' })).status).toBe(422)
    expect(summary(form({ fault: 'internal' }))).toContain('trouble on our side')
    expect(summary(form({ fault: 'store_unavailable' }))).toContain('trouble on our side')
    expect(summary(form({ fault: 'upstream_rejected_credential' }))).toBe(
      'Acme refused what you entered. Please check each field, for instance for a missing character.',
    )
  })
})

function summary(body: string): string {
  return /<div role="alert"[^>]*><h2>[^<]*<\/h2><p>([^<]*)<\/p>/.exec(body)?.[1] ?? ''
}
