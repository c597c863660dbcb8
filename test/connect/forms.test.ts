import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { credentials, NEAR, sendForm } from '../requirements/person.ts'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'
import { startTripletex, TRIPLETEX_CONSUMER, TRIPLETEX_EMPLOYEE, type Tripletex } from '../support/vendors/tripletex.ts'
import { startWebCrm, WEBCRM_AUTH_CODE, type WebCrm } from '../support/vendors/webcrm.ts'
import { asked, linkTo, text, visit } from './visitor.ts'

/** A person who types what a service wants, into pages that are followed like a browser without script follows them. */

let gate: TestGate
let service: Upstream
beforeAll(async () => {
  ;[gate, service] = await Promise.all([startTestGate(), startUpstream()])
})
afterAll(() => Promise.all([gate?.stop(), service?.stop()]))

const link = (body: object, id?: string) => linkTo(gate, body, id)
const oneSecret = (test_path = '/status/200') => ({
  connector: 'generic-api-key',
  settings: { base_url: service.url, test_path },
})

describe('one secret', () => {
  it('that is wrong: the form again with the fault at its field, and never the secret; then the right one', async () => {
    const { url, id, session } = await link(oneSecret('/status/401'))
    const { send, page } = await visit(url)
    expect(asked(page())).toContain('secrets.api_key')
    const again = await send({ 'secrets.api_key': 'canary-wrong' })
    expect(again).toMatch(/name="secrets\.api_key"[^>]*aria-invalid="true"/)
    expect(text(again)).toContain('The service refused this.')
    expect(again).not.toContain('canary-wrong')
    expect((await gate.api('GET', `/connections/${id}`)).status).toBe(404)
    expect((await gate.api('GET', `/connect-sessions/${session}`)).body.state).toBe('pending')
  })

  it('that is missing, or holds a line break, is told at its field', async () => {
    const { url } = await link(oneSecret())
    const { send } = await visit(url)
    expect(text(await send({}))).toContain('Please fill in this field.')
    expect(text(await send({ 'secrets.api_key': 'a\nb' }))).toContain('invisible character')
    expect(text(await send({ 'secrets.api_key': 'typed' }))).toContain('is connected')
  })

  it('for a service that answers something else, or not at all: not the fault of what was typed', async () => {
    const other = await visit((await link(oneSecret('/status/500'))).url)
    expect(text(await other.send({ 'secrets.api_key': 'x' }))).toContain('answered, but not as expected')
    const gone = await visit((await link(oneSecret('/reset'))).url)
    expect(text(await gone.send({ 'secrets.api_key': 'x' }))).toContain('cannot be reached')
  })

  it('after twenty attempts the link is over', async () => {
    const { url } = await link(oneSecret('/status/401'))
    const { send } = await visit(url)
    const before = service.requests.length
    for (let attempt = 1; attempt <= 20; attempt++)
      expect(text(await send({ 'secrets.api_key': `guess-${attempt}` }))).toContain('refused this')
    const { browser } = await visit(url)
    const last = await sendForm(browser, url, await browser.visit(url), { 'secrets.api_key': 'guess' })
    expect(text(last)).toContain('This link was already used')
    expect(text(await send({ 'secrets.api_key': 'guess-21' }))).toContain('already used')
    expect(service.requests.length - before).toBe(20)
  })

  it('many attempts at once are not more than twenty', async () => {
    const { url } = await link(oneSecret('/status/401'))
    const { browser, page } = await visit(url)
    const form = page()
    const before = service.requests.length
    await sendForm(browser, url, form, { 'secrets.api_key': 'first' })
    await Promise.all(Array.from({ length: 40 }, () => sendForm(browser, url, form, { 'secrets.api_key': 'guess' })))
    expect(service.requests.length - before).toBeLessThanOrEqual(20)
  })

  it('sent twice at once makes one connection, and both pages say that it is there or was used', async () => {
    const { url, id } = await link(oneSecret())
    const { browser, page } = await visit(url)
    const form = page()
    const pages = await Promise.all([1, 2].map(() => sendForm(browser, url, form, { 'secrets.api_key': 'typed' })))
    expect(pages.map(text).some((page) => page.includes('is connected'))).toBe(true)
    for (const page of pages) expect(text(page)).toMatch(/is connected|already used/)
    expect(await credentials(gate, id)).toMatchObject({ api_key: 'typed' })
  })
})

