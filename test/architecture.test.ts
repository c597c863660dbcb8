import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { describe, expect, it } from 'vitest'

/** Who may know whom. Read docs/architecture.md first; a rule is changed there and here, or not at all. */

const root = join(import.meta.dirname, '..')
const src = join(root, 'src')

/** What stands to the right of a folder, from its nearest neighbours on. A file directly in `src/` stands under its own name. */
const MAY_KNOW: Readonly<Record<string, readonly string[]>> = {
  core: [],
  policy: ['core'],
  config: ['policy', 'core'],
  store: ['policy', 'core'],
  vault: ['policy', 'core'],
  audit: ['policy', 'core'],
  inbound: ['policy', 'core'],
  outbound: ['policy', 'core'],
  sign_in: ['policy', 'core'],
  pages: ['provider', 'sign_in', 'core'],
  gateway: ['sign_in', 'inbound', 'outbound', 'policy', 'core'],
  provider: ['sign_in', 'inbound', 'outbound', 'policy', 'core'],
  api: ['provider', 'sign_in', 'inbound', 'outbound', 'policy', 'core'],
  http: ['api', 'gateway', 'provider', 'pages', 'sign_in', 'inbound', 'outbound', 'policy', 'core', 'version.ts'],
  client: ['api', 'core'],
  cli: [
    'client',
    'http',
    'api',
    'gateway',
    'provider',
    'sign_in',
    'inbound',
    'outbound',
    'policy',
    'core',
    'config',
    'audit',
    'version.ts',
  ],
  installation: ['store', 'vault', 'audit', 'config', 'inbound', 'outbound', 'policy', 'core', 'version.ts'],
  'version.ts': [],
}
/** They put together what the others only know by interfaces. */
const ASSEMBLING = new Set(['app.ts', 'main.ts'])

interface Import {
  readonly from: string
  readonly to: string
  readonly typeOnly: boolean
}

function filesOf(folder: string, pattern: RegExp): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && pattern.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !file.includes(`${sep}node_modules${sep}`))
    .sort()
}

