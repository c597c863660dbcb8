import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import { startBrowser, type TestBrowser } from '../browser/browser.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'
import type { Exchange } from '../support/upstream_paths.ts'
import {
  type Command,
  type Entry,
  entryFor,
  isLike,
  PASSWORD_PLACE,
  PLACE,
  type PlanFile,
  readPlan,
} from './plan_files.ts'
import { type Application, PASSWORD, Suite } from './suite.ts'

/**
 * What the files of `conformance/` tell the browser of the suite to do, done in a Chromium against a real gate: every page is found where they
 * say, and leads where they say. The suite itself is not there; its pages are two lines.
 */

const WAIT_MS = 10_000

let suite: Suite
let pages: Upstream
let browser: TestBrowser
beforeAll(async () => {
  ;[suite, pages] = await Promise.all([Suite.start(), startUpstream({ tls: true })])
  for (const path of ['octroi-basic/callback', 'octroi-rp-logout/callback', 'octroi-backchannel/callback'])
    pages.on(`/test/a/${path}`, arrived)
  for (const alias of ['octroi-rp-logout', 'octroi-backchannel'])
    pages.on(`/test/a/${alias}/post_logout_redirect`, arrived)
  browser = await startBrowser([`--host-resolver-rules=MAP www.certification.openid.net:443 127.0.0.1:${pages.port}`])
}, 60_000)
afterEach(() => vi.useRealTimers())
afterAll(async () => {
  await browser?.close()
  await pages?.stop()
  await suite?.stop()
}, 60_000)

function arrived({ response }: Exchange): void {
  response.writeHead(200, { 'content-type': 'text/html' })
  response.end('<!doctype html><p id="submission_complete">The suite has it.</p>')
}

const visit = async (): Promise<Page> => (await browser.context({ ignoreHTTPSErrors: true })).newPage()

/** As the suite does it: a task whose address is another one is left out where it is optional, and is a failure where it is not. */
async function carryOut({ tasks }: Entry, page: Page): Promise<readonly string[]> {
  const done: string[] = []
  for (const { task, match = '*', optional = false, commands = [] } of tasks) {
    if (!isLike(match, page.url())) {
      expect([task, page.url(), optional]).toEqual([task, page.url(), true])
      continue
    }
    for (const command of commands) await act(command, page)
    done.push(task)
  }
  return done
}

async function act([verb, kind, target, ...rest]: Command, page: Page): Promise<void> {
  const element = () => page.locator(selector(kind, target)).first()
  if (verb === 'click') return element().click({ timeout: WAIT_MS })
  if (verb === 'text') {
    const isThere = (await element().count()) > 0
    if (!isThere && rest[1] === 'optional') return
    return element().fill(String(rest[0]), { timeout: WAIT_MS })
  }
  expect(verb).toBe('wait')
  if (kind === 'match') return page.waitForURL(new RegExp(target), { timeout: WAIT_MS })
  if (kind === 'contains') return page.waitForURL((url) => url.href.includes(target), { timeout: WAIT_MS })
  await element().waitFor({ timeout: WAIT_MS, state: 'attached' })
  if (rest[1] !== undefined) await expect.poll(() => element().textContent()).toMatch(new RegExp(String(rest[1])))
}

function selector(kind: string, target: string): string {
  const kinds: Record<string, string> = {
    css: target,
    id: `#${target}`,
    name: `[name="${target}"]`,
    xpath: `xpath=${target}`,
  }
  const found = kinds[kind]
  if (found === undefined) throw new Error(`The suite knows no ${kind}.`)
  return found
}

const planOf = (name: string): PlanFile => readPlan(name, { [PLACE]: suite.gate.url, [PASSWORD_PLACE]: PASSWORD })

async function go(plan: PlanFile, module: string, address: string, page: Page): Promise<readonly string[]> {
  await page.goto(address)
  return carryOut(entryFor(plan, module, address), page)
}

/** Signs in for a module, by its file. */
async function enter(plan: PlanFile, module: string, app: Application, page: Page) {
  const url = suite.request(app)
  const done = await go(plan, module, url.href, page)
  const { tokens } = await suite.redeem(app, url, {
    callback: new URL(page.url()),
    answer: undefined as never,
    seen: [],
  })
  return { done, tokens }
}

