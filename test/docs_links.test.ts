import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'

/** Every link from page to page leads somewhere, down to the heading. */

const root = join(import.meta.dirname, '..')
const pages = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
]

/** Without code, where brackets are something else. */
function prose(text: string): string {
  return text.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, 'code')
}

/** As GitHub makes them of headings. */
function anchorsOf(path: string): Set<string> {
  const headings = readFileSync(path, 'utf8')
    .replace(/^```[\s\S]*?^```/gm, '')
    .matchAll(/^#{1,6} +(.+)$/gm)
  const slug = (heading: string) =>
    heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-')
  return new Set([...headings].map(([, heading]) => slug(heading as string)))
}

function broken(page: string): string[] {
  const links = prose(readFileSync(join(root, page), 'utf8')).matchAll(/\]\(\s*([^)\s]+)\s*\)/g)
  return [...links].flatMap(([, link = '']) => {
    if (/^[a-z]+:/.test(link)) return []
    const [path = '', anchor] = link.split('#')
    const target = path === '' ? join(root, page) : join(root, dirname(page), path)
    if (!existsSync(target)) return [`${link}: there is no ${relative(root, target)}`]
    return anchor === undefined || anchorsOf(target).has(anchor) ? [] : [`${link}: there is no such heading`]
  })
}

describe('links', () => {
  it.each(pages)('of %s', (page) => {
    expect(broken(page)).toEqual([])
  })

  it('of docs/README.md lead to every page; errors have a list of their own', () => {
    const index = readFileSync(join(root, 'docs/README.md'), 'utf8')
    const listed = pages
      .filter((page) => page.startsWith('docs/') && !/^docs\/(README|errors\/|authenticators\/)/.test(page))
      .filter((page) => !index.includes(`(${relative('docs', page)})`))
    expect(listed).toEqual([])
  })
})
