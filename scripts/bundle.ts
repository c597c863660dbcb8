import { execFileSync } from 'node:child_process'
import { copyFile, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { type BuildOptions, build, type Plugin, transform } from 'esbuild'

/**
 * `npm run bundle`: the whole program in one file, which starts several times faster than the sources, and beside it, in `dist/parts`,
 * libraries that are not needed to start. `dist/octroi.cjs` switches Node's compile cache on, beside itself, and loads it: a shared folder
 * for temporary files would let others put code there.
 * `--package` adds the typed client as programs import it; `--check` starts the result once.
 */
const root = join(import.meta.dirname, '..')
const dist = join(root, 'dist')

// A cache is written once, with what had been compiled when the process ended: the short life of `octroi key ls` must not be what
// `octroi serve` starts from.
const LOADER = `const { join } = require('node:path')
const kind = process.argv[2] === 'serve' ? 'serve' : 'command'
require('node:module').enableCompileCache(join(__dirname, '.compile-cache', kind))
require('./main.cjs')
`

/** Libraries that are read when they are first used. None of them may import our code: it would be there twice. */
const PARTS: Readonly<Record<string, string>> = {
  bcryptjs: 'bcryptjs',
  fastify: 'fastify',
  nodemailer: 'nodemailer',
  'oidc-provider': 'oidc-provider',
  'openid-client': 'openid-client',
  pg: 'pg',
  'prom-client': 'prom-client',
  './webauthn.ts': join(root, 'src', 'sign_in', 'factors', 'webauthn.ts'),
}

const partFile = (name: string) => `parts/${basename(name, '.ts')}`

const partsApart: Plugin = {
  name: 'parts',
  setup({ onResolve }) {
    onResolve({ filter: /^/ }, ({ path, kind }) =>
      kind !== 'entry-point' && Object.hasOwn(PARTS, path) ? { path: `./${partFile(path)}.cjs`, external: true } : null,
    )
  },
}

/** Of undici, what pools need: its index loads fetch, WebSocket and caches as well, a tenth of a start. */
const onlyPools: Plugin = {
  name: 'undici',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^undici$/ }, () => ({ path: 'undici', namespace: 'pools' }))
    onLoad({ filter: /^/, namespace: 'pools' }, () => ({
      resolveDir: root,
      contents: `
        exports.Pool = require('undici/lib/dispatcher/pool.js')
        exports.buildConnector = require('undici/lib/core/connect.js')
        require('undici/lib/dispatcher/dispatcher.js').prototype.request = require('undici/lib/api/api-request.js')`,
    }))
  },
}

/** Of zod's fifty languages, ours. */
const onlyEnglish: Plugin = {
  name: 'zod',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: `export { default as en } from './en.js'`,
    }))
  },
}

/** The library of the OpenID provider stores and finds what it keeps by the names of its classes, which shortening the syntax takes away. */
const namedClasses: Plugin = {
  name: 'named-classes',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]oidc-provider[\\/]lib[\\/].*\.js$/ }, async ({ path }) => {
      const { code } = await transform(await readFile(path, 'utf8'), {
        keepNames: true,
        format: 'esm',
        target: 'node24',
      })
      return { contents: code, loader: 'js' }
    })
  },
}

const options = {
  outdir: dist,
  bundle: true,
  platform: 'node',
  target: 'node24',
  // CommonJS: importing node:http into an ES module enumerates all its exports, which loads the whole of fetch and WebSocket.
  format: 'cjs',
  // A part is required, too, when it is imported later.
  supported: { 'dynamic-import': false },
  outExtension: { '.js': '.cjs' },
  define: { 'import.meta.dirname': '__dirname', 'import.meta.url': '__filename' },
  // Names stay: they are part of what errors and logs say.
  minifySyntax: true,
  minifyWhitespace: true,
  sourcemap: 'linked',
  sourcesContent: false,
  metafile: true,
  logLevel: 'warning',
  // Optional native part of `pg`, used only where somebody installed it.
  external: ['pg-native'],
} as const satisfies BuildOptions

await rm(dist, { recursive: true, force: true })
await build({
  ...options,
  plugins: [namedClasses],
  entryPoints: Object.fromEntries(Object.entries(PARTS).map(([name, entry]) => [partFile(name), entry])),
})
const { metafile } = await build({
  ...options,
  entryPoints: {
    main: join(root, 'src', 'main.ts'),
    // A thread of its own: see src/inbound/hashes/hash_thread.ts.
    hash_worker: join(root, 'src', 'inbound', 'hashes', 'hash_worker.ts'),
  },
  plugins: [partsApart, onlyPools, onlyEnglish],
})
await writeFile(join(dist, 'octroi.cjs'), LOADER)
await copyFile(join(root, 'src', 'sign_in', 'common_passwords.txt'), join(dist, 'common_passwords.txt'))
const bytes = Object.entries(metafile.outputs).find(([name]) => name.endsWith('main.cjs'))?.[1].bytes ?? 0
console.log(`dist/main.cjs: ${Math.round(bytes / 1024)} kB`)

if (process.argv.includes('--package')) await packageClient()
if (process.argv.includes('--check')) {
  const version = execFileSync(process.execPath, [join(dist, 'octroi.cjs'), '--version'], { encoding: 'utf8' })
  console.log(`dist/octroi.cjs runs: ${version.trim()}`)
}

/** The client imports types only, so that its code is one small file; the types are those of the operations themselves. */
async function packageClient(): Promise<void> {
  execFileSync(
    process.execPath,
    [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.client.json'],
    {
      cwd: root,
      stdio: 'inherit',
    },
  )
  await build({
    entryPoints: [join(root, 'src', 'client', 'index.ts')],
    outfile: join(dist, 'lib', 'client', 'index.js'),
    bundle: true,
    platform: 'neutral',
    target: 'es2022',
    format: 'esm',
    logLevel: 'warning',
  })
}
