import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { filledInstallation, freshSettings, removeFolders } from '../faults/places.ts'
import { clientCredentials } from '../renewals/connections.ts'
import { type Engine, type Making, startEngine } from '../renewals/engine.ts'
import { testClock } from '../support/vendors/calling.ts'
import { type OAuth2Server, startOAuth2Server } from '../support/vendors/oauth2_server.ts'

/** A clock that was wrong and is set right: nothing that was noted at a time that is still to come may hold connections up. */

const RIGHT = '2026-11-21T12:00:00Z'
const WRONG = '2027-11-21T12:00:00Z'
const clock = testClock(RIGHT)
let engine: Engine
let server: OAuth2Server

beforeEach(async () => {
  clock.set(WRONG)
  const settings = await freshSettings('sqlite')
  await filledInstallation(settings, 0)
  engine = await startEngine(settings, { now: clock.now })
  server = await startOAuth2Server({ now: clock.now })
  await engine.make({ ...clientCredentials(server), scheme: 'oauth2' } as unknown as Making)
})
afterEach(async () => {
  await engine.close()
  await server.stop()
  removeFolders()
})

describe('a clock that is set back by a year', () => {
  it('a token that was renewed for a refusal before is renewed for one after', async () => {
    const first = await engine.ready()
    expect(await engine.renewals.refused(first)).toBeDefined()
    clock.set(RIGHT)
    const renewed = await engine.renewals.refused(await engine.ready())
    expect(renewed?.token?.obtainedAt).toBe(clock.now())
  })

  it('a renewal that failed before is tried again after', async () => {
    server.down()
    await expect(engine.ready()).rejects.toMatchObject({ code: 'upstream_unreachable' })
    clock.set(RIGHT)
    server.up()
    expect((await engine.ready()).token?.obtainedAt).toBe(clock.now())
  })

  it('refusals cause no more than one renewal a minute, a little skew between processes included', async () => {
    clock.set(RIGHT)
    const first = await engine.ready()
    const second = await engine.renewals.refused(first)
    clock.advance(-5)
    expect(await engine.renewals.refused(second as NonNullable<typeof second>)).toBeUndefined()
  })
})
