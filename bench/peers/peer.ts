import type { Headers } from '../answer.ts'
import type { Lab } from '../lab.ts'
import type { Running } from '../processes.ts'

/** What the upstream serves. */
export const PATHS = { small: '/small', large: '/large', slow: '/slow' } as const
export type Size = keyof typeof PATHS

/** A server under measurement, started and answering. */
export interface Standing extends Running {
  readonly port: number
  /** What goes before the upstream's path. */
  readonly prefix: string
  /** What a caller of it must send. */
  readonly headers: Headers
}

/** Starts one kind of server before the upstream's port; resolves once it answers 200. */
export type Peer = (lab: Lab, upstream: number) => Promise<Standing>

export function path(peer: Standing, size: Size): string {
  return `${peer.prefix}${PATHS[size]}`
}

export function url(peer: Standing, size: Size): string {
  return `http://127.0.0.1:${peer.port}${path(peer, size)}`
}
