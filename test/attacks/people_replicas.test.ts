import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { codeOfStep, stepAt } from '../../src/sign_in/factors/totp.ts'
import { endProcesses, request, serve } from '../faults/gate_process.ts'
import { filledInstallation, freshSettings, removeFolders } from '../faults/places.ts'
import { type Answer, PlainBrowser } from '../sign_in/browser.ts'
import { stopSharedPostgres } from '../support/postgres.ts'

/** People at two gates on one PostgreSQL: what is good once is good once for both, and what has ended at one has ended at the other. */

const PASSWORD = 'a long enough secret'
const VERIFIER = 'v'.repeat(64)
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url')
const SOON = { timeout: 5_000, interval: 50 }

let urls: readonly [string, string]
let admin: string
let secret: string

beforeAll(async () => {
  const settings = await freshSettings('postgres')
  admin = await filledInstallation(settings, 0)
  const [one, two] = await Promise.all([serve(settings), serve(settings)])
  urls = [one.url, two.url]
  for (const id of ['ada', 'ben', 'cid', 'dan'])
    await api('POST', '/accounts', { id, kind: 'person', name: id, password: PASSWORD })
  const client = {
    id: 'app',
    name: 'App',
    redirect_uris: ['https://app.example.org/cb'],
    allow: { authenticated: true },
  }
  secret = (await api('POST', '/clients', { ...client, token: { enabled: true, grants: [], ttl_s: 3_600 } }))
    .client_secret
})
afterAll(async () => {
  await endProcesses()
  removeFolders()
  await stopSharedPostgres()
})

// biome-ignore lint/suspicious/noExplicitAny: tests read whatever field they ask about
async function api(method: string, path: string, body?: unknown): Promise<any> {
  const answer = await request(urls[0], method, `/api/v1${path}`, admin, body)
  expect(answer?.status, JSON.stringify(answer?.body)).toBeLessThan(300)
  return answer?.body
}

/** One browser that both gates serve, as behind a balancer. */
function browsers(): [PlainBrowser, PlainBrowser] {
  const both = urls.map((url) => new PlainBrowser(url)) as [PlainBrowser, PlainBrowser]
  Object.assign(both[1], { cookies: both[0].cookies })
  return both
}

async function password(login: string, start = '/sign-in') {
  const [one, two] = browsers()
  await one.get(start)
  const done = await one.submit('/sign-in/password', { login, password: PASSWORD })
  return { one, two, done }
}

/** As a person would type it: in groups of four. */
const secretIn = (page: string) => (/<code class="code"[^>]*>([A-Z2-7 ]+)</.exec(page)?.[1] ?? '').replaceAll(' ', '')

async function withApp(login: string): Promise<string> {
  const { one } = await password(login)
  await one.get('/account/authenticators')
  const key = secretIn((await one.submit('/account/authenticators', { do: 'start' })).text)
  const code = codeOfStep(key, stepAt(Date.now()) - 1)
  expect((await one.submit('/account/authenticators', { do: 'add', name: 'Phone', code })).status).toBe(303)
  return key
}

const isIn = ({ status, location }: Answer) => status === 303 && location === '/account'

describe('T37 what ends a session at one gate ends it at the other', () => {
  const ways: [string, string, (id: string) => Promise<unknown>][] = [
    ['the account is disabled', 'ada', (id) => api('POST', `/accounts/${id}/disable`)],
    [
      'another password is set',
      'ben',
      (id) => api('POST', `/accounts/${id}/password`, { password: `${PASSWORD} too` }),
    ],
    ['its sessions are ended', 'cid', (id) => api('DELETE', `/accounts/${id}/sessions`)],
  ]
  it.each(ways)('%s', async (_, id, end) => {
    const { two } = await password(id)
    const atOther = async () => (await two.get('/account')).status
    await expect.poll(atOther, SOON).toBe(200)
    await end(id)
    await expect.poll(atOther, { timeout: 1_000, interval: 50 }).toBe(302)
  })
})

describe('one of two, at both at once', () => {
  it('T42 a code of an app signs in at one of them', async () => {
    const key = await withApp('dan')
    const [a, b] = [await password('dan'), await password('dan')]
    for (const { one, done } of [a, b]) await one.follow(done)
    const code = codeOfStep(key, stepAt(Date.now()))
    const [first, second] = [a.one.form('/sign-in/step/'), b.one.form('/sign-in/step/')]
    const answers = await Promise.all([
      a.one.post(first.action, { ...first.hidden, code }),
      b.two.post(second.action, { ...second.hidden, code }),
    ])
    expect(answers.filter(isIn)).toHaveLength(1)
  })

  it('T36 a step is taken once', async () => {
    const { one, two, done } = await password('dan')
    await one.follow(done)
    const { action, hidden } = one.form('/sign-in/step/')
    const answers = await Promise.all([one, two].map((browser) => browser.post(action, { ...hidden, code: '000000' })))
    expect(answers.map(({ status }) => status).sort()).toEqual([400, 422])
  })

  it('D5 a code of an application is exchanged at one of them, and no token of it lives on', async () => {
    await api('POST', '/accounts', { id: 'eva', kind: 'person', name: 'Eva', password: PASSWORD })
    const start = `/sign-in/password?app=app&state=s&code_challenge=${CHALLENGE}&code_challenge_method=S256`
    const { done } = await password('eva', start)
    const body = { code: new URL(done.location ?? '').searchParams.get('code'), code_verifier: VERIFIER }
    const headers = {
      authorization: `Basic ${Buffer.from(`app:${secret}`).toString('base64')}`,
      'content-type': 'application/json',
    }
    const answers = await Promise.all(
      urls.map((url) => fetch(`${url}/session/exchange`, { method: 'POST', headers, body: JSON.stringify(body) })),
    )
    expect(answers.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1)
    const tokens = await Promise.all(
      answers.map(async (answer) => ((await answer.json()) as { api_token?: string }).api_token),
    )
    for (const token of tokens.filter((one) => one !== undefined))
      await expect.poll(async () => (await request(urls[1], 'GET', '/api/v1/keys/self', token))?.status, SOON).toBe(401)
  })
})
