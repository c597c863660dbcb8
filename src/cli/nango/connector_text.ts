import { stringify } from 'yaml'
import { OctroiError } from '../../core/errors.ts'
import { type Connector, parseConnector } from '../../outbound/connectors/connector.ts'
import { leftKeys, NangoEntry } from './entry.ts'
import { INSTEAD, type Placement, WAYS } from './sections.ts'
import { Translation, Untranslatable } from './translation.ts'

export interface Translated {
  readonly id: string
  readonly text: string
  readonly connector: Connector
  /** What of the entry is not in it. */
  readonly left: readonly string[]
}

/** A connector file for one entry, parsed as any other would be. Throws `Untranslatable` with the reason. */
export function translateEntry(name: string, raw: Readonly<Record<string, unknown>>): Translated {
  const parsed = NangoEntry.safeParse(raw)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new Untranslatable(`${issue?.path.join('.') || 'the entry'} is not of the shape that is known`)
  }
  const entry = parsed.data
  const way = Object.hasOwn(WAYS, entry.auth_mode) ? WAYS[entry.auth_mode] : undefined
  if (way === undefined) {
    const instead = Object.hasOwn(INSTEAD, entry.auth_mode) ? `: ${INSTEAD[entry.auth_mode]}` : ''
    throw new Untranslatable(`${entry.auth_mode} has no counterpart${instead}`)
  }
  const id = idOf(name)
  const texts = new Translation(entry, way.token)
  const base_url = baseUrl(entry, texts)
  const { placements, constants } = placesOf(entry, texts)
  const { scheme, section, used } = way.make(entry, texts, placements)
  const file = {
    id,
    name: entry.display_name ?? name,
    docs: docsOf(entry),
    sources: [`providers.yaml, entry ${name}`],
    scheme,
    ...about(entry, texts, scheme),
    base_url,
    ...constants,
    ...(section === undefined ? {} : { [scheme]: section }),
    ...testOf(entry, texts),
  }
  const text = `${HEAD}${stringify(file, { lineWidth: 0 })}`
  const left = [...texts.left, ...leftKeys(raw, new Set(['proxy', 'connection_config', 'credentials', ...used]))]
  return { id, text, connector: parsedConnector(text, id), left }
}

const HEAD = `# Made from an entry of a providers.yaml by "octroi connector import-nango". Nothing of it was tried: read it, test it with your own
# account, write its grants, and record what goes out (docs/guides/write-a-connector.md).
`

function parsedConnector(text: string, id: string): Connector {
  try {
    return parseConnector(text, `${id}.yaml`)
  } catch (error) {
    if (!(error instanceof OctroiError)) throw error
    const faults = (error.errors ?? []).map(({ path, message }) => `${path} ${message}`).join('; ')
    throw new Untranslatable(`what comes out of it is no connector: ${faults}`)
  }
}

/** Never a path: no separator survives, and what is left begins with a letter or a digit. */
export function idOf(name: string): string {
  const id = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 64)
  if (id === '') throw new Untranslatable('its name has neither letter nor digit')
  return id
}

/** Headers and parameters with a secret or a token in them, and those that are the same on every call. */
function placesOf({ proxy }: NangoEntry, texts: Translation) {
  const placements: Placement[] = []
  const constants = { headers: {} as Record<string, string>, query: {} as Record<string, string> }
  for (const [kind, given] of [['header', proxy.headers] as const, ['query', proxy.query] as const]) {
    for (const [name, value] of Object.entries(given)) {
      if (kind === 'header' && CALLERS.has(name.toLowerCase())) continue
      const placement = kind === 'header' ? basicPlacement(value, texts) : undefined
      const text = placement === undefined ? texts.text(value) : ''
      if (placement !== undefined) placements.push(placement)
      else if (/\$\{(secrets|token)\./.test(text)) placements.push({ [kind]: name, value: text })
      else constants[kind === 'header' ? 'headers' : 'query'][name] = text
    }
  }
  const { headers, query } = constants
  return {
    placements,
    constants: {
      ...(Object.keys(headers).length === 0 ? {} : { headers }),
      ...(Object.keys(query).length === 0 ? {} : { query }),
    },
  }
}

/** What a body is depends on the call. */
const CALLERS = new Set(['accept', 'content-type'])

/** `Basic ${base64(${username}:${password})}`. */
function basicPlacement(value: string, texts: Translation): Placement | undefined {
  const [, user, password] = /^Basic \$\{base64\(([^:()]*):([^:()]*)\)\}$/i.exec(value) ?? []
  if (user === undefined || password === undefined) return undefined
  return { basic: { username: texts.text(user), password: texts.text(password) } }
}

function baseUrl({ proxy }: NangoEntry, texts: Translation): string {
  if (proxy.base_url === undefined) throw new Untranslatable('it does not say where the API is (proxy.base_url)')
  return texts.address(proxy.base_url.replace(/\/+$/, ''))
}

function about({ default_scopes: scopes }: NangoEntry, texts: Translation, scheme: string) {
  const scope = { title: 'Scopes', description: 'With spaces between them.', default: scopes.join(' ') }
  const settings = { ...texts.settingFields(), ...(scheme === 'oauth2' ? { scope } : {}) }
  const secrets = texts.secretFields()
  return {
    ...(Object.keys(settings).length === 0 ? {} : { settings }),
    ...(Object.keys(secrets).length === 0 ? {} : { secrets }),
  }
}

function testOf({ proxy: { verification } }: NangoEntry, texts: Translation): Record<string, unknown> {
  const [path] = verification?.endpoints ?? []
  if (verification === undefined || path === undefined) return {}
  const method = verification.method.toUpperCase()
  const more = 'base_url_override' in verification || 'headers' in verification || 'data' in verification
  if (method !== 'GET' || more || !/^\/[^\s$]*$/.test(path)) {
    texts.left.push('proxy.verification')
    return {}
  }
  return { test: `GET ${path}` }
}

function docsOf({ docs, token_url, proxy }: NangoEntry): string {
  const found = [docs, proxy.base_url, token_url].find((url) => url !== undefined && /^https:\/\/[^$\s]+$/.test(url))
  if (found === undefined || !URL.canParse(found)) throw new Untranslatable('it names no address of its documentation')
  return found === docs ? found : new URL(found).origin
}
