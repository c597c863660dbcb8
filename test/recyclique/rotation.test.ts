import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { PAHEKO_WRITER } from '../support/paheko.ts'
import type { Delivery } from '../support/recyclique.ts'
import { closing, openShop, type Shop, secretsOf, stateOf, written } from './shop.ts'

let shop: Shop
beforeEach(async () => {
  shop = await openShop()
})
afterEach(() => shop.stop())

const ROTATED = { ...PAHEKO_WRITER, password: 'of the new year' }
const POSTINGS = 100

/** Postings one after the other from as many tills as given, `POSTINGS` in all. */
function postAll(tills = POSTINGS): Promise<Delivery[]> {
  return Promise.all(
    Array.from({ length: POSTINGS }, async (_, i) => {
      await wait(Math.floor(i / tills) * 20)
      return shop.outbox().deliver(closing(`till-${i}`))
    }),
  )
}

function expectEachOnce(deliveries: readonly Delivery[]): void {
  const refused = deliveries.filter(({ state, attempts }) => state !== 'delivered' || attempts !== 1)
  expect(refused).toEqual([])
  expect(shop.paheko.transactionCount()).toBe(POSTINGS)
}

async function giveNext(): Promise<void> {
  const answer = await shop.gate.api('PUT', '/connections/paheko/next', { secrets: secretsOf(ROTATED) })
  expect([answer.status, answer.body.has_next]).toEqual([200, true])
}

describe('C-05: the password changes at Paheko under 100 parallel postings', () => {
  it('C-05: with the next secret given beforehand, no posting fails and none is doubled', async () => {
    await giveNext()
    const deliveries = postAll()
    await written(shop.paheko, 5)
    shop.paheko.setCredentials([ROTATED])
    expectEachOnce(await deliveries)
  })

  it('C-05: Octroi changes over by itself, says so in an event, and the connection stays ready', async () => {
    await giveNext()
    const deliveries = postAll(10)
    await written(shop.paheko, 5)
    shop.paheko.setCredentials([ROTATED])
    expectEachOnce(await deliveries)
    const { body } = await shop.gate.api('GET', '/events?type=connection.switched')
    expect(body.items).toEqual([expect.objectContaining({ subject: 'connection:paheko' })])
    expect(await stateOf(shop.gate, 'ready')).toBe('ready')
  })

  it('C-05: while both secrets work, the switch by hand fails no posting either', async () => {
    await giveNext()
    shop.paheko.addCredential({ ...ROTATED, username: ROTATED.username })
    const deliveries = postAll(20)
    await written(shop.paheko, 5)
    const answer = await shop.gate.api('POST', '/connections/paheko/switch')
    expect(answer.status).toBe(200)
    shop.paheko.setCredentials([ROTATED])
    expectEachOnce(await deliveries)
  })

  it('C-05: postings that already wait for their turn take the secret that is given meanwhile', async () => {
    const deliveries = postAll()
    await written(shop.paheko, 5)
    await giveNext()
    shop.paheko.setCredentials([ROTATED])
    expectEachOnce(await deliveries)
  })

  it('C-05: postings that wait go out with a secret that was replaced meanwhile', async () => {
    const deliveries = postAll()
    await written(shop.paheko, 5)
    shop.paheko.addCredential(ROTATED)
    const answer = await shop.gate.api('PATCH', '/connections/paheko', { secrets: secretsOf(ROTATED) })
    expect(answer.status).toBe(200)
    shop.paheko.setCredentials([ROTATED])
    expectEachOnce(await deliveries)
  })

  it('C-05: a switch to a secret that Paheko refuses is refused itself, and changes nothing', async () => {
    await giveNext()
    const answer = await shop.gate.api('POST', '/connections/paheko/switch')
    expect([answer.status, answer.body.code]).toEqual([400, 'invalid_request'])
    expect(await shop.outbox().deliver(closing())).toMatchObject({ state: 'delivered', attempts: 1 })
  })
})

describe('the key of RecyClique itself is rotated', () => {
  it('within the overlap the old and the new secret both deliver; afterwards the old one says that it expired', async () => {
    const { body: self } = await shop.gate.api('GET', '/keys/self', undefined, { key: shop.token })
    const { body: rotated } = await shop.gate.api('POST', `/keys/${self.id}/rotate`, { overlap_s: 3 })
    expect(await shop.outbox().deliver(closing())).toMatchObject({ state: 'delivered', attempts: 1 })
    expect(await shop.outbox({ token: rotated.key }).deliver(closing())).toMatchObject({ state: 'delivered' })
    await wait(3_100)
    const late = await shop.call('POST', '/api/accounting/transaction')
    expect([late.status, late.headers.get('octroi-error')]).toEqual([401, 'key_expired'])
  })
})
