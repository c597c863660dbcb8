import { z } from 'zod'
import { headerNameFault } from '../../connectors/places.ts'
import type { Template, TemplateScope } from '../../connectors/template.ts'
import { compilePlacements, type Placements, placementsSchema, placementTemplates } from '../placements.ts'
import {
  ALGORITHMS,
  type Algorithm,
  ENCODINGS,
  type Encoding,
  KEY_ENCODINGS,
  NONCES,
  TIME_FORMATS,
} from './hmac_values.ts'

/** The section `hmac` of a connector: of what the signature is made, and where it goes. */

const PARTS = [
  ...['method', 'origin', 'host', 'path', 'query', 'sorted_query', 'sorted_params', 'target'],
  ...['body', 'body_hash', 'timestamp', 'nonce', 'nonce_bytes'],
] as const
type NamedPart = (typeof PARTS)[number]

const Part = z.union(
  [
    z.enum(PARTS as readonly [string, ...string[]]),
    z.strictObject({ header: z.string().min(1) }),
    z.strictObject({ text: z.string() }),
  ],
  { error: `must be {header: Name}, {text: ...} or one of ${PARTS.join(', ')}` },
)

const Hash = z.strictObject({
  algorithm: z.enum(ALGORITHMS).default('sha256'),
  encoding: z.enum(ENCODINGS).default('hex'),
  empty: z.enum(['hash', 'nothing']).default('hash').describe('Without a body: the hash of nothing, or no text at all'),
})

export const hmacSection = z.strictObject({
  algorithm: z.enum(ALGORITHMS).default('sha256'),
  encoding: z.enum(ENCODINGS).default('hex').describe('How the signature is written'),
  key: z
    .string()
    .min(1)
    .optional()
    .describe('A template; without it a plain hash is made, with the secret in canonical'),
  key_encoding: z.enum(KEY_ENCODINGS).default('utf8').describe('How the key is written'),
  canonical: z.array(Part).min(1).describe('What is signed, in this order'),
  separator: z.string().default('\n').describe('Between the parts'),
  timestamp: z.enum(TIME_FORMATS).default('unix'),
  nonce: z.enum(NONCES).default('hex'),
  body_hash: Hash.default({ algorithm: 'sha256', encoding: 'hex', empty: 'hash' }),
  apply: placementsSchema.describe(
    'Where things go: {header, value}, {query, value} or {basic}; values know signature, timestamp, nonce and body_hash, each written as settings are',
  ),
})

type Section = z.infer<typeof hmacSection>

export type CompiledPart = { readonly part: NamedPart } | { readonly header: string } | { readonly text: Template }

export interface CompiledHmac extends Pick<Section, 'encoding' | 'key_encoding' | 'separator' | 'timestamp' | 'nonce'> {
  readonly algorithm: Algorithm
  readonly body_hash: { readonly algorithm: Algorithm; readonly encoding: Encoding; readonly empty: 'hash' | 'nothing' }
  readonly key: Template | undefined
  readonly canonical: readonly CompiledPart[]
  /** Put on the request before it is signed, so that they are signed with it. */
  readonly before: Placements
  /** With the signature in them. */
  readonly after: Placements
  readonly needsBody: boolean
}

/** What a recipe computes; templates know them as `token.x`. */
const BEFORE = ['timestamp', 'nonce', 'body_hash']
const COMPUTED = ['signature', ...BEFORE]

export function compileHmac(value: unknown, scope: TemplateScope, secrets: readonly string[]): CompiledHmac {
  if (value === undefined) throw new Error('is required: it says what is signed and where the signature goes')
  const section = hmacSection.parse(value)
  const key = section.key === undefined ? undefined : scope.private(section.key, 'body', secrets)
  const canonical = section.canonical.map((part) => compilePart(part as z.infer<typeof Part>, scope, secrets))
  const all = compilePlacements(section.apply.map(qualified), scope, secrets, COMPUTED)
  const isSigned = (index: number) =>
    mentions(
      [all[index]].flatMap((one) => one ?? []),
      'signature',
    )
  const after = all.filter((_, index) => isSigned(index))
  if (after.length === 0) throw new Error('apply: no value has the signature in it')
  const texts = canonical.flatMap((part) => ('text' in part ? [part.text] : []))
  if (key === undefined && !texts.some(({ references }) => references.some((name) => name.startsWith('secrets.'))))
    throw new Error('key: is missing, and canonical has no secret either')
  const { encoding, key_encoding, separator, timestamp, nonce, algorithm, body_hash } = section
  return {
    ...{ encoding, key_encoding, separator, timestamp, nonce, algorithm, body_hash },
    key,
    canonical,
    before: all.filter((_, index) => !isSigned(index)),
    after,
    needsBody: canonical.some(usesBody) || mentions(all, 'body_hash') || texts.some((text) => has(text, 'body_hash')),
  }
}

/** The names of the secrets are in these. */
export function hmacTemplates({ key, canonical, before, after }: CompiledHmac): Template[] {
  const texts = canonical.flatMap((part) => ('text' in part ? [part.text] : []))
  return [...(key === undefined ? [] : [key]), ...texts, ...placementTemplates([...before, ...after])]
}

function compilePart(part: z.infer<typeof Part>, scope: TemplateScope, secrets: readonly string[]): CompiledPart {
  if (typeof part === 'string') return { part: part as NamedPart }
  if ('text' in part) return { text: scope.private(short(part.text), 'body', secrets, BEFORE) }
  const name = part.header.toLowerCase()
  const fault = headerNameFault(name)
  if (fault !== undefined) throw new Error(`canonical: ${part.header} ${fault}`)
  return { header: name }
}

function usesBody(part: CompiledPart): boolean {
  return 'part' in part && ['body', 'body_hash', 'sorted_params'].includes(part.part)
}

function mentions(placements: Placements, name: string): boolean {
  return placementTemplates(placements).some((template) => has(template, name))
}

function has(template: Template, name: string): boolean {
  return template.references.includes(`token.${name}`)
}

type Placement = z.infer<typeof placementsSchema>[number]

function qualified(placement: Placement): Placement {
  if ('basic' in placement) {
    const { username, password } = placement.basic
    return { basic: { username: short(username), password: short(password) } }
  }
  return { ...placement, value: short(placement.value) }
}

function short(text: string): string {
  return text.replace(/\$\{(signature|timestamp|nonce|body_hash)\}/g, (_, name) => `\${token.${name}}`)
}
