import { afterAll, beforeAll, expect, it } from 'vitest'
import { AUDIENCE, type ExampleScene, OTHER_AUDIENCE, startExampleScene } from './scene.ts'

/** The FastAPI application puts sales into Paheko's books, through a real gate, for people and for programs. */

let scene: ExampleScene

beforeAll(async () => {
  scene = await startExampleScene('fastapi')
})
afterAll(() => scene?.stop())

const SALE = { label: 'Vente du samedi', amount_cents: 1250, date: '2026-11-21' }
const sell = async (headers: Readonly<Record<string, string>>) => {
  const answer = await fetch(`${scene.example.url}/api/sales`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(SALE),
  })
  return { status: answer.status, body: (await answer.json()) as Readonly<Record<string, unknown>> }
}
const asProgram = async (token: string | Promise<string>) => sell({ authorization: `Bearer ${await token}` })

it('S1-08: a person who signed in sells: the gate adds Paheko’s password, which the application never had', async () => {
  const traveller = await scene.enter()
  const cookie = [...traveller.site(scene.example.url).cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const before = scene.paheko.transactionCount()
  const { status, body } = await sell({ cookie, origin: scene.example.url })
  expect([status, body]).toEqual([200, { transaction: expect.any(Number) }])
  expect(scene.paheko.transactionCount()).toBe(before + 1)
  const request = scene.paheko.requests.at(-1)
  expect(request?.header('authorization')).toMatch(/^Basic /)
  expect(JSON.parse(String(request?.body))).toMatchObject({ label: 'Vente du samedi', amount: '12.50' })
})

it('200 with a token of client_credentials for this API; 401 for another API, 401 with an ID token of a person', async () => {
  expect((await asProgram(scene.token(AUDIENCE))).status).toBe(200)
  expect((await asProgram(scene.token(OTHER_AUDIENCE))).status).toBe(401)
  const traveller = await scene.enter()
  const { url } = scene.example
  const answer = await traveller.site(url).post('/api/logout', {}, { headers: { origin: url } })
  const hint = new URL(JSON.parse(answer.text).location).searchParams.get('id_token_hint')
  expect(hint).toMatch(/^ey/)
  expect((await asProgram(hint ?? '')).status).toBe(401)
})

it('503 while Paheko is down, never 401 or 403; the books have it once it is back', async () => {
  const before = scene.paheko.transactionCount()
  await scene.paheko.down()
  expect((await asProgram(scene.token())).status).toBe(503)
  await scene.paheko.up()
  expect((await asProgram(scene.token())).status).toBe(200)
  expect(scene.paheko.transactionCount()).toBe(before + 1)
})

it('503 when our own key was revoked: that is no fault of whoever calls', async () => {
  const { items } = await scene.must('GET', '/keys?account=till')
  for (const { id } of items) await scene.must('DELETE', `/keys/${id}`)
  expect(items).toHaveLength(1)
  expect((await asProgram(scene.token())).status).toBe(503)
})