const sources = filesOf(src, /\.ts$/).filter((file) => !file.endsWith('.test.ts'))
const IMPORT = /^(?:import|export)\s+(type\s+)?(?:([^'";]*?)\s+from\s+)?'(\.[^']*)'|\bimport\('(\.[^']*)'\)/gm

function importsOf(file: string): Import[] {
  return [...readFileSync(file, 'utf8').matchAll(IMPORT)].map(([, type, names = '', from, dynamic]) => ({
    from: file,
    to: join(dirname(file), from ?? (dynamic as string)),
    typeOnly: type !== undefined || onlyTypes(names),
  }))
}

/** `{ type A, type B }` */
function onlyTypes(names: string): boolean {
  const list = /^\{([^}]*)\}$/
    .exec(names.trim())?.[1]
    ?.split(',')
    .map((name) => name.trim())
    .filter(Boolean)
  return list !== undefined && list.length > 0 && list.every((name) => name.startsWith('type '))
}

const imports = sources.flatMap(importsOf)
const folderOf = (file: string) => relative(src, file).split(sep)[0] as string
const shown = ({ from, to }: Import) => `${relative(root, from)} imports ${relative(root, to)}`

describe('the direction of imports', () => {
  it('every import leads to a file that is there', () => {
    expect(imports.filter(({ to }) => !existsSync(to)).map(shown)).toEqual([])
    expect(imports.length).toBeGreaterThan(200)
  })
  it('every folder has its place', () => {
    const folders = new Set(sources.map(folderOf))
    expect([...folders].filter((name) => MAY_KNOW[name] === undefined && !ASSEMBLING.has(name))).toEqual([])
  })
  it('arrows go right only', () => {
    const breaches = imports.filter(({ from, to }) => {
      const [here, there] = [folderOf(from), folderOf(to)]
      return here !== there && !ASSEMBLING.has(here) && !MAY_KNOW[here]?.includes(there)
    })
    expect(breaches.map(shown)).toEqual([])
  })
  it('main.ts is known by nobody, app.ts by main.ts and the commands', () => {
    expect(imports.filter(({ to }) => folderOf(to) === 'main.ts').map(shown)).toEqual([])
    const users = imports.filter(({ to }) => folderOf(to) === 'app.ts').map(({ from }) => folderOf(from))
    expect(users.filter((name) => name !== 'main.ts')).toEqual([])
  })
  it('store and vault are known by app.ts and installation alone', () => {
    const users = imports.filter(
      ({ from, to }) => ['store', 'vault'].includes(folderOf(to)) && folderOf(from) !== folderOf(to),
    )
    const others = users.filter(({ from }) => !['app.ts', 'installation'].includes(folderOf(from)))
    expect(others.map(shown)).toEqual([])
  })
  it('inbound and outbound do not know each other', () => {
    const pair = new Set(['inbound', 'outbound'])
    const meetings = imports.filter(
      ({ from, to }) => pair.has(folderOf(from)) && pair.has(folderOf(to)) && folderOf(from) !== folderOf(to),
    )
    expect(meetings.map(shown)).toEqual([])
  })
  it('client takes types only from api', () => {
    const taken = imports.filter(({ from, to }) => folderOf(from) === 'client' && folderOf(to) !== 'client')
    expect(taken.filter(({ typeOnly }) => !typeOnly).map(shown)).toEqual([])
  })
  it('cli imports neither app.ts nor installation, store or vault: main.ts hands them over', () => {
    const hidden = ['app.ts', 'installation', 'store', 'vault']
    const taken = imports.filter(({ from, to }) => folderOf(from) === 'cli' && hidden.includes(folderOf(to)))
    expect(taken.map(shown)).toEqual([])
  })
  it('no circle of folders', () => {
    const edges = new Map<string, Set<string>>()
    for (const { from, to } of imports) {
      if (folderOf(from) === folderOf(to)) continue
      edges.set(folderOf(from), (edges.get(folderOf(from)) ?? new Set()).add(folderOf(to)))
    }
    expect(circleIn(edges)).toBeUndefined()
  })
  it('no circle of files, but of types', () => {
    const edges = new Map<string, Set<string>>()
    for (const { from, to, typeOnly } of imports) {
      if (!typeOnly)
        edges.set(relative(src, from), (edges.get(relative(src, from)) ?? new Set()).add(relative(src, to)))
    }
    expect(circleIn(edges)).toBeUndefined()
  })
})

describe('files', () => {
  const written = ['src', 'test', 'demo', 'bench', 'scripts', 'examples'].filter((name) => existsSync(join(root, name)))
  const files = written.flatMap((name) => filesOf(join(root, name), /\.ts$/))

  it('have no more than 300 lines', () => {
    const long = files
      .map((file) => ({ file, lines: readFileSync(file, 'utf8').trimEnd().split('\n').length }))
      .filter(({ lines }) => lines > 300)
    expect(long.map(({ file, lines }) => `${relative(root, file)}: ${lines}`)).toEqual([])
  })
  it('are named in small letters with underscores', () => {
    const odd = files
      .map((file) => relative(root, file))
      .filter((file) => !/^[a-z0-9_./]+$/.test(file.replaceAll(sep, '/')))
    expect(odd).toEqual([])
  })
  it('have no name that says nothing', () => {
    const empty = files.filter((file) =>
      /(^|_)(helpers?|utils?|common|managers?)(_|\.|$)/.test(file.split(sep).at(-1) ?? ''),
    )
    expect(empty.map((file) => relative(root, file))).toEqual([])
  })
})

/** The first circle, as its stations. */
function circleIn(edges: ReadonlyMap<string, ReadonlySet<string>>): string[] | undefined {
  const done = new Set<string>()
  const follow = (node: string, path: readonly string[]): string[] | undefined => {
    if (path.includes(node)) return [...path.slice(path.indexOf(node)), node]
    if (done.has(node)) return undefined
    for (const next of edges.get(node) ?? []) {
      const circle = follow(next, [...path, node])
      if (circle !== undefined) return circle
    }
    done.add(node)
    return undefined
  }
  for (const node of edges.keys()) {
    const circle = follow(node, [])
    if (circle !== undefined) return circle
  }
  return undefined
}
