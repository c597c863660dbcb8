import { z } from 'zod'
import type { StepNames, Template, TemplateScope } from '../../connectors/template.ts'
import { compileStep, type Step, stepEndpoints, stepSchema, stepTemplates } from '../../steps/step.ts'
import { compilePlacements, type Placements, placementsSchema, placementTemplates } from '../placements.ts'
import { compileLifetime, type Lifetime, lifetimeSchema } from './token_lifetime.ts'

/** The section of a token exchange, and what becomes of it when the connector is loaded. */

const Names = z.array(z.string().min(1)).min(1)

export const tokenExchangeSection = z
  .strictObject({
    login: z.array(stepSchema).min(1).describe('Requests that turn secrets into a token, in this order'),
    refresh: z.array(stepSchema).min(1).optional().describe('Requests that turn the durable values into a new token'),
    logout: stepSchema.omit({ extract: true }).optional().describe('Ends the token when the connection is deleted'),
    durable: Names.optional().describe('Values that outlive the token and that refresh begins with'),
    lifetime: lifetimeSchema,
    min_remaining_s: z.number().nonnegative().default(0).describe('A token that ends sooner is not taken'),
    early: z.boolean().default(true).describe('false: the service gives no new token before the old one ended'),
    identity: z.string().min(1).optional().describe('Who the token speaks for, to be shown'),
    inject: Names.optional().describe('Values that programs receive; by default all that every token has'),
    apply: placementsSchema,
  })
  .describe('A token that is asked for with one or several requests')

export type TokenExchangeText = z.input<typeof tokenExchangeSection>

export interface TokenExchange {
  readonly login: readonly Step[]
  readonly refresh: readonly Step[] | undefined
  readonly logout: Step | undefined
  readonly durable: readonly string[]
  /** Those of them that the refresh begins with. */
  readonly needed: readonly string[]
  readonly lifetime: Lifetime
  /** `undefined` where a token is not meant to last. */
  readonly minRemainingMs: number | undefined
  readonly early: boolean
  readonly identity: Template | undefined
  readonly inject: readonly string[]
  readonly apply: Placements
  /** Values that every token has, however it was obtained. */
  readonly yields: readonly string[]
  /** All that may use secrets. */
  readonly templates: readonly Template[]
  readonly endpoints: readonly Template[]
}

/** `own` are the secrets that the scheme itself asks for. Throws an `Error` that says what is wrong. */
export function compileTokenExchange(
  text: TokenExchangeText,
  scope: TemplateScope,
  own: readonly string[],
): TokenExchange {
  const section = tokenExchangeSection.parse(text)
  const durable = section.durable ?? []
  const login = compileFlow(section.login, scope, { secrets: own, token: [] }, 'login')
  requireKnown('durable', durable, namesOf(login))
  if (section.refresh !== undefined && durable.length === 0)
    throw new Error('refresh: begins with the durable values: "durable" must name some')
  const refresh = section.refresh && compileFlow(section.refresh, scope, { secrets: own, token: durable }, 'refresh')
  const needed = durable.filter((name) => refresh?.some((step) => uses(step, name)))
  if (refresh !== undefined && needed.length === 0) throw new Error('refresh: sends none of the durable values')
  const names: StepNames = { secrets: own, token: lasting(login, refresh, durable) }
  requireKnown('inject', section.inject ?? [], names.token)
  const logout =
    section.logout &&
    named('logout', () => compileStep({ ...section.logout!, extract: {} }, { scope, names }, 'the logout', true))
  const apply = named('apply', () => compilePlacements(section.apply, scope, own, names.token))
  const steps = [...login, ...(refresh ?? []), ...(logout === undefined ? [] : [logout])]
  return {
    login,
    refresh,
    logout,
    durable,
    needed,
    lifetime: named('lifetime', () => compileLifetime(section.lifetime, scope, names)),
    minRemainingMs: section.lifetime === 'one_shot' ? undefined : section.min_remaining_s * 1000,
    early: section.early && section.lifetime !== 'one_shot',
    identity: section.identity === undefined ? undefined : scope.discovered(section.identity, 'body', names.token),
    inject: section.inject ?? names.token,
    apply,
    yields: names.token.filter(
      (name) => isSure(name, login) && (refresh === undefined || durable.includes(name) || isSure(name, refresh)),
    ),
    templates: [...steps.flatMap(stepTemplates), ...placementTemplates(apply)],
    endpoints: steps.flatMap(stepEndpoints),
  }
}

type StepsText = z.infer<typeof tokenExchangeSection>['login']

function compileFlow(steps: StepsText, scope: TemplateScope, names: StepNames, flow: string): readonly Step[] {
  const known = [...names.token]
  return steps.map((text, index) => {
    const title = steps.length === 1 ? `the ${flow}` : `step ${index + 1} of the ${flow}`
    const into = { scope, names: { ...names, token: [...known] } }
    const step = named(`${flow}.${index}`, () => compileStep(text, into, title, flow === 'refresh'))
    known.push(...namesOf([step]))
    return step
  })
}

/** A value that the refresh neither gives nor keeps would be gone after the first one. */
function lasting(login: readonly Step[], refresh: readonly Step[] | undefined, durable: readonly string[]): string[] {
  const names = [...new Set(namesOf(login))]
  if (refresh === undefined) return names
  const kept = new Set([...durable, ...namesOf(refresh)])
  return names.filter((name) => kept.has(name))
}

function namesOf(steps: readonly Step[]): string[] {
  return steps.flatMap(({ extract }) => extract.map(({ name }) => name))
}

function isSure(name: string, steps: readonly Step[]): boolean {
  return steps.some(({ extract }) =>
    extract.some((value) => value.name === name && (!value.isOptional || value.fallback !== undefined)),
  )
}

function uses(step: Step, name: string): boolean {
  return stepTemplates(step).some(({ references }) => references.includes(`token.${name}`))
}

function requireKnown(key: string, names: readonly string[], known: readonly string[]): void {
  const unknown = names.find((name) => !known.includes(name))
  if (unknown !== undefined)
    throw new Error(`${key}: ${unknown} is not a value that every token has; known: ${known.join(', ') || 'nothing'}`)
}

function named<T>(key: string, compile: () => T): T {
  try {
    return compile()
  } catch (error) {
    throw new Error(`${key}: ${error instanceof Error ? error.message : String(error)}`)
  }
}
