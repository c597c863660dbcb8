import { z } from 'zod'
import type { Template, TemplateScope } from '../connectors/template.ts'
import type { JsonPath } from '../json_path.ts'
import type { ConnectionSettings } from '../scheme.ts'

/** Where a value is in an answer, as connector files write it; its texts may use settings. */
export const pathSchema = z
  .union([z.array(z.string()).min(1), z.string().regex(/^(\/|\$\{)/, 'must be a list of keys or a JSON pointer')])
  .describe('A list of keys ([data, token], places in lists as "0"), or a JSON pointer (/data/token, RFC 6901)')
  .meta({ id: 'path' })

export type PathText = z.infer<typeof pathSchema>

export type CompiledPath = (connection: ConnectionSettings) => JsonPath

export function compilePath(path: PathText, scope: TemplateScope): CompiledPath {
  if (Array.isArray(path)) {
    const keys = path.map((key) => scope.public(key, 'body'))
    return ({ settings }) => keys.map((key) => key.render({ settings }) ?? '')
  }
  const pointer: Template = scope.public(path, 'body')
  return ({ settings }) => keysOf(pointer.render({ settings }) ?? '')
}

/** RFC 6901 §4. What does not begin with `/` leads nowhere. */
function keysOf(pointer: string): JsonPath {
  const [first, ...keys] = pointer.split('/')
  if (first !== '' || keys.length === 0) return ['']
  return keys.map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
}
