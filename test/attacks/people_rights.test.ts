import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../demo/program.ts'
import { startWorld, type World } from '../api/world.ts'
import { TestAuthenticator } from '../sign_in/authenticator.ts'
import { PlainBrowser } from '../sign_in/browser.ts'

/** What those who may do one thing do to come by another, and what outlives its end. */

const PASSWORD = 'a long enough secret'
const BACK = 'https://app.example.org/back'
const VERIFIER = 'v'.repeat(64)
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url')

let world: World
let url: string
beforeAll(async () => {
  const port = await freePort(0)
  url = `http://localhost:${port}`
  world = await startWorld({ OCTROI_LISTEN: `127.0.0.1:${port}`, OCTROI_PUBLIC_URL: url })
  for (const id of ['ada', 'ben', 'cid', 'eve'])
    await world.must('accounts.create', { body: { id, kind: 'person', name: id, password: PASSWORD } })
})
afterAll(() => world.stop())

const keyFor = async (...permissions: readonly string[]): Promise<string> =>
  (await world.must('keys.create', { body: { name: 'low', permissions } })).key

describe('D6 with organizations.write alone', () => {
  beforeAll(async () => {
    await world.must('organizations.create', { body: { id: 'town', label: 'Town' } })
    const connection = await world.newConnection()
    const token = { enabled: true, grants: [{ connection, allow: ['GET /**'] }] }
    const client = { id: 'of-town', name: 'Of the town', redirect_uris: [BACK], allow: { organizations: ['town'] } }
    await world.must('clients.create', { body: { ...client, token } })
  })

  it('403 to put somebody into an organization for which an application gets more than the caller holds', async () => {
    const params = { id: 'town', account: 'eve' }
    const answer = await world.call('organizations.add_member', { params, key: await keyFor('organizations.write') })
    expect(answer.body).toMatchObject({ status: 403, code: 'not_granted' })
  })

  it('403 to give it the SIRET of other people', async () => {
    const change = { params: { id: 'town' }, body: { siret: '13002526500013' } }
    const answer = await world.call('organizations.update', { ...change, key: await keyFor('organizations.write') })
    expect(answer.body).toMatchObject({ status: 403, code: 'not_granted' })
  })
})

describe('D6 with accounts.write alone', () => {
  const ways = [
    ['accounts.set_password', { password: 'some other secret 42' }],
    ['accounts.invite', { deliver: 'link' }],
  ] as const
  it.each(ways)('%s: 403 for whom an application knows by name, though it gets no token', async (name, body) => {
    const client = { name: 'For Ben', redirect_uris: [BACK], allow: { accounts: ['ben'] } }
    await world.must('clients.create', { body: client })
    const answer = await world.call(name, { params: { id: 'ben' }, body, key: await keyFor('accounts.write') })
    expect(answer.body).toMatchObject({ status: 403, code: 'not_granted' })
  })
})

async function tokenOf(client: string, secret: string): Promise<string> {
  const query = new URLSearchParams({
    app: client,
    state: 's',
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
  })
  const browser = new PlainBrowser(url)
  await browser.get(`/sign-in/password?${query}`)
  const done = await browser.submit('/sign-in/password', { login: 'ada', password: PASSWORD })
  const answer = await fetch(`${url}/session/exchange`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`${client}:${secret}`).toString('base64')}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ code: new URL(done.location ?? '').searchParams.get('code'), code_verifier: VERIFIER }),
  })
  return ((await answer.json()) as { api_token: string }).api_token
}

describe('T37 tokens that an application got', () => {
  const changes: [string, object][] = [
    ['it is disabled', { disabled: true }],
    ['it gets none any more', { token: { enabled: false } }],
  ]
  it.each(changes)('end when %s', async (_, body) => {
    const made = { name: 'App', redirect_uris: [BACK], allow: { authenticated: true } }
    const token = { enabled: true, grants: [], ttl_s: 3_600 }
    const { id, client_secret } = await world.must('clients.create', { body: { ...made, token } })
    const key = await tokenOf(id, client_secret)
    const self = async () => (await world.call('keys.self', { key })).status
    expect(await self()).toBe(200)
    await world.must('clients.update', { params: { id }, body })
    expect(await self()).toBe(401)
  })
})

it('ASVS 6.4.1 an invitation ends when its person has set another password', async () => {
  const given = await world.must('accounts.invite', { params: { id: 'cid' }, body: { deliver: 'link' } })
  const browser = new PlainBrowser(url)
  await browser.get('/sign-in')
  await browser.submit('/sign-in/password', { login: 'cid', password: PASSWORD })
  await browser.get('/account/password')
  const passwords = { current: PASSWORD, password: 'the new one of cid', again: 'the new one of cid' }
  expect((await browser.submit('/account/password', { do: 'change', ...passwords })).status).toBe(303)
  expect((await new PlainBrowser(url).get(new URL(given.url).pathname)).status).toBe(400)
})

it('one passkey that does not know its user is one factor, however often it is touched', async () => {
  const optionsIn = (page: string) =>
    JSON.parse((/data-options="([^"]*)"/.exec(page)?.[1] ?? '{}').replaceAll('&quot;', '"'))
  const owner = new PlainBrowser(url)
  await owner.get('/sign-in/password')
  await owner.submit('/sign-in/password', { login: 'eve', password: PASSWORD })
  await owner.get('/account/passkeys')
  const { challenge, user } = optionsIn((await owner.submit('/account/passkeys', { do: 'start' })).text)
  const device = new TestAuthenticator()
  const touched = { origin: url, rpId: 'localhost', present: true, verified: false }
  const response = JSON.stringify(device.register({ ...touched, challenge }))
  expect((await owner.submit('/account/passkeys', { do: 'add', name: 'Key', response })).status).toBe(303)

  const thief = new PlainBrowser(url)
  const answer = (page: string, counter: number) =>
    JSON.stringify(device.answer({ ...touched, challenge: optionsIn(page).challenge, userHandle: user.id, counter }))
  const first = await thief.get('/sign-in/passkey?mfa=1')
  const step = await thief.follow(await thief.submit('/sign-in/passkey', { response: answer(first.text, 5) }))
  if (optionsIn(step.text).challenge !== undefined)
    await thief.submit('/sign-in/step/', { response: answer(step.text, 6) })
  const { items } = await world.must('sessions.list', { query: { account: 'eve' } })
  expect(items.filter(({ method }: { method: string }) => method === 'passkey')).toEqual([])
})
