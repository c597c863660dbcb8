import type { HotReads } from '../core/stores.ts'
import { RouteTable } from './route_table.ts'

/** The routes as the store has them: compiled once for as long as its version stays as it was before they were read (D18). */
export class RouteTables {
  readonly #hot: Pick<HotReads, 'routes'>
  #version = Number.NaN
  #table: RouteTable | Promise<RouteTable> | undefined

  constructor(hot: Pick<HotReads, 'routes'>) {
    this.#hot = hot
  }

  /** As it was read last. */
  get latest(): RouteTable | undefined {
    return this.#table instanceof Promise ? undefined : this.#table
  }

  /** `version` is what `HotReads.version()` gave for this request. */
  at(version: number): RouteTable | Promise<RouteTable> {
    if (version === this.#version && this.#table !== undefined) return this.#table
    this.#version = version
    const loading = this.#load(version)
    this.#table = loading
    return loading
  }

  async #load(version: number): Promise<RouteTable> {
    try {
      const table = new RouteTable(await this.#hot.routes())
      if (version === this.#version) this.#table = table
      return table
    } catch (error) {
      if (version === this.#version) this.#table = undefined
      throw error
    }
  }
}
