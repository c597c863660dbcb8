import { z } from 'zod'
import type { Template } from '../connectors/template.ts'
import type { ExchangeContext } from '../exchange.ts'
import type { ConnectionSecrets, Values } from '../scheme.ts'
import { Answer } from './answer.ts'
import { type Condition, compileConditions, conditionSchema } from './conditions.ts'
import { compileExtractions, type Extraction, extractSchema, extractValues, keyAddresses } from './extract.ts'
import { type CompiledRequest, compileRequest, requestSchema, requestTemplates, writeRequest } from './request.ts'
import { running, type StepScope } from './running.ts'
import { type RefusalRules, refusalOf } from './step_refusal.ts'

/** One HTTP request of an exchange, and what is taken from its answer. */

export const stepSchema = requestSchema.extend({
  ok: z.array(conditionSchema).min(1).optional().describe('All must hold; by default any 2xx'),
  human_when: z.array(conditionSchema).min(1).optional().describe('Any: only a person can mend it'),
  limited_when: z.array(conditionSchema).min(1).optional().describe('Any: the service wants fewer requests'),
  transient_when: z.array(conditionSchema).min(1).optional().describe('Any: it may work later'),
  retry_after: z
    .string()
    .min(1)
    .optional()
    .describe('The header that says how many seconds to wait, if not Retry-After'),
  extract: extractSchema.default({}),
})

export type StepText = z.infer<typeof stepSchema>

export interface Step {
  readonly title: string
  readonly request: CompiledRequest
  readonly ok: readonly Condition[]
  readonly refusal: RefusalRules
  readonly extract: readonly Extraction[]
}

/** `mayLack`: the address may need a setting that is not given. */
export function compileStep(text: StepText, into: StepScope, title: string, mayLack = false): Step {
  const conditions = (list: StepText['ok']) => compileConditions(list ?? [], into.scope)
  // A list that says nothing of the status still means a success.
  const ok = text.ok?.some(({ status }) => status !== undefined) ? [] : [isSuccess]
  return {
    title,
    request: compileRequest(text, into, mayLack),
    ok: [...ok, ...conditions(text.ok)],
    refusal: {
      limited: conditions(text.limited_when),
      transient: conditions(text.transient_when),
      human: text.human_when && conditions(text.human_when),
      retryAfter: text.retry_after,
    },
    extract: compileExtractions(text.extract, into),
  }
}

const isSuccess: Condition = ({ status }) => status >= 200 && status < 300

/** The values that the step takes from its answer; `values` are those so far. */
export async function performStep(
  step: Step,
  connection: ConnectionSecrets,
  values: Values,
  context: ExchangeContext,
): Promise<Values> {
  const under = running(step.title, connection, values, context)
  const answer = new Answer(await context.fetch(writeRequest(step.request, under)))
  if (!step.ok.every((holds) => holds(answer, connection)))
    throw refusalOf(answer, step.refusal, connection, step.title, context.now())
  return extractValues(step.extract, answer, under)
}

/** One after the other, each with the values of those before. All values are given back. */
export async function performSteps(
  steps: readonly Step[],
  connection: ConnectionSecrets,
  begin: Values,
  context: ExchangeContext,
): Promise<Values> {
  let values = begin
  for (const step of steps) values = { ...values, ...(await performStep(step, connection, values, context)) }
  return values
}

/** All templates that may use secrets or values. */
export function stepTemplates({ request, extract }: Step): readonly Template[] {
  return [...requestTemplates(request), ...extract.flatMap(({ templates }) => templates)]
}

/** Addresses that the settings fix: where secrets go, and whose keys are trusted. */
export function stepEndpoints({ request, extract }: Step): readonly Template[] {
  return [...(request.fixed === undefined ? [] : [request.fixed]), ...keyAddresses(extract)]
}
