import type { Settings } from '../../src/config/settings.ts'
import type { TokenStore } from '../../src/core/token_stores.ts'
import { filledInstallation, freshSettings, removeFolders } from '../faults/places.ts'
import { testClock } from '../support/vendors/calling.ts'
import { type OAuth2Server, startOAuth2Server } from '../support/vendors/oauth2_server.ts'
import { agreedTo, withRefreshToken } from './connections.ts'
import { type Engine, type EngineOptions, type Making, startEngine } from './engine.ts'

/** Engines on one store and a service, by one clock that the test moves. Each engine is to the store what a process is. */
export class Clocked {
  readonly clock = testClock()
  settings!: Settings
  server!: OAuth2Server
  readonly #engines: Engine[] = []

  async begin(): Promise<void> {
    this.clock.set('2026-11-21T12:00:00Z')
    this.settings = await freshSettings('sqlite')
    await filledInstallation(this.settings, 0)
    this.server = await startOAuth2Server({ now: this.clock.now })
  }

  async end(): Promise<void> {
    for (const engine of this.#engines.splice(0)) await engine.close()
    await this.server.stop()
    removeFolders()
  }

  async start(options: EngineOptions = {}): Promise<Engine> {
    const engine = await startEngine(this.settings, { now: this.clock.now, ...options })
    this.#engines.push(engine)
    return engine
  }

  /** With a token of an hour that was just obtained. */
  async connected(options: EngineOptions = {}): Promise<Engine> {
    const engine = await this.start(options)
    const body = withRefreshToken(this.server, await agreedTo(this.server))
    await engine.make({ ...body, scheme: 'oauth2' } as unknown as Making)
    await engine.ready()
    return engine
  }

  /** The tokens as the store has them, whatever the engine was given. */
  get onDisk(): TokenStore {
    return (this.#engines[0] as Engine).open.store.tokens
  }
}

/** A store with other ways to write tokens. */
export const writing = (other: Partial<TokenStore>): EngineOptions => ({
  store: (store) => ({
    ...store,
    tokens: new Proxy(store.tokens, {
      get: (tokens, name) => Reflect.get(other, name) ?? (Reflect.get(tokens, name) as () => unknown).bind(tokens),
    }),
  }),
})
