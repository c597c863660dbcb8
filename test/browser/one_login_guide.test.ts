import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { freePort } from '../../demo/program.ts'
import { codeOfStep, stepAt } from '../../src/sign_in/factors/totp.ts'
import { type Front, openFront } from '../requirements/front.ts'
import { openSession, type Session } from '../requirements/guide_session.ts'
import { type Step, stepsOf } from '../requirements/guide_steps.ts'
import { PAHEKO_WRITER, type Paheko, startPaheko } from '../support/paheko.ts'
import { type PahekoOidc, startPahekoOidc } from '../support/vendors/paheko_oidc.ts'
import { startBrowser, type TestBrowser } from './browser.ts'
import { certificateFor, localSite, type NamedCertificate, pahekoSite } from './one_login_front.ts'

/** The guide to one login, followed to the letter: the real program, the real nginx with TLS, a real browser, a stand-in for Paheko. */

const PAGE = 'fr/guides/paheko-sso.md'
const IN_ENGLISH = 'guides/paheko-sso.md'
const OCTROI = 'octroi.example.org'
const PAHEKO = 'asso.example.org'
const ADMIN = `https://${PAHEKO}/admin/`
const PASSWORD = 'une phrase assez longue'

interface Hour {
  readonly session: Session
  readonly front: Front
  readonly certificate: NamedCertificate
  readonly browser: TestBrowser
  readonly paheko: PahekoOidc
  readonly api: Paheko
  readonly gatePort: number
  /** What each command said. */
  readonly said: Map<string, string>
  page: Page
  adminKey: string
  site: string
  /** Of the authenticator app that was set up on the way. */
  secret: string
}

it('S1-11: every command of the guide works in its order, and what the guide says happens', {
  timeout: 240_000,
}, async () => {
  const hour = await open()
  try {
    for (const step of stepsOf(PAGE)) {
      if (step.do === 'heading') await arriveAt(hour, step.title)
      if (step.do === 'write')
        hour.session.write(step.file, step.text.replace('127.0.0.1:8700', `127.0.0.1:${hour.gatePort}`))
      if (step.do === 'site') hour.site = step.text
      if (step.do === 'type') hour.said.set(step.command, await perform(hour, step))
    }
  } finally {
    await hour.browser.close()
    await hour.session.close()
    await hour.front.stop()
    await Promise.all([hour.paheko.stop(), hour.api.stop()])
    hour.certificate.remove()
  }
})

async function open(): Promise<Hour> {
  const gatePort = await freePort(20_000 + Math.floor(Math.random() * 10_000))
  const front = await openFront(gatePort)
  const certificate = certificateFor([OCTROI, PAHEKO])
  const api = await startPaheko({ credentials: [PAHEKO_WRITER] })
  const paheko = await startPahekoOidc({
    members: [{ name: 'Ada Martin', email: 'Ada@example.org' }],
    reach: { ca: certificate.ca, at: front.port },
  })
  const to = `127.0.0.1:${front.port}`
  const browser = await startBrowser([`--host-resolver-rules=MAP ${OCTROI}:443 ${to}, MAP ${PAHEKO}:443 ${to}`])
  const session = openSession([
    `export OCTROI_URL=http://127.0.0.1:${gatePort}`,
    `curl() { command curl -sS --fail-with-body --max-time 20 --cacert '${certificate.caFile}' --connect-to ::${to} "$@"; }`,
  ])
  const page = await freshPage(browser)
  return {
    session,
    front,
    certificate,
    browser,
    paheko,
    api,
    gatePort,
    said: new Map(),
    page,
    adminKey: '',
    site: '',
    secret: '',
  }
}

async function freshPage(browser: TestBrowser): Promise<Page> {
  const context = await browser.context({ ignoreHTTPSErrors: true, locale: 'fr-FR' })
  return context.newPage()
}

