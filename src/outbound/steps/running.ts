import { randomBytes, randomUUID } from 'node:crypto'
import type { StepNames, Template, TemplateScope } from '../connectors/template.ts'
import type { Moment } from '../connectors/template_functions.ts'
import type { ExchangeContext } from '../exchange.ts'
import type { ConnectionSecrets, Values } from '../scheme.ts'
import { referenced, unusable } from '../schemes/placing.ts'

/** Where the texts of a step are compiled: the names that they may use. */
export interface StepScope {
  readonly scope: TemplateScope
  readonly names: StepNames
}

/** One step under way: `connection.token` has the values so far. */
export interface Running {
  readonly connection: ConnectionSecrets
  readonly context: ExchangeContext
  readonly moment: Moment
  /** `the login`, `step 2 of the login`: how messages name it. */
  readonly title: string
}

export function running(
  title: string,
  connection: ConnectionSecrets,
  values: Values,
  context: ExchangeContext,
): Running {
  const moment = { now: context.now(), uuid: randomUUID(), nonce: randomBytes(16).toString('base64url') }
  return { title, connection: { ...connection, token: values }, context, moment }
}

/** `undefined` where something optional is absent; refuses when a required secret is missing. */
export function textOf(template: Template, { connection, moment }: Running): string | undefined {
  const { connector, settings, secrets, token } = connection
  const text = template.render({ settings, secrets, token, moment })
  if (text !== undefined) return text
  const missing = referenced([template]).find(
    (name) => !Object.hasOwn(secrets, name) && connector.secrets[name]?.optional !== true,
  )
  if (missing !== undefined) throw unusable(connection, `The secret ${missing} is missing.`)
  return undefined
}
