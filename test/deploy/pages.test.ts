import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseCommandLine } from './command_lines.ts'
import { ROOT } from './context.ts'

/** The pages show the files as they are, name only what is there, and give commands that Octroi has. */

const PAGES = [
  'docs/guides/compose.md',
  'docs/guides/systemd.md',
  'docs/guides/reverse-proxy.md',
  'docs/fr/installer.md',
  'docs/operations.md',
]
const textOf = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const files = readdirSync(join(ROOT, 'deploy'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length + 1))

const shown = PAGES.flatMap((page) =>
  [...textOf(page).matchAll(/^`(deploy\/[^`]+)`[^\n]*:\n\n```\w*\n(.*?)^```$/gms)].map(
    ([, file = '', text = '']) => [page, file, text] as const,
  ),
)

/** What is not shown: those that others run, or that differ from one that is by a few lines. */
const UNSHOWN = [
  'deploy/lay_out',
  'deploy/docker/root',
  'deploy/docker/octroi',
  'deploy/docker/healthy',
  'deploy/systemd/octroi-backup.service',
]

describe('the files of deploy', () => {
  it.each(shown)('%s shows %s as it is', (_, file, text) => {
    expect(text).toBe(textOf(file))
  })

  it('each is shown somewhere, but those that others run', () => {
    expect([...new Set(shown.map(([, file]) => file)), ...UNSHOWN].sort()).toEqual(files.sort())
  })

  it('what is run can be run', () => {
    const scripts = files.filter((file) => textOf(file).startsWith('#!'))
    expect(scripts.length).toBeGreaterThan(4)
    expect(scripts.filter((file) => (statSync(join(ROOT, file)).mode & 0o111) !== 0o111)).toEqual([])
  })
})

describe.each(PAGES)('%s', (page) => {
  const text = textOf(page)

  it('names files of deploy that are there', () => {
    const named = [...text.matchAll(/\bdeploy\/[\w./-]+\w/g)].map(([path]) => path)
    expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
  })

  it('gives commands and options that Octroi has', () => {
    const blocks = [...text.matchAll(/^```(?:sh)?\n(.*?)^```$/gms)].map(([, block = '']) => block.replace(/\\\n/g, ' '))
    const lines = blocks.flatMap((block) => block.split('\n')).flatMap((line) => parseCommandLine(line))
    if (page !== 'docs/guides/reverse-proxy.md') expect(lines.length).toBeGreaterThan(2)
    expect(lines.map(({ fault }) => fault).filter((fault) => fault !== undefined)).toEqual([])
  })
})

describe('how commands are read', () => {
  it.each([
    ['octroi account ls', undefined],
    ['/opt/octroi/octroi-admin doctor --json', undefined],
    ['docker compose run --rm --no-deps octroi init   # once', undefined],
    ['docker exec -e OCTROI_KEY=x octroi octroi account ls', undefined],
    ['octroi acount ls', 'no such command'],
    ['octroi-admin backup', 'FILE'],
    ['docker compose exec octroi octroi doctor --prob', '--prob'],
  ])('%s', (line, fault) => {
    const [read] = parseCommandLine(line)
    expect(read?.fault ?? '').toContain(fault ?? '')
    expect(read?.fault === undefined).toBe(fault === undefined)
  })
})
