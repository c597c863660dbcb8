import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { codeOf, type ForwardScene, startForwardScene } from '../forward_auth/scene.ts'
import { caddyReads, nginxReads, type Reading, tomcatReads, traefikReads } from './path_readers.ts'

/**
 * T10: whatever the spelling, forward-auth lets nobody through whom the path that the proxy or the service reads would have stopped.
 * The rules are written down twice: as routes for the gate, and as plain expressions for what each reader makes of the path.
 */

type Level = 'anybody' | 'user' | 'admin'
const LEVELS: readonly Level[] = ['anybody', 'user', 'admin']

/** The first that fits is the rule for a path that was read. */
const RULES: readonly (readonly [RegExp, Level])[] = [
  [/^\/public\/private(?:\/|$)/, 'admin'],
  [/^\/public(?:\/|$)/, 'anybody'],
  [/^\/admin(?:\/|$)/, 'admin'],
  [/^\/files\/[^/]+\.pdf\/?$/, 'anybody'],
  [/^\/items\/[0-9]+\/?$/, 'anybody'],
  [/^/, 'user'],
]

let scene: ForwardScene
const keys: Record<Level, readonly string[]> = { anybody: [], user: [], admin: [] }
beforeAll(async () => {
  scene = await startForwardScene()
  const admin = await scene.key()
  keys.user = ['API-KEY', (await scene.key()).key]
  keys.admin = ['API-KEY', admin.key]
  const anybody = { accept: { any: ['anonymous', 'api_key'] }, allow: { authenticated: true } }
  for (const path of ['/public/**', '/files/*.pdf', '/items/{n}']) await scene.route({ path, ...anybody })
  for (const path of ['/public/private/**', '/admin/**']) await scene.route({ path, allow: { keys: [admin.id] } })
  await scene.route({ path: '/**', allow: { authenticated: true } })
})
afterAll(() => scene.stop())

/** The least that the gate wants for this path; `undefined`: it lets nobody through. */
async function wantedByGate(uri: string): Promise<Level | undefined> {
  for (const level of LEVELS) {
    const answer = await scene.ask({ uri, headers: keys[level] })
    expect(answer.status).toBeLessThan(500)
    if (answer.status === 200) return level
  }
  return undefined
}

function wantedBy(path: string): Level {
  return (RULES.find(([rule]) => rule.test(path)) as (typeof RULES)[number])[1]
}

async function holdsFor(uri: string, readers: Readonly<Record<string, Reading>>): Promise<void> {
  const gate = await wantedByGate(uri)
  if (gate === undefined) return
  for (const [name, read] of Object.entries(readers)) {
    const path = read(uri)
    if (path === undefined) continue
    const least = LEVELS.indexOf(wantedBy(path))
    expect(LEVELS.indexOf(gate), `${uri}: ${name} reads ${path}`).toBeGreaterThanOrEqual(least)
  }
}

const READERS = { nginx: nginxReads, caddy: caddyReads, traefik: traefikReads, tomcat: tomcatReads }

const WORDS = ['public', 'private', 'admin', 'files', 'items', 'a.pdf', '7', 'x', 'PUBLIC', 'Admin', 'pr\u0131vate']
const GLUE = [
  ...['/', '/', '/', '//', '/./', '/../', '/..', '/.', '..', '...', '%2e%2e/', '%2E/', '/%2e%2e%2f', '%252e%252e/'],
  ...['%2f', '%2F', '%252f', '\\', '%5c', '/..\\', ';x', ';', ';x=/', '%3b', '/..;/', '/;/', '#', '%23', '?', '%3f'],
  ...[
    '%00',
    '%0a',
    '\t',
    '%20',
    '%c0%af',
    '%c0%ae',
    '%e2%80%a4',
    '%ef%bc%8f',
    '%ef%bc%8e',
    '%u002e',
    '%',
    '.',
    '%2e',
    '*',
  ],
]

/** A word, now and then a letter of it escaped. */
const letters = fc
  .tuple(fc.constantFrom(...WORDS), fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 7, maxLength: 7 }))
  .map(([word, choices]) =>
    Array.from(word, (letter, i) => (choices[i] === 0 || letter > '\x7f' ? escaped(letter) : letter)),
  )
  .map((spelt) => spelt.join(''))

/** `encodeURIComponent` leaves letters of ASCII as they are. */
function escaped(letter: string): string {
  return letter > '\x7f' ? encodeURIComponent(letter) : `%${letter.charCodeAt(0).toString(16)}`
}

const paths = fc
  .array(fc.tuple(fc.constantFrom(...GLUE), letters), { minLength: 1, maxLength: 5 })
  .map(
    (parts) =>
      `/${parts.map(([glue, word], i) => (i === 0 && glue.startsWith('/') ? glue.slice(1) : glue) + word).join('')}`,
  )

describe('T10', () => {
  it('T10: plain paths are what the rules say, for the gate as for everybody', async () => {
    for (const uri of [
      '/',
      '/public',
      '/public/x',
      '/public/private',
      '/public/private/x',
      '/admin/x',
      '/files/a.pdf',
    ]) {
      expect([uri, await wantedByGate(uri)]).toEqual([uri, wantedBy(uri)])
      for (const read of [nginxReads, caddyReads, traefikReads, tomcatReads]) expect(read(uri)).toBe(uri)
    }
  })

  it.each([
    '/public/../admin/x',
    '/public/..%2fadmin/x',
    '/public/%2e%2e/admin/x',
    '/public//private/x',
    '/public/./private/x',
    '/public/private;x/y',
    '/public;/private',
    '/ADMIN/x',
    '/%61dmin/x',
    '/admin%3bx/y',
    '/public/PRIVATE/y',
    '/admin%23/y',
    '/admin%3f/y',
    '/files/..%5c..%5cadmin/a.pdf',
    '/files/secret;.pdf',
    '/files/secret%3f.pdf',
    '/items/7;x',
    '/x/..;/admin',
  ])('T10: %s passes nobody whom a reader of it would stop', async (uri) => {
    await holdsFor(uri, READERS)
  })

  it('T10: nor does anything that is made of such pieces', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(paths, (uri) => holdsFor(uri, READERS)),
      { numRuns: 500 },
    )
  })

  it('T10: nor by the path behind ours (Envoy)', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(paths, async (uri) => {
        const answer = await scene.askRaw(`/forward-auth${uri}`, ['Host', 'app.example.org'])
        if (answer.status !== 200) return
        for (const read of Object.values(READERS)) {
          const path = read(uri)
          if (path !== undefined) expect(wantedBy(path), `${uri} is read ${path}: ${codeOf(answer)}`).toBe('anybody')
        }
      }),
      { numRuns: 300 },
    )
  })
})
