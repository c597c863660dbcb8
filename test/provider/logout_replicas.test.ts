import { createRemoteJWKSet, jwtVerify } from 'jose'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { endProcesses, request, serve } from '../faults/gate_process.ts'
import { filledInstallation, freshSettings, removeFolders } from '../faults/places.ts'
import { type GatePeople, peopleOf } from '../support/people.ts'
import { stopSharedPostgres } from '../support/postgres.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'

/** Two gates on one PostgreSQL: whichever ends a session, each application hears of it once. */

const SESSIONS = 24

let urls: readonly [string, string]
let admin: string
let people: GatePeople
let application: Upstream

beforeAll(async () => {
  const settings = await freshSettings('postgres')
  admin = await filledInstallation(settings, 0)
  const [one, two] = await Promise.all([serve(settings), serve(settings)])
  urls = [one.url, two.url]
  people = await peopleOf({ url: one.url, settings })
  application = await startUpstream()
  await api(0, 'POST', '/accounts', { id: 'ada', kind: 'person', name: 'Ada' })
  for (const id of ['shop', 'blog']) {
    const openid = {
      backchannel_logout_uri: `${application.url}/${id}`,
      network: { allow_private: true, allow_http: true },
    }
    await api(0, 'POST', '/clients', { id, name: id, redirect_uris: ['https://app.example.org/cb'], openid })
  }
}, 60_000)
afterAll(async () => {
  await people?.close()
  await endProcesses()
  await application?.stop()
  removeFolders()
  await stopSharedPostgres()
}, 60_000)

async function api(gate: 0 | 1, method: string, path: string, body?: unknown): Promise<void> {
  const answer = await request(urls[gate], method, `/api/v1${path}`, admin, body)
  expect(answer?.status, JSON.stringify(answer?.body)).toBeLessThan(300)
}

it('ended at either, told once; a token of either holds by the keys of the other', async () => {
  const { store } = people.open
  const ids: string[] = []
  for (let i = 0; i < SESSIONS; i++) {
    const { session } = await people.signIn('ada')
    for (const client of ['shop', 'blog']) {
      const entry = { session: session.id, client, sid: `${session.id} at ${client}`, grant: null }
      await store.sessionClients.put({ ...entry, created_at: session.created_at })
    }
    ids.push(session.id)
  }
  // Each refuses its first: it is tried again, by whoever comes to it.
  const refused = new Set<string>()
  for (const path of ['/shop', '/blog'])
    application.on(path, ({ response }) => {
      response.writeHead(refused.has(path) ? 200 : 503).end()
      refused.add(path)
    })
  await Promise.all(ids.map((id, i) => api((i % 2) as 0 | 1, 'DELETE', `/sessions/${id}`)))
  await vi.waitFor(async () => expect(await store.logoutNotices.nextDue()).toBeUndefined(), {
    timeout: 40_000,
    interval: 100,
  })
  const keys = createRemoteJWKSet(new URL(`${urls[1]}/oidc/jwks`))
  const told = await Promise.all(
    application.requests.map(async ({ body }) => {
      const token = new URLSearchParams(body.toString()).get('logout_token') ?? ''
      return (await jwtVerify(token, keys, { typ: 'logout+jwt', algorithms: ['ES256'] })).payload.sid as string
    }),
  )
  const expected = ids.flatMap((id) => [`${id} at shop`, `${id} at blog`]).toSorted()
  expect([...new Set(told)].toSorted()).toEqual(expected)
  // The two that were refused came once more, and no other did.
  expect(told).toHaveLength(expected.length + 2)
}, 90_000)
