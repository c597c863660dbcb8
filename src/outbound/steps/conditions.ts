import { z } from 'zod'
import type { TemplateScope } from '../connectors/template.ts'
import type { ConnectionSettings } from '../scheme.ts'
import type { Answer } from './answer.ts'
import { type CompiledPath, compilePath, pathSchema } from './paths.ts'

/** What an answer must be like. All that one condition says holds together. */

const Scalar = z.union([z.string(), z.number(), z.boolean(), z.null()])
const Scalars = z.union([Scalar, z.array(Scalar).min(1)])

export const conditionSchema = z
  .strictObject({
    status: z.array(z.int().min(100).max(599)).min(1).optional(),
    path: pathSchema.optional().describe('A value of the JSON answer, or of the XML one'),
    header: z.string().min(1).optional().describe('A header of the answer'),
    equals: Scalars.optional().describe('What the value of path or header must be; one of a list'),
    not: Scalars.optional().describe('What it must not be; none of a list'),
    exists: z.boolean().optional().describe('Whether it must be there; null is not there'),
    body: z.string().min(1).optional().describe('A part of the text of the answer'),
  })
  .superRefine((condition, context) => {
    const { status, path, header, body } = condition
    const tests = [condition.equals, condition.not, condition.exists].filter((test) => test !== undefined)
    const fault = (message: string) => context.addIssue({ code: 'custom', message })
    if (path !== undefined && header !== undefined) fault('looks at a path or at a header, not at both')
    else if ((path ?? header) === undefined && tests.length > 0) fault('needs the path or header that it looks at')
    else if ((path ?? header) !== undefined && tests.length === 0) fault('needs equals, not or exists')
    else if ([status, path, header, body].every((part) => part === undefined)) fault('says nothing')
  })
  .meta({ id: 'condition' })

export type ConditionText = z.infer<typeof conditionSchema>

export type Condition = (answer: Answer, connection: ConnectionSettings) => boolean

export function compileCondition(condition: ConditionText, scope: TemplateScope): Condition {
  const { status, header, body } = condition
  const path = condition.path === undefined ? undefined : compilePath(condition.path, scope)
  return (answer, connection) => {
    if (status !== undefined && !status.includes(answer.status)) return false
    if (body !== undefined && !answer.text.includes(body)) return false
    if (path === undefined && header === undefined) return true
    return passes(condition, looked(answer, path, header, connection), path !== undefined && !answer.isXml)
  }
}

export function compileConditions(conditions: readonly ConditionText[], scope: TemplateScope): readonly Condition[] {
  return conditions.map((condition) => compileCondition(condition, scope))
}

function looked(
  answer: Answer,
  path: CompiledPath | undefined,
  header: string | undefined,
  connection: ConnectionSettings,
): unknown {
  if (path !== undefined) return answer.valueAt(path(connection))
  return answer.headers.get(header ?? '') ?? undefined
}

/** JSON knows `1` from `"1"`; XML and headers are text. */
function passes({ equals, not, exists }: ConditionText, value: unknown, isTyped: boolean): boolean {
  const among = (wanted: z.infer<typeof Scalars>) =>
    [wanted]
      .flat()
      .some((one) => (one === null ? value === undefined : isTyped ? one === value : String(one) === value))
  if (exists !== undefined && (value !== undefined) !== exists) return false
  if (equals !== undefined && !among(equals)) return false
  return not === undefined || !among(not)
}