describe('settings and secrets', () => {
  it('what is not secret stays in the form, faults are told at their fields, and nothing is asked that was given', async () => {
    const body = { connector: 'generic-api-key', settings: { test_path: '/status/200' }, network: {} }
    const { url, id } = await link(body)
    const { send, page } = await visit(url)
    expect(asked(page())).toContain('settings.base_url')
    expect(asked(page())).not.toContain('settings.test_path')
    const faulty = await send({ 'settings.base_url': 'ftp://service.example', 'secrets.api_key': 'canary-kept' })
    expect(faulty).toContain('value="ftp://service.example"')
    expect(faulty).not.toContain('canary-kept')
    expect(text(faulty)).toContain('begins with https://')
    expect((await gate.api('GET', `/connections/${id}`)).status).toBe(404)
  })

  it('what was given cannot be posted over', async () => {
    const { url, id } = await link(oneSecret())
    const { send } = await visit(url)
    await send({
      'secrets.api_key': 'typed',
      'settings.test_path': '/status/500',
      'settings.base_url': 'http://127.0.0.1:9',
    })
    expect((await gate.api('GET', `/connections/${id}`)).body.settings).toMatchObject(oneSecret().settings)
  })

  it('an address inside that the link does not open is refused in words', async () => {
    const body = { connector: 'generic-api-key', settings: { test_path: '/status/200' }, network: {} }
    const { send } = await visit((await link(body)).url)
    const page = await send({ 'settings.base_url': service.url, 'secrets.api_key': 'typed' })
    expect(text(page)).toContain('This address is not allowed here')
  })
})

describe('a token that is exchanged', () => {
  let webcrm: WebCrm
  let tripletex: Tripletex
  beforeEach(async () => {
    ;[webcrm, tripletex] = await Promise.all([startWebCrm(), startTripletex()])
  })
  afterEach(() => Promise.all([webcrm.stop(), tripletex.stop()]))

  it('webCRM: a wrong application token is refused at its field, the right one connects', async () => {
    const settings = { login_url: `${webcrm.url}/Auth/ApiLogin`, base_url: webcrm.url }
    const { url, id } = await link({ connector: 'webcrm', settings })
    const { send } = await visit(url)
    const again = await send({ 'secrets.api_key': 'canary-wrong' })
    expect(again).toMatch(/name="secrets\.api_key"[^>]*aria-invalid="true"/)
    expect(again).not.toContain('canary-wrong')
    expect(text(await send({ 'secrets.api_key': WEBCRM_AUTH_CODE }))).toContain('webCRM is connected')
    // The token of the trial is the one that is kept: no other is asked for.
    expect((await gate.api('POST', `/connections/${id}/test`)).body).toMatchObject({ ok: true })
    expect(webcrm.tokensIssued()).toBe(1)
  })

  it('Tripletex: the token that is wrong is named, of two', async () => {
    const { url, id } = await link({ connector: 'tripletex', settings: { base_url: tripletex.url } })
    const { send } = await visit(url)
    const secrets = { 'secrets.consumer_key': TRIPLETEX_CONSUMER, 'secrets.employee_token': 'canary-wrong' }
    const again = await send(secrets)
    expect(again).toMatch(/name="secrets\.employee_token"[^>]*aria-invalid="true"/)
    expect(again).not.toMatch(/name="secrets\.consumer_key"[^>]*aria-invalid="true"/)
    const done = await send({ ...secrets, 'secrets.employee_token': TRIPLETEX_EMPLOYEE.token })
    expect(text(done)).toContain('Tripletex is connected')
    expect((await gate.api('GET', `/connections/${id}`)).body).toMatchObject({ state: 'ready' })
  })

  it('with a shared application a customer is asked for the own token alone; the shared one reaches only its own address', async () => {
    const settings = { base_url: tripletex.url }
    const app = { settings, secrets: { consumer_key: TRIPLETEX_CONSUMER }, network: NEAR }
    expect((await gate.api('PUT', '/connectors/tripletex/app', app)).status).toBe(200)
    const { url, id } = await link({ connector: 'tripletex', network: {} })
    const { send, page } = await visit(url)
    expect(asked(page())).toEqual(['secrets.employee_token'])
    expect(text(await send({ 'secrets.employee_token': TRIPLETEX_EMPLOYEE.token }))).toContain('is connected')
    expect((await gate.api('GET', `/connections/${id}`)).body).toMatchObject({ app: 'tripletex', state: 'ready' })
    await gate.api('DELETE', `/connections/${id}`)
    await gate.api('DELETE', '/connectors/tripletex/app')
  })

  it('a connection is given new secrets: the form asks for nothing else, says "again", and the id stays', async () => {
    const settings = { login_url: `${webcrm.url}/Auth/ApiLogin`, base_url: webcrm.url }
    const { url, id } = await link({ connector: 'webcrm', settings })
    await (await visit(url)).send({ 'secrets.api_key': WEBCRM_AUTH_CODE })
    const again = await link({ connector: 'webcrm', network: {} }, id)
    const { send, page } = await visit(again.url)
    expect([asked(page()), text(page())]).toEqual([
      ['secrets.api_key'],
      expect.stringContaining('Connect webCRM again'),
    ])
    expect(text(await send({ 'secrets.api_key': WEBCRM_AUTH_CODE }))).toContain('webCRM is connected')
    expect(webcrm.tokensIssued()).toBe(2)
  })
})
