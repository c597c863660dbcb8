import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { closing, delivered, keyFor, openShop, type Shop, soon } from '../recyclique/shop.ts'
import { call } from '../support/paheko_call.ts'

let shop: Shop
beforeEach(async () => {
  shop = await openShop()
})
afterEach(() => shop.stop())

/** The stand-in writes the time of the answer into each date, as the real one does. */
const timeless = (text: string) => text.replace(/\d\d:\d\d:\d\d\.0{6}/g, '')

const bearer = (key: string) => ({ Authorization: `Bearer ${key}` })

it('S0-02: a token alone does not pass Paheko itself; the same token passes through Octroi', async () => {
  const direct = await call(shop.paheko, 'GET', '/api/accounting/years', { as: `Bearer ${shop.token}` })
  expect([401, 403]).toContain(direct.status)
  expect(await shop.outbox().deliver(closing())).toMatchObject({ state: 'delivered', lastStatus: 200 })
})

it('S0-04: both guides name the screen of Paheko where the credential is made, and what it is called there', () => {
  for (const guide of ['docs/guides/recyclique.md', 'docs/fr/recyclique.md']) {
    const text = readFileSync(new URL(`../../${guide}`, import.meta.url), 'utf8')
    expect(text).toContain('Configuration → Fonctions avancées → API')
  }
})

it('S0-06: a key of Octroi ends at its expires_at, while the permanent credential of Paheko stays as it is', async () => {
  const key = await keyFor(shop.gate, ['accounting-post'], { expires_at: new Date(Date.now() + 2_000).toISOString() })
  expect(await shop.outbox({ token: key }).deliver(closing())).toMatchObject({ state: 'delivered', attempts: 1 })
  await new Promise((resolve) => setTimeout(resolve, 2_100))
  const late = await shop.call('POST', '/api/accounting/transaction', { headers: bearer(key) })
  expect([late.status, late.headers.get('octroi-error')]).toEqual([401, 'key_expired'])
  expect(await shop.outbox().deliver(closing())).toMatchObject({ state: 'delivered' })
})

it('S0-13: a service account of its own holds the key, and the trail says so for each call', async () => {
  await shop.gate.api('POST', '/accounts', { id: 'recyclique', kind: 'service', name: 'RecyClique' })
  const key = await keyFor(shop.gate, ['accounting-post'], { account: 'recyclique' })
  await shop.outbox({ token: key }).deliver(closing('seen'))
  const { body } = await shop.gate.api('GET', '/audit?connection=paheko')
  expect(body.items[0]).toMatchObject({ account: 'recyclique', status: 200, correlation: 'corr-seen' })
})

it('S0-15: the journal of the current year is read with a read rule, byte for byte', async () => {
  await shop.outbox().deliver(closing())
  const path = '/api/accounting/years/current/journal'
  const key = await keyFor(shop.gate, [`GET ${path}`])
  const through = await shop.call('GET', path, { headers: bearer(key) })
  const direct = await call(shop.paheko, 'GET', path)
  expect([through.status, timeless(await through.text())]).toEqual([200, timeless(direct.text)])
})

it('S0-17: Octroi asks nothing of Paheko but its API: no page, no sign-in', async () => {
  await shop.outbox().deliver(closing())
  shop.paheko.setCredentials([])
  await shop.call('POST', '/api/accounting/transaction')
  await soon()
  expect(shop.paheko.requests.length).toBeGreaterThan(1)
  for (const { url } of shop.paheko.requests) expect(url).toMatch(/^\/api\//)
})

it('S0-20: an installation with nothing but a connection and a key serves: no sign-in has to be set up', async () => {
  expect(await shop.outbox().deliver(closing('first'))).toMatchObject({ state: 'delivered', attempts: 1 })
  expect(delivered(shop.paheko)).toEqual(['first'])
})

describe('S0-22: accounting read and write, members read, and nothing else', () => {
  const MATRIX: readonly (readonly [string, string, number])[] = [
    ['GET', '/api/accounting/years', 200],
    ['GET', '/api/accounting/charts', 200],
    ['GET', '/api/accounting/years/current/journal', 200],
    ['GET', '/api/user/1', 200],
    ['GET', '/api/user/categories', 200],
    ['GET', '/api/user/new?nom=Mallory', 403],
    ['POST', '/api/user/1', 403],
    ['DELETE', '/api/user/1', 403],
    ['PUT', '/api/user/import', 403],
    ['DELETE', '/api/accounting/transaction/1', 403],
    ['GET', '/api/sql?sql=SELECT%201', 403],
    ['GET', '/api/download', 403],
    ['GET', '/api/errors/log', 403],
  ]

  it.each(MATRIX)('S0-22: %s %s → %i', async (method, path, status) => {
    const key = await keyFor(shop.gate, ['accounting-write', 'members-read'])
    const before = shop.paheko.requests.length
    const answer = await shop.call(method, path, { headers: bearer(key) })
    expect(answer.status).toBe(status)
    const isOurs = answer.headers.get('octroi-error') === 'not_granted'
    expect(isOurs).toBe(status === 403)
    expect(shop.paheko.requests.length - before).toBe(status === 403 ? 0 : 1)
  })
})
