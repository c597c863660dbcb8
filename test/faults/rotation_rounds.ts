import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, vi } from 'vitest'
import type { Settings } from '../../src/config/settings.ts'
import { agreedTo, withRefreshToken } from '../renewals/connections.ts'
import { type Engine, type Making, startEngine } from '../renewals/engine.ts'
import { ageToken, tokenOnDisk } from '../renewals/tokens.ts'
import { type OAuth2Server, startOAuth2Server } from '../support/vendors/oauth2_server.ts'
import { envOf } from './gate_process.ts'
import { type EngineName, filledInstallation, freshSettings } from './places.ts'

/**
 * Every step of a renewal with a refresh token that rotates, and what a death there comes to: `usable`, or `lost` where the service
 * has given a token that never reached the disk: then a person is asked for, and nobody hammers the service.
 */
export const POINTS: readonly (readonly [point: string, becomes: 'usable' | 'lost' | 'either'])[] = [
  ['tokens.lease:before', 'usable'],
  ['tokens.lease:after', 'usable'],
  ['connections.get:after#2', 'usable'],
  ['sent', 'usable'],
  ['answering', 'either'],
  ['sealToken:before', 'lost'],
  ['sealToken:after', 'lost'],
  ['tokens.save:before', 'lost'],
  ['tokens.save:after', 'usable'],
  ['transaction:before', 'usable'],
  ['transaction:after', 'usable'],
]

const CHILD = fileURLToPath(new URL('./rotation_child.ts', import.meta.url))
const TIMES = { lease: 400, poll: 20 }

interface World {
  readonly settings: Settings
  readonly server: OAuth2Server
  engine: Engine
}

/** Kills a process in the middle of a renewal again and again, at every point in turn. */
export async function rotationRounds(runs: number, engineName: EngineName): Promise<void> {
  const settings = await freshSettings(engineName)
  await filledInstallation(settings, 0)
  const server = await startOAuth2Server()
  const world: World = { settings, server, engine: await startEngine(settings, { times: TIMES }) }
  const body = withRefreshToken(server, await agreedTo(server))
  await world.engine.make({ ...body, scheme: 'oauth2' } as unknown as Making)
  const seen = { usable: 0, lost: 0 }
  let next = startChild(settings, POINTS[0]?.[0] as string)
  try {
    for (let run = 0; run < runs; run++) {
      const [point, becomes] = POINTS[run % POINTS.length] as (typeof POINTS)[number]
      const child = next
      next = startChild(settings, POINTS[(run + 1) % POINTS.length]?.[0] as string)
      const came = await killedAt(world, point, child)
      expect(becomes === 'either' ? ['usable', 'lost'] : [becomes], `${point}, run ${run}`).toContain(came)
      seen[came]++
    }
    expect(seen.usable).toBeGreaterThan(0)
    expect(seen.lost).toBeGreaterThan(0)
  } finally {
    next.kill()
    await world.engine.close()
    await server.stop()
  }
}

async function killedAt(world: World, point: string, child: Child): Promise<'usable' | 'lost'> {
  const { settings, server } = world
  await world.engine.ready()
  await ageToken(settings, { ends: -1 })
  // The state is only written where there was a failure before.
  if (point.startsWith('transaction')) {
    server.failTokens(1, 500)
    await expect(world.engine.ready()).rejects.toMatchObject({ code: 'upstream_unreachable' })
    expect((await tokenOnDisk(settings))?.failures).toBe(1)
  }
  const killed = server.familiesKilled()
  const asked = server.tokenRequests()
  const granted = server.granted('refresh_token')
  await child.ready
  if (point === 'sent') {
    server.slowTokens(60)
    server.failTokens(1, 'drop')
  }
  child.go()
  if (point === 'sent') await vi.waitFor(() => expect(server.tokenRequests()).toBe(asked + 1), { interval: 2 })
  if (point === 'answering')
    await vi.waitFor(() => expect(server.granted('refresh_token')).toBe(granted + 1), { interval: 1 })
  if (point === 'sent' || point === 'answering') child.kill()
  expect(await child.ended, `${point} was reached`).toBe('SIGKILL')
  server.slowTokens(0)
  return afterwards(world, { killed, asked })
}

/** Another process comes up: it is usable, or it says that a person is needed; the service was asked a few times, and no more. */
async function afterwards(world: World, before: { killed: number; asked: number }): Promise<'usable' | 'lost'> {
  const { server, settings } = world
  await world.engine.close()
  world.engine = await startEngine(settings, { times: TIMES })
  const error = await world.engine.ready().then(
    () => undefined,
    (reason: { code?: string }) => reason,
  )
  const state = (await world.engine.open.store.connections.get('svc'))?.connection.state
  expect(server.tokenRequests() - before.asked).toBeLessThanOrEqual(2)
  if (error === undefined) {
    expect(await world.engine.ask(await world.engine.ready(), '/resource/x')).toBe(200)
    expect(['ready', 'degraded']).toContain(state)
    expect(server.familiesKilled()).toBe(before.killed)
    return 'usable'
  }
  expect([error.code, state]).toEqual(['reconnect_required', 'reconnect_required'])
  expect(server.familiesKilled()).toBe(before.killed + 1)
  await expectQuiet(world)
  await agreeAgain(world)
  return 'lost'
}

async function expectQuiet({ engine, server, settings }: World): Promise<void> {
  const asked = server.tokenRequests()
  for (let i = 0; i < 3; i++) await expect(engine.ready()).rejects.toMatchObject({ code: 'reconnect_required' })
  expect((await tokenOnDisk(settings))?.due_at).toBeNull()
  expect(await engine.open.store.tokens.due(new Date(Date.now() + 1e9).toISOString(), 5)).toEqual([])
  expect(server.tokenRequests()).toBe(asked)
}

async function agreeAgain({ engine, server }: World): Promise<void> {
  await engine.open.store.connections.delete('svc')
  const body = withRefreshToken(server, await agreedTo(server))
  await engine.make({ ...body, scheme: 'oauth2' } as unknown as Making)
}

interface Child {
  readonly ready: Promise<void>
  /** The signal that ended it. */
  readonly ended: Promise<string | null>
  go(): void
  kill(): void
}

function startChild(settings: Settings, point: string): Child {
  const child = spawn(process.execPath, ['--no-warnings', CHILD, point], {
    env: envOf(settings),
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit').then(([, signal]) => signal as string | null)
  const said = once(child.stdout, 'data').then(() => undefined)
  const ready = Promise.race([said, ended.then(() => Promise.reject(new Error('the process ended before it began')))])
  // The last one is not waited for.
  ready.catch(() => undefined)
  return {
    ready,
    ended,
    go: () => void child.stdin.write('go\n'),
    kill: () => void child.kill('SIGKILL'),
  }
}
