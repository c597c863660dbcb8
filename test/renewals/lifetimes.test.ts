import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseConnector } from '../../src/outbound/connectors/connector.ts'
import { superoffice } from '../../src/outbound/schemes/superoffice.ts'
import { tokenOf } from '../../src/outbound/tokens/lifetime.ts'
import { filledInstallation, freshSettings, removeFolders } from '../faults/places.ts'
import { call, testClock } from '../support/vendors/calling.ts'
import { startOAuth2Server } from '../support/vendors/oauth2_server.ts'
import { startSuperOffice } from '../support/vendors/superoffice.ts'
import { startTripletex } from '../support/vendors/tripletex.ts'
import type { Vendor } from '../support/vendors/vendor.ts'
import { clientCredentials, tripletexBooks } from './connections.ts'
import { type Engine, type Making, startEngine } from './engine.ts'

/** The lives of tokens, hour by hour on a clock that is moved: whatever they are, no call goes out with one that is over. */

const clock = testClock('2026-11-21T20:30:00Z')
let engine: Engine
let vendor: Vendor | undefined

beforeEach(async () => {
  clock.set('2026-11-21T20:30:00Z')
  const settings = await freshSettings('sqlite')
  await filledInstallation(settings, 0)
  engine = await startEngine(settings, { now: clock.now })
})
afterEach(async () => {
  await engine.close()
  await vendor?.stop()
  removeFolders()
})

const making = (body: object, scheme: string) => ({ ...body, scheme }) as unknown as Making

describe('an end at midnight in Oslo (Tripletex)', () => {
  it('is never met by a call, every half hour for six days, with a session for two days each', async () => {
    const tripletex = await startTripletex({ now: clock.now })
    vendor = tripletex
    await engine.make(making(tripletexBooks(tripletex), 'tripletex'))
    for (let i = 0; i < 6 * 48; i++) {
      expect(await engine.ask(await engine.ready(), '/v2/customer'), new Date(clock.now()).toISOString()).toBe(200)
      await engine.renewals.whileStill('svc', async () => undefined)
      clock.advance(1_800)
    }
    expect(tripletex.sessionsMinted()).toBeGreaterThanOrEqual(3)
    expect(tripletex.sessionsMinted()).toBeLessThanOrEqual(8)
  })
})

describe('a life that each call makes longer (SuperOffice: 6 h)', () => {
  it('needs nothing while it is used, and another ticket after a longer pause', async () => {
    const redirect = 'https://gate.example/connect/callback'
    const so = await startSuperOffice({ now: clock.now, redirectUris: [redirect] })
    vendor = so
    const body = {
      connector: 'superoffice',
      settings: { environment: 'online', login_url: so.url, tenant: so.tenant },
      secrets: { client_id: so.app.clientId, client_secret: so.app.clientSecret, private_key: so.app.key.xml },
    }
    const file = join(import.meta.dirname, '../../connectors/superoffice.yaml')
    const connection = { ...body, connector: parseConnector(readFileSync(file, 'utf8'), file) }
    const context = { now: clock.now, fetch: engine.renewals.context({ connection: NEAR } as never).fetch }
    const consent = superoffice.exchange?.consent as NonNullable<NonNullable<typeof superoffice.exchange>['consent']>
    const { url, keep } = await consent.begin(connection, { redirectUri: redirect, state: 'st' }, context)
    const back = new URL((await call(`GET ${url}`)).headers.get('location') ?? '')
    const callback = { params: Object.fromEntries(back.searchParams), redirectUri: redirect, keep }
    const obtained = await consent.finish(connection, callback, context)
    await engine.make(making(body, 'superoffice'), tokenOf(obtained, clock.now(), null, 0.5))

    const asks = async () => engine.ask(await engine.ready(), '/v1/User/currentPrincipal')
    const background = async () => {
      const [due] = await engine.open.store.tokens.due(new Date(clock.now()).toISOString(), 1)
      if (due !== undefined) await engine.renewals.renewDue(due.id, due.due_at)
    }
    for (let i = 0; i < 40; i++) {
      expect(await asks()).toBe(200)
      clock.advance(2 * 3600)
      await background()
    }
    expect(await asks()).toBe(200)
    expect(so.counts.tickets).toBe(1)
    clock.advance(5.5 * 3600)
    await background()
    expect(so.counts.tickets).toBe(2)
    expect(await asks()).toBe(200)
    clock.advance(7 * 3600)
    expect(await asks()).toBe(200)
    expect(so.counts.tickets).toBe(3)
  })
})

const NEAR = { network: { allow_private: true, allow_http: true } }

describe('no end that is told', () => {
  it.each([{}, { expires_in: 0 }, { expires_in: -1 }])(
    '%j: in a month of calls the token is asked for once, and again once it is refused',
    async (extra) => {
      const server = await startOAuth2Server({
        now: clock.now,
        settings: { expiry: 'absent', extra, accessSeconds: 90 * 86_400 },
      })
      vendor = server
      await engine.make(making(clientCredentials(server), 'oauth2'))
      for (let day = 0; day < 30; day++) {
        expect(await engine.ask(await engine.ready(), '/resource/x')).toBe(200)
        clock.advance(86_400)
      }
      expect(await engine.open.store.tokens.due(new Date(clock.now()).toISOString(), 1)).toEqual([])
      expect(server.tokenRequests()).toBe(1)
      server.revokeAccess()
      const refused = await engine.ready()
      const renewed = await engine.renewals.refused(refused)
      expect(await engine.ask(renewed as typeof refused, '/resource/x')).toBe(200)
      expect(server.tokenRequests()).toBe(2)
    },
  )
})

describe('an hour', () => {
  it('never ends under a call every five minutes for a day, and one token serves most of its hour', async () => {
    const server = await startOAuth2Server({ now: clock.now })
    vendor = server
    await engine.make(making(clientCredentials(server), 'oauth2'))
    for (let i = 0; i < 24 * 12; i++) {
      expect(await engine.ask(await engine.ready(), '/resource/x')).toBe(200)
      await engine.renewals.whileStill('svc', async () => undefined)
      clock.advance(300)
    }
    // Between 70 and 85 % of an hour each.
    expect(server.tokenRequests()).toBeGreaterThanOrEqual(27)
    expect(server.tokenRequests()).toBeLessThanOrEqual(35)
  })

  it('is not relied on to its last half minute, unless there is no other token', async () => {
    const server = await startOAuth2Server({ now: clock.now })
    vendor = server
    await engine.make(making(clientCredentials(server), 'oauth2'))
    const first = await engine.ready()
    clock.advance(3600 - 31)
    expect((await engine.sought()).ready).toBe(true)
    server.failTokens(100, 500)
    expect((await engine.ready()).token?.version).toBe(first.token?.version)
    clock.advance(20)
    expect((await engine.ready()).token?.version).toBe(first.token?.version)
    clock.advance(20)
    await expect(engine.ready()).rejects.toMatchObject({ code: 'upstream_unreachable' })
  })
})
