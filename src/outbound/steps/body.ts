import { z } from 'zod'
import type { Template, TemplateScope } from '../connectors/template.ts'
import { escapeXml } from '../connectors/template_functions.ts'
import { ExchangeError } from '../exchange.ts'
import { type Running, type StepScope, textOf } from './running.ts'

/** The body of a step: one of four kinds, each of which encodes the values that are put in. */

const Pairs = z.record(z.string().min(1), z.string())

export const bodySchema = {
  form: Pairs.optional().describe('Sent as application/x-www-form-urlencoded'),
  json: z
    .union([z.record(z.string(), z.json()), z.array(z.json())])
    .optional()
    .describe('A structure whose texts are templates; {$number: text} is a number made of a text'),
  xml: z.string().min(1).optional().describe('A template whose values are escaped for XML'),
  raw: z.string().min(1).optional().describe('A template as it stands; needs content_type'),
  content_type: z.string().min(1).optional(),
}

export interface BodyText {
  readonly form?: Readonly<Record<string, string>> | undefined
  readonly json?: unknown
  readonly xml?: string | undefined
  readonly raw?: string | undefined
  readonly content_type?: string | undefined
}

export interface CompiledBody {
  readonly contentType: string
  readonly templates: readonly Template[]
  /** `undefined` when an optional value that it consists of is absent. */
  write(step: Running): string | undefined
}

export function bodyFault(body: BodyText): string | undefined {
  const kinds = [body.form, body.json, body.xml, body.raw].filter((kind) => kind !== undefined)
  if (kinds.length > 1) return 'has more than one of form, json, xml and raw'
  if (kinds.length === 0 && body.content_type !== undefined) return 'has a content_type, but no body'
  return body.raw !== undefined && body.content_type === undefined
    ? 'has a raw body: it needs a content_type'
    : undefined
}

export function compileBody(body: BodyText, into: StepScope): CompiledBody | undefined {
  const { form, json, xml, raw, content_type } = body
  const typed = (usual: string) => content_type ?? usual
  if (form !== undefined) return { ...formBody(form, into), contentType: typed('application/x-www-form-urlencoded') }
  if (json !== undefined) return { ...jsonBody(json, into), contentType: typed('application/json') }
  if (xml !== undefined)
    return { ...textBody(xml, into, escapeXml), contentType: typed('application/xml; charset=utf-8') }
  return raw === undefined ? undefined : { ...textBody(raw, into), contentType: typed('') }
}

export type Pair = readonly [name: Template, value: Template]

/** Names may use settings; a pair whose optional value is absent is left out. */
export function compilePairs(pairs: Readonly<Record<string, string>>, { scope, names }: StepScope): readonly Pair[] {
  return Object.entries(pairs).map(
    ([name, value]) => [scope.public(name, 'query_name'), scope.step(value, 'body', names)] as const,
  )
}

export function writePairs(pairs: readonly Pair[], step: Running): [string, string][] {
  return pairs.flatMap(([name, template]) => {
    const value = textOf(template, step)
    return value === undefined ? [] : [[nameText(name, step), value] as [string, string]]
  })
}

function formBody(form: Readonly<Record<string, string>>, into: StepScope): Omit<CompiledBody, 'contentType'> {
  const pairs = compilePairs(form, into)
  return {
    templates: pairs.map(([, value]) => value),
    write: (step) => new URLSearchParams(writePairs(pairs, step)).toString(),
  }
}

function textBody(
  text: string,
  { scope, names }: StepScope,
  encode?: (value: string) => string,
): Omit<CompiledBody, 'contentType'> {
  const template = scope.step(text, 'body', names, encode)
  return { templates: [template], write: (step) => textOf(template, step) }
}

type Node = (step: Running) => unknown

function jsonBody(json: unknown, into: StepScope): Omit<CompiledBody, 'contentType'> {
  const templates: Template[] = []
  const node = compileNode(json, into, templates)
  return { templates, write: (step) => JSON.stringify(node(step)) }
}

/** A node that gives `undefined` is left out: of an object by JSON itself, of a list here. */
function compileNode(value: unknown, into: StepScope, templates: Template[]): Node {
  if (typeof value === 'string') return textNode(value, into, templates)
  if (Array.isArray(value)) {
    const nodes = value.map((item) => compileNode(item, into, templates))
    return (step) => nodes.map((node) => node(step)).filter((item) => item !== undefined)
  }
  if (value === null || typeof value !== 'object') return () => value
  if ('$number' in value) return numberNode(value, into, templates)
  const nodes = Object.entries(value).map(
    ([name, item]) => [keyOf(name, into.scope), compileNode(item, into, templates)] as const,
  )
  return (step) => Object.fromEntries(nodes.map(([name, node]) => [nameText(name, step), node(step)]))
}

function textNode(text: string, { scope, names }: StepScope, templates: Template[]): Node {
  const template = scope.step(text, 'body', names)
  templates.push(template)
  return (step) => textOf(template, step)
}

/** For services that refuse `"5"` where they want `5`. */
function numberNode(value: object, into: StepScope, templates: Template[]): Node {
  const { $number: text, ...others } = value as Readonly<Record<string, unknown>>
  if (typeof text !== 'string' || Object.keys(others).length > 0) throw new Error('json: $number takes one text, alone')
  const node = textNode(text, into, templates)
  return (step) => {
    const written = node(step) as string | undefined
    if (written === undefined || /^-?\d{1,15}(\.\d{1,15})?$/.test(written)) return written && Number(written)
    throw new ExchangeError('human', `What ${step.title} sends for ${text} is not a number.`)
  }
}

/** The empty key is one, too. */
function keyOf(name: string, scope: TemplateScope): Template {
  return scope.public(name, name === '' ? 'body' : 'query_name')
}

function nameText(name: Template, { connection }: Running): string {
  return name.render({ settings: connection.settings }) ?? ''
}
