import { z } from 'zod'
import { hasControl } from '../connectors/places.ts'
import type { Template } from '../connectors/template.ts'
import { ExchangeError } from '../exchange.ts'
import { textAt } from '../json_path.ts'
import type { Values } from '../scheme.ts'
import type { Answer } from './answer.ts'
import {
  compileVerification,
  type Verification,
  verificationTemplates,
  verifiedClaims,
  verifySchema,
} from './jwt_claims.ts'
import { type CompiledPath, compilePath, pathSchema } from './paths.ts'
import type { Running, StepScope } from './running.ts'

/** What is taken from an answer, by name. */

const more = {
  optional: z.boolean().optional().describe('May be absent; whatever uses it is then left out'),
  default: z.string().optional().describe('Taken when it is absent'),
}

const Source = z.union(
  [
    z.strictObject({ json: pathSchema, ...more }),
    z.strictObject({ xml: pathSchema, ...more }),
    z.strictObject({ header: z.string().min(1), ...more }),
    z.strictObject({ cookie: z.string().min(1), ...more }),
    z.strictObject({ status: z.literal(true) }),
    z.strictObject({ jwt: z.string(), claim: pathSchema, verify: verifySchema, ...more }),
  ],
  { error: 'must be {json: path}, {xml: path}, {header}, {cookie}, {status: true} or {jwt, claim, verify}' },
)

export const extractSchema = z
  .record(
    z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,63}$/, 'must be letters, digits and _, starting with a letter'),
    Source,
  )
  .meta({ id: 'extract' })

export type ExtractText = z.infer<typeof extractSchema>

type Read = (answer: Answer, step: Running) => string | undefined | Promise<string | undefined>

export interface Extraction {
  readonly name: string
  readonly isOptional: boolean
  readonly fallback: string | undefined
  readonly read: Read
  readonly templates: readonly Template[]
  readonly verification: Verification | undefined
}

const MAX_VALUE = 16_384

/** In the order of the file: a claim is read from a value that was taken before. */
export function compileExtractions(extract: ExtractText, into: StepScope): readonly Extraction[] {
  const known = [...into.names.token]
  return Object.entries(extract).map(([name, source]) => {
    const extraction = compileExtraction(name, source, { ...into, names: { ...into.names, token: known } })
    known.push(name)
    return extraction
  })
}

function compileExtraction(name: string, source: ExtractText[string], into: StepScope): Extraction {
  const jwt = 'jwt' in source ? compileVerification(source.verify, into) : undefined
  if ('jwt' in source && !into.names.token.includes(source.jwt))
    throw new Error(`extract ${name}: ${source.jwt} was not extracted before; claims are read from a token that was`)
  return {
    name,
    isOptional: 'optional' in source && source.optional === true,
    fallback: 'default' in source ? source.default : undefined,
    read: jwt === undefined ? reader(source, into) : claimReader(source as JwtSource, jwt, into),
    templates: jwt === undefined ? [] : verificationTemplates(jwt),
    verification: jwt,
  }
}

type JwtSource = Extract<ExtractText[string], { jwt: string }>

function reader(source: ExtractText[string], { scope }: StepScope): Read {
  if ('header' in source) return (answer) => answer.headers.get(source.header) ?? undefined
  if ('cookie' in source) return (answer) => answer.cookie(source.cookie)
  if ('json' in source) {
    const path = compilePath(source.json, scope)
    return (answer, { connection }) => answer.jsonText(path(connection))
  }
  if ('xml' in source) {
    const path = compilePath(source.xml, scope)
    return (answer, { connection }) => answer.xmlText(path(connection))
  }
  return (answer) => String(answer.status)
}

function claimReader({ jwt, claim }: JwtSource, verification: Verification, { scope }: StepScope): Read {
  const path: CompiledPath = compilePath(claim, scope)
  return async (_, step) => {
    const token = step.connection.token?.[jwt]
    return token === undefined
      ? undefined
      : textAt(await verifiedClaims(token, verification, step), path(step.connection))
  }
}

/** Throws `transient` where a value is missing or cannot be one: an answer that is not what it was last time. */
export async function extractValues(
  extractions: readonly Extraction[],
  answer: Answer,
  step: Running,
): Promise<Values> {
  let values: Values = {}
  for (const { name, read, isOptional, fallback } of extractions) {
    const connection = { ...step.connection, token: { ...step.connection.token, ...values } }
    const value = (await read(answer, { ...step, connection })) || fallback
    if (value !== undefined && (value.length > MAX_VALUE || hasControl(value)))
      throw new ExchangeError('transient', `The answer to ${step.title} has a ${name} that cannot be used.`)
    if (value !== undefined) values = { ...values, [name]: value }
    else if (!isOptional) throw new ExchangeError('transient', `The answer to ${step.title} has no ${name}.`)
  }
  return values
}

/** Where claims are verified with keys from an address. */
export function keyAddresses(extractions: readonly Extraction[]): readonly Template[] {
  return extractions.flatMap(({ verification }) =>
    verification !== undefined && 'jwks' in verification.key ? [verification.key.jwks] : [],
  )
}
