import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What `docker build` sends of a checkout: the files that .dockerignore lets in (https://docs.docker.com/build/concepts/context/). */

export const ROOT = join(import.meta.dirname, '../..')

interface Rule {
  readonly pattern: RegExp
  readonly lets: boolean
}

/** `*` is one name, `**` any number of folders; a rule for a folder is one for all that is in it; the last rule that fits decides. */
export function rulesOf(text: string): Rule[] {
  const lines = text.split('\n').map((line) => line.trim())
  return lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const lets = line.startsWith('!')
      const words = (lets ? line.slice(1) : line).split('/')
      const source = words.map((word) => (word === '**' ? '(?:.*/)?' : `${nameOf(word)}/`)).join('')
      return { lets, pattern: new RegExp(`^${source.replace(/\/$/, '')}(?:/|$)`) }
    })
}

function nameOf(word: string): string {
  return word.replace(/[.+^${}()|[\]\\]/g, '\\$&').replaceAll('*', '[^/]*')
}

export function isLetIn(rules: readonly Rule[], path: string): boolean {
  return rules.findLast(({ pattern }) => pattern.test(path))?.lets ?? true
}

/** Never looked into: neither is ours to send, and one is large. */
const APART = new Set(['node_modules', '.git'])

export function contextFiles(root = ROOT): string[] {
  const rules = rulesOf(readFileSync(join(root, '.dockerignore'), 'utf8'))
  const walk = (folder: string): string[] =>
    readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name)
      if (!entry.isDirectory()) return [path]
      return APART.has(entry.name) ? [`${path}/any`] : walk(path)
    })
  return walk('').filter((path) => isLetIn(rules, path))
}
