import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PLANS } from './suite.ts'

/** The files of `conformance/` as the suite reads them. */

export type Command = readonly [string, string, string, ...(string | number)[]]

export interface Task {
  readonly task: string
  readonly match?: string
  readonly optional?: boolean
  readonly commands?: readonly Command[]
}

/** What is done in a browser that was sent to an address like `match`. */
export interface Entry {
  readonly comment?: string
  readonly match: string
  readonly tasks: readonly Task[]
}

export interface PlanClient {
  readonly client_id: string
  readonly client_secret: string
}

export interface PlanFile {
  readonly alias: string
  readonly description: string
  readonly server: { readonly discoveryUrl: string; readonly login_hint?: string }
  readonly client?: PlanClient
  readonly client_secret_post?: PlanClient
  readonly client2?: PlanClient
  readonly browser?: readonly Entry[]
  /** By the name of a module. */
  readonly override?: Readonly<Record<string, { readonly browser: readonly Entry[] }>>
}

export const PLAN_FILES = readdirSync(PLANS).filter((name) => name.endsWith('.json'))

/** The address and the password that stand in them, to be replaced by whoever runs them. */
export const PLACE = 'https://octroi.example.org'
export const PASSWORD_PLACE = 'PASSWORD-OF-CONFORMANCE'

export function readPlan(name: string, replaced: Readonly<Record<string, string>> = {}): PlanFile {
  const text = readFileSync(join(PLANS, name), 'utf8')
  return JSON.parse(Object.entries(replaced).reduce((all, [from, to]) => all.replaceAll(from, to), text))
}

/** What is done for a module: its own, or that of all. */
export function entryFor(plan: PlanFile, module: string, address: string): Entry {
  const entries = plan.override?.[module]?.browser ?? plan.browser ?? []
  const found = entries.find(({ match }) => isLike(match, address))
  if (found === undefined) throw new Error(`${module}: nothing is said of ${address}`)
  return found
}

/** A star is any text. */
export function isLike(pattern: string, address: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`, 's').test(address)
}
