import { UsageError } from './command.ts'

/** Grants as they are written on the command line. */

export interface Grant {
  connection?: string
  connector?: string
  tags?: Record<string, string>
  allow: string[]
  credentials?: boolean
}

/** `CONNECTION:RIGHT`, those of one connection joined; then whole grants as JSON. */
export function grantsOf(
  rights: readonly string[] | undefined,
  json: readonly string[] | undefined,
): Grant[] | undefined {
  if (rights === undefined && json === undefined) return undefined
  const allowed = new Map<string, string[]>()
  for (const text of rights ?? []) {
    const at = text.indexOf(':')
    const right = text.slice(at + 1).trim()
    if (at < 1 || right === '') throw new UsageError(`--grant takes CONNECTION:RIGHT, not ${text}.`, EXAMPLES)
    const connection = text.slice(0, at).trim()
    allowed.set(connection, [...(allowed.get(connection) ?? []), right])
  }
  const simple = [...allowed].map(([connection, allow]) => ({ connection, allow }))
  return [...simple, ...(json ?? []).flatMap(parsed)]
}

const EXAMPLES = [
  "--grant 'paheko:accounting-post'              (a right that the connector names)",
  "--grant 'paheko:GET /api/accounting/**'       (a method and a path)",
  '--grant-json \'{"connector":"tripletex","tags":{"customer":"42"},"allow":["GET /**"]}\'',
]

/** The server judges what is in it; here it only has to be an object, or a list of them. */
function parsed(text: string): Grant[] {
  try {
    const value: unknown = JSON.parse(text)
    if (value !== null && typeof value === 'object') return (Array.isArray(value) ? value : [value]) as Grant[]
  } catch {
    // Said below.
  }
  throw new UsageError('--grant-json takes a grant as JSON.', EXAMPLES.slice(2))
}

/** `keys.read`, or `{"permission":"connections.read","connection":"paheko"}`. */
export function permissionsOf(given: readonly string[] | undefined): never[] | undefined {
  return given?.map((text) => {
    if (!text.startsWith('{')) return text as never
    try {
      return JSON.parse(text) as never
    } catch {
      throw new UsageError('--permission takes a name, or a limited permission as JSON.')
    }
  })
}

export function grantTexts(grants: readonly object[]): string[] {
  return (grants as readonly Grant[]).map(({ connection, connector, tags, allow, credentials }) => {
    const tagged = Object.entries(tags ?? {}).map(([name, value]) => `${name}=${value}`)
    const where = connection ?? `every ${connector}${tagged.length === 0 ? '' : ` with ${tagged.join(', ')}`}`
    return `${where}: ${[...allow, ...(credentials ? ['(may read the credentials)'] : [])].join(', ')}`
  })
}
