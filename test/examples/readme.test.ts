import { existsSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { Traveller } from '../provider/paheko_traveller.ts'
import { freePorts } from '../proxies/program.ts'
import { openSession, type Session } from '../requirements/guide_session.ts'
import type { TestGate } from '../support/gate.ts'
import { type Paheko, startPaheko } from '../support/paheko.ts'
import { connectPaheko, PASSWORD, startGateAt } from './scene.ts'

/** The examples are set up and run by what their pages say, to the letter, but for ports. */

const ROOT = join(import.meta.dirname, '../..')
const PAGES = [
  { page: 'examples/fastapi/README.md', port: 8000, saying: 'Uvicorn running', settings: 'till/settings.py' },
  { page: 'examples/fastapi/README.fr.md', port: 8000, saying: 'Uvicorn running', settings: 'till/settings.py' },
  { page: 'examples/typescript/README.md', port: 3000, saying: 'The desk is at', settings: 'settings.ts' },
]

const opened: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close()
})

const text = (page: string) => readFileSync(join(ROOT, page), 'utf8')
/** The commands of the page; one that goes on (`\`) is one. */
function commands(page: string): string[] {
  const blocks = [...text(page).matchAll(/^```sh\n([\s\S]*?)^```/gm)]
  return blocks.flatMap(([, block = '']) =>
    block
      .replace(/\\\n\s*/g, '')
      .trim()
      .split('\n'),
  )
}

interface Place {
  readonly gate: TestGate
  readonly paheko: Paheko
  readonly session: Session
  readonly url: string
  /** A command of the page with the ports of this machine. */
  here(command: string): string
}

async function open(port: number): Promise<Place> {
  const [gatePort = 0, ownPort = 0] = await freePorts(2)
  const gate = await startGateAt(gatePort)
  opened.push(() => gate.stop())
  const paheko = await startPaheko()
  opened.push(() => paheko.stop())
  await connectPaheko(gate, paheko)
  await gate.api('POST', '/accounts', { id: 'ada', kind: 'person', name: 'Ada', password: PASSWORD })
  const node = `node() { '${process.execPath}' "$@"; }`
  const session = openSession([`export OCTROI_URL=${gate.url} OCTROI_KEY=${gate.adminKey}`, node])
  opened.push(() => session.close())
  symlinkSync(join(ROOT, 'examples'), join(session.folder, 'examples'))
  const here = (command: string) => command.replaceAll(':8700', `:${gatePort}`).replaceAll(`:${port}`, `:${ownPort}`)
  const own = (command: string) =>
    here(command).replaceAll(` ${port} `, ` ${ownPort} `).replaceAll(`=${port}`, `=${ownPort}`)
  return { gate, paheko, session, url: `http://127.0.0.1:${ownPort}`, here: own }
}

describe.each(PAGES)('$page', ({ page, port, saying, settings }) => {
  it('names every setting that is read, and no other', () => {
    const source = readFileSync(join(ROOT, dirname(page), settings), 'utf8')
    const read = [...source.matchAll(/(?:text|url|secret|hours)\(['"]([A-Z_]+)['"]/g)].map(([, name]) => name)
    const rows = text(page)
      .split('\n')
      .filter((line) => /^\| `[A-Z]/.test(line))
    const named = rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([A-Z_]+)`/g)].map(([, name]) => name))
    expect(named.sort()).toEqual(read.sort())
    expect(read.length).toBeGreaterThan(4)
  })

  it('its links lead to files', () => {
    const links = [...text(page).matchAll(/\]\(([^)#]+)\)/g)].map(([, link]) => link as string)
    const missing = links.filter((link) => !/^https?:/.test(link) && !existsSync(join(ROOT, dirname(page), link)))
    expect([links.length > 3, missing]).toEqual([true, []])
  })

  it('what it tells to type sets the example up and runs it; somebody signs in', async () => {
    const { session, url, here, gate, paheko } = await open(port)
    const typed = commands(page).map(here)
    const exported = typed.filter((line) => line.startsWith('export ')).map((line) => line.slice('export '.length))
    const server = typed.findIndex((line) => /^(?:\/usr\/bin\/python3|node) /.test(line))
    for (const line of typed.slice(0, server).filter((each) => !each.startsWith('export ')))
      expect([line, await session.type(line)]).toEqual([line, expect.not.stringContaining('(exit')])
    for (const [, file = ''] of exported.join(' ').matchAll(/_FILE=(\S+)/g))
      expect([file, statSync(join(session.folder, file)).mode & 0o077]).toEqual([file, 0])
    const program = (typed[server] as string).replace(/^node /, `${process.execPath} `)
    await session.serve(`env PYTHONDONTWRITEBYTECODE=1 ${exported.join(' ')} ${program}`, saying)

    const traveller = new Traveller()
    await traveller.go(`${url}/api/login`)
    await traveller.submit('/sign-in/password', { login: 'ada', password: PASSWORD })
    const me = await traveller.site(url).get('/api/me')
    expect([me.status, JSON.parse(me.text)]).toMatchObject([200, { name: 'Ada' }])
    expect(traveller.trail.some((address) => address.startsWith(`${gate.url}/oidc/auth`))).toBe(true)

    let said = ''
    for (const line of typed.slice(server + 1)) said += await session.type(`{ ${line}; }`)
    if (page.startsWith('examples/fastapi')) expect(said).toContain('{"transaction":1}')
    expect([said.includes('(exit'), paheko.transactionCount()]).toEqual([false, said === '' ? 0 : 1])
  })
})