it('octroi-basic.json: the first time he signs in and allows, later he is led back at once, or signs in again', async () => {
  const plan = planOf('octroi-basic.json')
  const app = await suite.application(plan.client?.client_id ?? '')
  const page = await visit()
  const { done } = await enter(plan, 'oidcc-server', app, page)
  expect(done).toEqual(['Sign in', 'Allow', 'Back at the suite'])
  expect(await go(plan, 'oidcc-prompt-none-logged-in', suite.request(app, { prompt: 'none' }).href, page)).toEqual([
    'Back at the suite',
  ])
  for (const [module, params] of [
    ['oidcc-prompt-login', { prompt: 'login' }],
    ['oidcc-max-age-1', { max_age: '1' }],
  ] as const) {
    // When somebody signed in is known to the second.
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_000 })
    expect(await go(plan, module, suite.request(app, params).href, page)).toEqual(['Sign in', 'Back at the suite'])
  }
})

it.each([
  ['oidcc-ensure-registered-redirect-uri', {}],
  ['oidcc-ensure-request-object-with-redirect-uri', { request: 'e30.e30.' }],
])('octroi-basic.json: %s ends at the error page', async (module, params) => {
  const plan = planOf('octroi-basic.json')
  const app = await suite.application('octroi-basic')
  const page = await visit()
  const address = suite.request(app, { redirect_uri: `${app.redirectUri}/other`, ...params }).href
  expect(await go(plan, module, address, page)).toEqual(['The error page'])
})

let shared: Page | undefined
const LOGOUT = 'octroi-rp-initiated-logout.json'
const OUT = 'oidcc-rp-initiated-logout'
type Asked = Record<string, string>
const without =
  (...names: string[]) =>
  (asked: Asked) =>
    Object.fromEntries(Object.entries(asked).filter(([name]) => !names.includes(name)))

it.each<[string, string, (asked: Asked) => Asked, readonly string[]]>([
  [LOGOUT, OUT, (asked) => asked, ['Back at the suite']],
  [LOGOUT, `${OUT}-no-state`, without('state'), ['Back at the suite']],
  ['octroi-backchannel-logout.json', 'oidcc-backchannel-rp-initiated-logout', (asked) => asked, ['Back at the suite']],
  ...['bad', 'query-added-to'].map((what): [string, string, (asked: Asked) => Asked, readonly string[]] => [
    LOGOUT,
    `${OUT}-${what}-post-logout-redirect-uri`,
    (asked) => ({ ...asked, post_logout_redirect_uri: `${asked.post_logout_redirect_uri}?foo=bar` }),
    ['The page says what is wrong'],
  ]),
  [
    LOGOUT,
    `${OUT}-modified-id-token-hint`,
    (asked) => ({ ...asked, id_token_hint: `${asked.id_token_hint}x` }),
    ['The page says what is wrong'],
  ],
  [LOGOUT, `${OUT}-bad-id-token-hint`, without('id_token_hint'), ['The page asks, or says what is wrong']],
  [LOGOUT, `${OUT}-no-id-token-hint`, without('id_token_hint'), ['The page asks']],
  [LOGOUT, `${OUT}-no-params`, () => ({}), ['Say yes', 'The page says so']],
  [LOGOUT, `${OUT}-only-state`, without('id_token_hint', 'post_logout_redirect_uri'), ['Say yes', 'The page says so']],
  [LOGOUT, `${OUT}-no-post-logout-redirect-uri`, without('post_logout_redirect_uri'), ['The page says so']],
])('%s: %s', async (file, module, change, expected) => {
  const plan = planOf(file)
  const app = await suite.application(plan.client?.client_id ?? '')
  // One browser for all: whoever is still in it is not asked again.
  shared ??= await visit()
  const { tokens } = await enter(plan, module, app, shared)
  const asked = {
    id_token_hint: tokens.id_token ?? '',
    post_logout_redirect_uri: app.postLogoutRedirectUri,
    state: 's',
  }
  const address = `${suite.issuer}/session/end?${new URLSearchParams(change(asked))}`
  expect(await go(plan, module, address, shared)).toEqual(expected)
})