/** What a person does who comes to this heading of the page. */
async function arriveAt(hour: Hour, title: string): Promise<void> {
  if (title.startsWith('4.')) await acceptInvitation(hour)
  if (title.startsWith('6.')) await tryIt(hour)
  if (title.startsWith('9.')) await withSecondFactor(hour)
  if (title.startsWith('10.')) await leaveTwice(hour)
}

async function perform(hour: Hour, { command, comment }: Extract<Step, { do: 'type' }>): Promise<string> {
  const { session, front } = hour
  const asked = /^export (\w+)=\.\.\.$/.exec(command)?.[1]
  if (asked !== undefined) return session.type(`export ${asked}='${atHand(hour, asked, comment)}'`)
  if (command.startsWith('./octroi serve')) return session.serve(command, 'Octroi is ready').then(() => '')
  if (command === 'sudo nginx -t') {
    const { ok, says } = front.check(siteOf(hour))
    expect([ok, says]).toEqual([true, expect.stringContaining('test is successful')])
    return says
  }
  if (command === 'sudo systemctl reload nginx') return front.serve(siteOf(hour)).then(() => '')
  // The gate has no name server of its own either.
  const here = command.startsWith('./octroi connection add')
    ? `${command.replace(`https://${PAHEKO}`, hour.api.url)} --allow-private --allow-http`
    : command
  const said = await session.type(here)
  expect([command, said]).toEqual([command, expect.not.stringMatching(/\(exit \d+\)/)])
  if (command.startsWith('./octroi init')) hour.adminKey = /oct_\w+/.exec(said)?.[0] ?? ''
  if (command.startsWith('curl')) JSON.parse(said)
  return said
}

function siteOf({ site, certificate, front, gatePort, paheko, api }: Hour): string {
  const ports = { front: front.port, gate: gatePort }
  const beside = pahekoSite(PAHEKO, { pages: paheko.port, api: api.port })
  return [site, beside].map((one) => localSite(one, certificate, ports)).join('\n')
}

function atHand({ adminKey }: Hour, name: string, comment: string): string {
  const values: Record<string, string> = {
    OCTROI_KEY: adminKey,
    PAHEKO_USER: PAHEKO_WRITER.username,
    PAHEKO_PASSWORD: PAHEKO_WRITER.password,
  }
  expect([name, comment, values[name]]).toEqual([name, expect.any(String), expect.stringMatching(/./)])
  return values[name] ?? ''
}

const saidBy = ({ said }: Hour, begin: string) =>
  [...said].find(([command]) => command.startsWith(begin))?.[1] ?? `nothing was said by ${begin}`

/** Step 3: the link, once; the person chooses a password. */
async function acceptInvitation(hour: Hour): Promise<void> {
  const { page, browser } = hour
  const link = /https:\/\/\S+/.exec(saidBy(hour, './octroi account invite'))?.[0] ?? ''
  expect(link).toContain(`https://${OCTROI}/`)
  await page.goto(link)
  await browser.screenshot(page, 'one_login_guide_1_invitation')
  for (const field of await page.locator('input[type=password]').all()) await field.fill(PASSWORD)
  await page.click('main button[type=submit]')
  await page.waitForURL(`https://${OCTROI}/account**`)
  await page.context().close()
}

/** Steps 5 and 6: the constants as the page has them, and a first visit. */
async function tryIt(hour: Hour): Promise<void> {
  const { paheko, browser } = hour
  const printed = saidBy(hour, './octroi client add Paheko')
  const secret = /ocs_[\w-]+/.exec(printed)?.[0] ?? ''
  const [, block = ''] = /^```php\n(.*?)^```$/ms.exec(textOf(PAGE)) ?? []
  const constants = block.replace('ocs_...', secret)
  for (const line of constants.trim().split('\n')) expect(printed).toContain(line)
  paheko.configure(`<?php\nnamespace Paheko;\n${constants}`)
  hour.page = await freshPage(browser)
  await hour.page.goto(ADMIN)
  await browser.screenshot(hour.page, 'one_login_guide_2_paheko')
  await hour.page.getByRole('link', { name: 'Octroi' }).click()
  expect(await hour.page.textContent('main')).toContain('Paheko')
  await browser.screenshot(hour.page, 'one_login_guide_3_octroi')
  await typePassword(hour.page)
  await expectInside(hour)
}

