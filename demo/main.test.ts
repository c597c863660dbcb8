import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { PAHEKO_WRITER } from '../test/support/paheko.ts'
import { chooseLanguage, MESSAGES } from './messages.ts'
import { freePort } from './program.ts'
import { setScene } from './scene.ts'
import { Show, shortKey } from './show.ts'
import { Mismatch } from './stage.ts'
import { play } from './steps.ts'

const MAIN = join(dirname(fileURLToPath(import.meta.url)), 'main.ts')
const WHOLE_KEY = /oct_[a-z]{2,8}_[a-z0-9]{8}_[0-9A-Za-z]{38}/g

/** Where the demonstration puts its data: a folder that must be empty again afterwards. */
let temporary: string
beforeEach(() => {
  temporary = mkdtempSync(join(tmpdir(), 'octroi-demo-test-'))
})
afterEach(() => rmSync(temporary, { recursive: true, force: true }))

function start(...args: string[]): { child: ChildProcess; output: () => string } {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...process.env, LANG: 'C', LC_ALL: '', TMPDIR: temporary },
  })
  let text = ''
  const add = (chunk: Buffer) => {
    text += chunk
  }
  child.stdout.on('data', add)
  child.stderr.on('data', add)
  return { child, output: () => text }
}

async function until(output: () => string, wanted: string): Promise<void> {
  for (let i = 0; i < 600 && !output().includes(wanted); i++) await new Promise((resolve) => setTimeout(resolve, 50))
  expect(output()).toContain(wanted)
}

describe('npm run demo -- --once', () => {
  it.each([
    ['en', 'All of this was checked'],
    ['fr', 'Tout cela a été vérifié'],
  ])('exit 0 within 20 s, every step shown, no secret shown, nothing left behind (%s)', async (lang, ending) => {
    const began = performance.now()
    const { child, output } = start('--once', '--lang', lang)
    const [code] = await once(child, 'close')
    expect([code, output()]).toEqual([0, expect.stringContaining(ending)])
    expect(performance.now() - began).toBeLessThan(20_000)
    for (const title of Object.values(MESSAGES[chooseLanguage(lang, {})].steps)) expect(output()).toContain(title)
    expect(output()).not.toMatch(WHOLE_KEY)
    expect(output()).not.toContain(PAHEKO_WRITER.password)
    expect(output()).not.toContain('helloasso-secret')
    expect(output().split('\n').length).toBeLessThan(80)
    expect(output()).not.toContain('\x1b[')
    expect(readdirSync(temporary)).toEqual([])
  })

  it('64 with an unknown option', async () => {
    const { child } = start('--twice')
    expect((await once(child, 'close'))[0]).toBe(64)
  })
})

/** The parts of a printed `curl` line, as `fetch` takes them: not every machine has curl. */
function parse(line: string): [string, RequestInit] {
  const url = /http:\/\/[^\s']+/.exec(line)?.[0] as string
  const headers = [...line.matchAll(/-H '([^:]+): ([^']+)'/g)].map(
    ([, name, value]) => [name, value] as [string, string],
  )
  const body = /-d '([^']+)'/.exec(line)?.[1]
  return [url, { headers, ...(body === undefined ? {} : { method: 'POST', body }) }]
}

describe('npm run demo', () => {
  it('stays up with three lines that do what they say, and cleans up at Ctrl-C', async () => {
    const { child, output } = start()
    await until(output, MESSAGES.en.staysUp)
    const lines = output()
      .split('\n')
      .filter((line) => line.startsWith('curl '))
    const answers = []
    for (const line of lines) answers.push(await fetch(...parse(line)))
    expect(answers.map(({ status }) => status)).toEqual([200, 403, 200])
    const audit = (await answers[2]?.json()) as { items: { code: string | null; status: number }[] }
    expect(audit.items.slice(0, 2)).toMatchObject([{ status: 403, code: 'not_granted' }, { status: 200 }])
    child.kill('SIGINT')
    expect((await once(child, 'close'))[0]).toBe(0)
    expect(readdirSync(temporary)).toEqual([])
  })

  it('a step that does not show what it says ends the story and is named', async () => {
    const scene = await setScene(temporary, await freePort(0))
    scene.paheko.setCredentials([])
    const messages = MESSAGES.en
    const told = play({ scene, show: new Show(messages, false), messages })
    await expect(told).rejects.toThrow(Mismatch)
    await expect(told).rejects.toMatchObject({
      step: messages.steps.allowed,
      message: 'expected 200, 1 -> Paheko, got 502 upstream_rejected_credential, 1 -> Paheko',
    })
    await scene.stop()
  })
})

describe('what is printed', () => {
  it.each([
    [undefined, { LANG: 'fr_FR.UTF-8' }, 'fr'],
    [undefined, { LANG: 'fr_FR.UTF-8', LC_ALL: 'C' }, 'en'],
    [undefined, {}, 'en'],
    ['fr', { LANG: 'en_US.UTF-8' }, 'fr'],
    ['en', { LANG: 'fr_FR.UTF-8' }, 'en'],
  ] as const)('--lang %s with %j: %s', (asked, env, language) => {
    expect(chooseLanguage(asked, env)).toBe(language)
  })

  it('a key is shortened to its id', () => {
    expect(shortKey('oct_key_1a2b3c4d_abcdef')).toBe('oct_key_1a2b3c4d_...')
    expect(shortKey('another-key')).toBe('anot...')
  })
})
