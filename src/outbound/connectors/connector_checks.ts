import { SCHEMES } from '../schemes/index.ts'
import type { Connector, Fault } from './connector.ts'
import type { ConnectorFile } from './connector_schema.ts'
import { headerNameFault, type Place } from './places.ts'
import { type Reference, type Template, TemplateScope } from './template.ts'

/** What a connector needs at run time besides its data. */
export interface Compiled {
  readonly base_url: Template
  readonly test: Template | undefined
  readonly headers: readonly (readonly [name: string, value: Template])[]
  readonly query: readonly (readonly [name: string, value: Template])[]
  /** By scheme id, whatever the scheme's section compiled to. */
  readonly schemes: Readonly<Record<string, unknown>>
  /** Where each setting and secret goes. */
  readonly places: ReadonlyMap<Reference, ReadonlySet<Place>>
  readonly sectionNames: readonly string[]
  /** Settings beyond those of the file: endpoints that a connection may have elsewhere. */
  readonly overrides: ReadonlySet<string>
}

/** Compiles every text of a file; `broken` keys have told their fault already. `compiled` is absent when something could not be. */
export function compileConnector(
  file: ConnectorFile,
  broken: ReadonlySet<string>,
): { compiled: Compiled | undefined; faults: readonly Fault[] } {
  const faults: Fault[] = []
  const scope = new TemplateScope(keys(file.settings), keys(file.secrets), file.hosts ?? [])
  const tell = (path: readonly string[], message: string) => void faults.push({ path, message })
  const attempt = <T>(path: readonly string[], compile: () => T): T | undefined => {
    if (broken.has(path[0] ?? '')) return undefined
    try {
      return compile()
    } catch (error) {
      tell(path, error instanceof Error ? error.message : String(error))
      return undefined
    }
  }

  const [, testPath] = typeof file.test === 'string' ? file.test.split(' ') : []
  const test = testPath === undefined ? undefined : attempt(['test'], () => scope.public(testPath, 'path'))
  const headers = pairs(file.headers, (name, value) =>
    attempt(['headers', name], () => {
      raise(headerNameFault(name))
      return scope.public(value, 'header_value')
    }),
  )
  const query = pairs(file.query, (name, value) => attempt(['query', name], () => scope.public(value, 'query_value')))

  const sectionNames = Object.values(SCHEMES)
    .filter(({ section }) => section)
    .map(({ id }) => id)
  const wanted = broken.has('scheme') ? [] : [file.scheme].flat()
  const schemes: Record<string, unknown> = {}
  for (const id of sectionNames) {
    if (wanted.includes(id)) schemes[id] = attempt([id], () => SCHEMES[id]?.section?.compile(file[id], scope))
    else if (file[id] !== undefined && !broken.has('scheme') && !broken.has(id))
      tell([id], `is for the scheme ${id}, which "scheme" does not name`)
  }
  const discovered = Object.entries(schemes).flatMap(([id, section]) => SCHEMES[id]?.section?.yields?.(section) ?? [])
  const base_url = attempt(['base_url'], () => baseUrl(file, scope, discovered))
  if (!broken.has('settings')) faults.push(...settingFaults(file, scope.places))
  if (faults.length > 0 || base_url === undefined) return { compiled: undefined, faults }
  const compiled = {
    base_url,
    test,
    headers,
    query,
    schemes,
    places: scope.places,
    sectionNames,
    overrides: scope.overrides,
  }
  return { compiled, faults }
}

/** An address that the service gives is only followed to the hosts that the file names: an answer must not send secrets anywhere. */
function baseUrl(file: ConnectorFile, scope: TemplateScope, discovered: readonly string[]): Template {
  const template = scope.discovered(file.base_url, 'url', discovered)
  const isDiscovered = template.references.some((name) => name.startsWith('token.'))
  if (isDiscovered && (file.hosts ?? []).length === 0)
    throw new Error('comes from the service: "hosts" must say which hosts it may be')
  return template
}

const ADDRESSES = ['url', 'endpoint', 'optional_endpoint'] as const

function settingFaults(file: ConnectorFile, places: ReadonlyMap<Reference, ReadonlySet<Place>>): Fault[] {
  return Object.entries(file.settings ?? {}).flatMap(([name, setting]) => {
    const path = ['settings', name]
    const where = places.get(`settings.${name}`) ?? new Set<Place>()
    const faults: Fault[] = []
    // A free text inside an address could name another host, and the secrets would go there.
    const free = (setting.format ?? 'text') === 'text' && setting.pattern === undefined && setting.enum === undefined
    if (ADDRESSES.some((place) => where.has(place)) && free)
      faults.push({ path, message: 'is part of an address: it needs format: url or hostname, a pattern or an enum' })
    const absent = setting.optional === true && setting.default === undefined
    const needed = (['url', 'endpoint', 'header_name', 'query_name'] as const).find((place) => where.has(place))
    if (absent && needed !== undefined)
      faults.push({ path, message: 'is part of an address or a name: it cannot be optional without a default' })
    return faults
  })
}

/** A declared secret that nothing uses is a slip of the pen: people would be asked for it in vain. */
function secretFaults(connector: Connector): Fault[] {
  const used = new Set(connector.schemes.flatMap((id) => Object.keys(SCHEMES[id]?.requires(connector) ?? {})))
  const faults = keys(connector.secrets)
    .filter((name) => !used.has(name))
    .map((name) => ({ path: ['secrets', name], message: 'is not used by the scheme' }))
  const names = connector.schemes.map((id) => Object.entries(SCHEMES[id]?.requires(connector) ?? {}))
  const clash = names.flatMap((fields) => clashes(fields.flatMap(([name, { aliases = [] }]) => [name, ...aliases])))
  return [
    ...faults,
    ...clash.map((name) => ({ path: ['secrets'], message: `the name or alias ${name} is used twice` })),
  ]
}

/** Two values under one name: which one wins would be an accident. A name that is a setting is not known yet. */
function nameFaults(connector: Connector): Fault[] {
  const { headers, query } = connector.compiled
  return connector.schemes.flatMap((id) => {
    const signed = SCHEMES[id]?.names({ connector, settings: {} }) ?? { headers: [], query: [] }
    const all = [
      ['headers', [...headers.map(([name]) => name.toLowerCase()), ...signed.headers]],
      ['query', [...query.map(([name]) => name.toLowerCase()), ...signed.query]],
    ] as const
    return all.flatMap(([path, names]) =>
      clashes(names.filter((name) => name !== '')).map((name) => ({ path: [path], message: `${name} is set twice` })),
    )
  })
}

/** What only the finished connector can tell: its schemes say which secrets they use and which names they set. */
export function finalFaults(connector: Connector): Fault[] {
  return [...secretFaults(connector), ...nameFaults(connector)]
}

function clashes(names: readonly string[]): string[] {
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))]
}

function raise(fault: string | undefined): void {
  if (fault !== undefined) throw new Error(fault)
}

function pairs(
  record: Readonly<Record<string, string>> | undefined,
  compile: (name: string, value: string) => Template | undefined,
): (readonly [string, Template])[] {
  return Object.entries(record ?? {}).flatMap(([name, value]) => {
    const template = compile(name, value)
    return template === undefined ? [] : [[name, template] as const]
  })
}

function keys(record: unknown): string[] {
  return record !== null && typeof record === 'object' ? Object.keys(record) : []
}
