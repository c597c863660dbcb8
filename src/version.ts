import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The package's own folder: this file is in `src/`, a release in `dist/`. */
const root = join(import.meta.dirname, '..')

export const VERSION: string = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string })
  .version

export function shippedConnectors(): string {
  return join(root, 'connectors')
}

/** The pages that problem documents point to. */
export function errorPages(): string {
  return join(root, 'docs', 'errors')
}
