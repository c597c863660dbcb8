import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** As the launcher starts it. */
const FLAGS = ['--min-semi-space-size=8', '--max-semi-space-size=8']

/** How Octroi is started: the bundle that a release is, or the sources of the checkout. */
export interface Product {
  readonly file: string
  readonly args: readonly string[]
  readonly kind: 'bundle' | 'sources'
  /** Does a boot setting of this name exist in what is measured? */
  readonly knows: (setting: string) => boolean
}

/**
 * Bundles anew where the checkout can, so that no old bundle is measured in the place of the sources.
 * @throws when the bundling fails: the sources alone start slower and would be the wrong thing to measure
 */
export function prepareProduct(root: string): Product {
  const script = join(root, 'scripts', 'bundle.ts')
  if (existsSync(script)) {
    const made = spawnSync(process.execPath, [script], { cwd: root, encoding: 'utf8' })
    if (made.status !== 0) throw new Error(`npm run bundle failed:\n${made.stdout}${made.stderr}`)
  }
  const bundle = join(root, 'dist', 'octroi.cjs')
  if (!existsSync(bundle)) return sources(root)
  const text = readFileSync(join(root, 'dist', 'main.cjs'), 'utf8')
  return {
    file: process.execPath,
    args: [...FLAGS, bundle],
    kind: 'bundle',
    knows: (setting) => text.includes(setting),
  }
}

function sources(root: string): Product {
  const folder = join(root, 'src', 'config')
  const files = existsSync(folder) ? readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8')) : []
  return {
    file: join(root, 'octroi'),
    args: [],
    kind: 'sources',
    knows: (setting) => files.some((text) => text.includes(setting)),
  }
}