async function typePassword(page: Page): Promise<void> {
  expect(new URL(page.url()).host).toBe(OCTROI)
  await page.fill('input[name=login]', 'ada')
  await page.fill('input[name=password]', PASSWORD)
  await page.click('main button[type=submit]')
}

async function expectInside({ page }: Hour): Promise<void> {
  await page.waitForURL(ADMIN)
  expect(await page.textContent('h1')).toContain('Bonjour Ada Martin')
}

/** Step 8: asked for by Octroi, set up on the way, and Paheko opens after it. */
async function withSecondFactor(hour: Hour): Promise<void> {
  const { page, browser } = hour
  await page.goto(`${ADMIN}logout.php`)
  await page.goto(`${ADMIN}login.php?oidc`)
  expect(new URL(page.url()).host).toBe(OCTROI)
  // Who was signed in when it began to be asked for proves himself once more before he sets one up.
  await page.fill('input[name=password]', PASSWORD)
  await page.click('main button[type=submit]')
  await page.locator('input[name=code]').waitFor()
  await browser.screenshot(page, 'one_login_guide_4_second_factor')
  hour.secret = ((await page.textContent('code.code')) ?? '').replaceAll(' ', '')
  await page.fill('input[name=code]', codeOfStep(hour.secret, stepAt(Date.now())))
  await page.click('main button[type=submit]')
  await page.locator('input[name=code]').waitFor({ state: 'detached' })
  await page.click('form[action*="/sign-in/step/"] button')
  await expectInside(hour)
}

/** Step 9: one way out alone leads back in; both, and the password is asked for. */
async function leaveTwice(hour: Hour): Promise<void> {
  const { page, browser } = hour
  await page.goto(`${ADMIN}logout.php`)
  await page.getByRole('link', { name: 'Se connecter' }).click()
  await page.getByRole('link', { name: 'Octroi' }).click()
  await expectInside(hour)
  await page.goto(`https://${OCTROI}/session/sign-out`)
  await page.click('form[action$="/session/sign-out"] button')
  await page.locator('form[action$="/session/sign-out"]').waitFor({ state: 'detached' })
  await page.goto(ADMIN)
  expect(await page.textContent('h1')).toContain('Bonjour Ada Martin')
  await page.goto(`${ADMIN}logout.php`)
  await page.goto(`${ADMIN}login.php?oidc`)
  expect(await page.locator('input[name=password]').isVisible()).toBe(true)
  await browser.screenshot(page, 'one_login_guide_5_out_of_both')
}

function textOf(page: string): string {
  return readFileSync(join(import.meta.dirname, '../../docs', page), 'utf8')
}

it.each([
  [PAGE, /« ([^»]+) »/g],
  [IN_ENGLISH, /"([^"]+)"/g],
])('what %s quotes of the pages of Octroi stands on them', (page, quotes) => {
  const rows = textOf(page)
    .split('\n')
    .filter((line) => line.startsWith('| Octroi'))
  const quoted = rows.flatMap((row) => [...row.matchAll(quotes)].map(([, text]) => text as string))
  expect(quoted.length).toBeGreaterThan(2)
  const words = ['consent_words.ts', 'sign_in_refused_words.ts']
    .map((file) => readFileSync(join(import.meta.dirname, '../../src/pages', file), 'utf8'))
    .join('\n')
  for (const text of quoted) expect(words).toContain(text.replace('Paheko ', '$' + '{application} '))
})

it('the English page has the same commands and files', () => {
  const bare = (page: string) =>
    stepsOf(page).flatMap((step) => {
      if (step.do === 'heading') return []
      return [step.do === 'type' ? step.command : step.text]
    })
  expect(bare(IN_ENGLISH)).toEqual(bare(PAGE))
})
