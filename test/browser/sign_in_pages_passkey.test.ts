import {
  type AuthenticationResponseJSON,
  generateAuthenticationOptions,
  generateRegistrationOptions,
  type RegistrationResponseJSON,
  type VerifiedRegistrationResponse,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server'
import type { BrowserContext, BrowserContextOptions, Page as BrowserPage } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { accountPage } from '../../src/pages/account.ts'
import type { Page } from '../../src/pages/page.ts'
import { PASSKEY_SCRIPT } from '../../src/pages/passkey_script.ts'
import { signInPage } from '../../src/pages/sign_in.ts'
import { complaints, startBrowser, type TestBrowser } from './browser.ts'
import { type Asked, type PageServer, servePages } from './page_server.ts'
import { around } from './sign_in_samples.ts'

/** The script of the passkey pages, with a real browser, an authenticator of its own, and a server that checks what comes. */

const SCRIPT: Page = { status: 200, headers: ['Content-Type', 'text/javascript; charset=utf-8'], body: PASSKEY_SCRIPT }
const RP = 'localhost'

let browser: TestBrowser
let server: PageServer
/** What the two pages ask the browser for. */
let creation: Awaited<ReturnType<typeof generateRegistrationOptions>>
let request: Awaited<ReturnType<typeof generateAuthenticationOptions>>
let made: NonNullable<VerifiedRegistrationResponse['registrationInfo']>['credential'] | undefined

beforeAll(async () => {
  browser = await startBrowser()
  creation = await generateRegistrationOptions({
    rpName: 'Octroi',
    rpID: RP,
    userName: 'marie',
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
  })
  request = await generateAuthenticationOptions({ rpID: RP, userVerification: 'required' })
  server = await servePages(({ method, path }) => {
    if (method === 'POST')
      return {
        status: 200,
        headers: ['Content-Type', 'text/html'],
        body: '<link rel="icon" href="data:,"><title>posted</title>',
      }
    if (path === '/sign-in/passkey.js') return SCRIPT
    if (path === '/new')
      return accountPage({ kind: 'new_passkey', pending: 'p1', options: creation }, around('en', '/new'))
    const stage = { kind: 'passkey', flow: 'f1', towards: null, method: 'passkey', options: request, ways: [] } as const
    return path === '/use' ? signInPage(stage, around('en', '/use')) : undefined
  }, RP)
})
afterAll(async () => {
  await browser?.close()
  await server?.close()
})

const SUBMIT = 'form[data-passkey] button[type=submit]'
const STATUS = 'form[data-passkey] [role=status]'
const lastPost = () => server.asked.findLast(({ method }) => method === 'POST') as Asked

async function open(path: string, options?: BrowserContextOptions, context?: BrowserContext): Promise<BrowserPage> {
  const page = await (context ?? (await browser.context(options))).newPage()
  await page.goto(`${server.origin}${path}`)
  return page
}

/** A page with an authenticator that verifies its user at once, or never. */
async function withAuthenticator(path: string, isUserVerified = true) {
  const page = await open(path)
  const client = await page.context().newCDPSession(page)
  await client.send('WebAuthn.enable')
  const { authenticatorId } = await client.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified,
      automaticPresenceSimulation: true,
    },
  })
  return { page, client, authenticatorId }
}

async function posts(page: BrowserPage): Promise<void> {
  await page.click(SUBMIT)
  await page.waitForFunction('document.title === "posted"')
}

describe('the passkey script', () => {
  it('makes a passkey that the server takes, then proves it, on pages whose policy allows this script alone', async () => {
    const { page } = await withAuthenticator('/new')
    const seen = complaints(page)
    await page.fill('[name=name]', 'My laptop')
    await posts(page)
    const { path, form } = lastPost()
    expect([path, form.get('do'), form.get('pending'), form.get('name')]).toEqual([
      '/account/passkeys',
      'add',
      'p1',
      'My laptop',
    ])
    const registered = await verifyRegistrationResponse({
      response: JSON.parse(form.get('response') as string) as RegistrationResponseJSON,
      expectedChallenge: creation.challenge,
      expectedOrigin: server.origin,
      expectedRPID: RP,
    })
    made = registered.registrationInfo?.credential
    expect([registered.verified, made?.transports]).toEqual([true, ['internal']])

    await page.goto(`${server.origin}/use`)
    await posts(page)
    const used = lastPost()
    expect([used.path, used.form.get('flow')]).toEqual(['/sign-in/passkey', 'f1'])
    const response = JSON.parse(used.form.get('response') as string) as AuthenticationResponseJSON
    const proved = await verifyAuthenticationResponse({
      response,
      expectedChallenge: request.challenge,
      expectedOrigin: server.origin,
      expectedRPID: RP,
      credential: made as NonNullable<typeof made>,
    })
    expect(proved.verified).toBe(true)
    // Discoverable: the authenticator says who it is.
    expect(response.response.userHandle).toBe(creation.user.id)
    expect(seen).toEqual([])
  })

  it('says in our words that the device has one already, and nothing is posted', async () => {
    const { page, client, authenticatorId } = await withAuthenticator('/new')
    await page.fill('[name=name]', 'First')
    await posts(page)
    const { credentials } = await client.send('WebAuthn.getCredentials', { authenticatorId })
    const id = Buffer.from(credentials[0]?.credentialId as string, 'base64').toString('base64url')
    const before = creation
    creation = { ...creation, excludeCredentials: [{ id, type: 'public-key' }] }
    const posted = server.asked.length
    await page.goto(`${server.origin}/new`)
    await page.fill('[name=name]', 'Second')
    await page.click(SUBMIT)
    await page.waitForFunction(`document.querySelector(${JSON.stringify(STATUS)}).textContent.includes('already')`)
    creation = before
    expect(server.asked.slice(posted).filter(({ method }) => method === 'POST')).toEqual([])
  })

  it('says in our words that it was cancelled, and can be asked again', async () => {
    const { page } = await withAuthenticator('/new', false)
    await page.fill('[name=name]', 'Key')
    await page.click(SUBMIT)
    await page.waitForFunction(`document.querySelector(${JSON.stringify(STATUS)}).textContent.includes('cancelled')`)
    expect(await page.locator(SUBMIT).isEnabled()).toBe(true)
  })

  it('says that the browser has no passkeys where it has none; there is no button', async () => {
    const context = await browser.context()
    await context.addInitScript('delete window.PublicKeyCredential')
    const page = await open('/use', undefined, context)
    await page.waitForFunction(`!document.querySelector(${JSON.stringify(STATUS)}).hidden`)
    expect(await page.textContent(STATUS)).toContain('cannot use passkeys here')
    expect(await page.locator(SUBMIT).isVisible()).toBe(false)
  })

  it('without script the page says what is missing; there is no button', async () => {
    const page = await open('/use', { javaScriptEnabled: false })
    expect(await page.locator('noscript p').isVisible()).toBe(true)
    expect(await page.locator(SUBMIT).isVisible()).toBe(false)
  })
})
