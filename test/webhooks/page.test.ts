import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { EVENT_TYPES } from '../../src/core/events.ts'
import { RETRY_DELAYS_MS } from '../../src/outbound/webhooks/schedule.ts'
import { newSigningKey, signatureHeaders } from '../../src/outbound/webhooks/signing.ts'

/** What the page tells receivers to do is done here, with the page's own code. */

const page = readFileSync(join(import.meta.dirname, '../../docs/webhooks.md'), 'utf8')
const folder = mkdtempSync(join(tmpdir(), 'octroi-page-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const code = (language: string) => new RegExp(`\`\`\`${language}\n([\\s\\S]+?)\`\`\``).exec(page)?.[1] as string
const cell = (name: string) => new RegExp(`^\\| ${name} \\| \`([^\`]+)\``, 'm').exec(page)?.[1] as string

interface Case {
  readonly secret: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly now: number
}

const vector: Case = {
  secret: cell('secret'),
  headers: Object.fromEntries(
    ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => [name, cell(`\`${name}\``)]),
  ),
  body: cell('body'),
  now: 1_614_265_330,
}

/** A message of ours, in an overlap. */
function ours(): Case {
  const secret = newSigningKey()
  const body = '{"name":"Caisse n° 1"}'
  const raw = signatureHeaders([newSigningKey(), secret], { id: 'event-1', body }, new Date(vector.now * 1_000))
  const headers = Object.fromEntries([0, 2, 4].map((i) => [raw[i], raw[i + 1]] as [string, string]))
  return { secret, headers, body, now: vector.now + 200 }
}

const altered = (one: Case): [string, Case][] => [
  ['another body', { ...one, body: `${one.body} ` }],
  ['another secret', { ...one, secret: newSigningKey() }],
  ['another id', { ...one, headers: { ...one.headers, 'webhook-id': 'another' } }],
  ['an old time', { ...one, now: one.now + 400 }],
  ['no signature', { ...one, headers: { ...one.headers, 'webhook-signature': 'v1,' } }],
  ['another version', { ...one, headers: { ...one.headers, 'webhook-signature': 'v2,x' } }],
]

type Verify = (one: Case) => Promise<boolean>

const inNode: Verify = async ({ secret, headers, body, now }) => {
  const file = join(folder, 'verify.mjs')
  writeFileSync(file, code('js'))
  const { verify } = await import(file)
  return verify(secret, headers, Buffer.from(body), now)
}

const inPython: Verify = async ({ secret, headers, body, now }) => {
  const file = join(folder, 'verify.py')
  const call = `\nimport json, sys\none = json.load(sys.stdin)\nprint(verify(one["secret"], one["headers"], one["body"].encode(), one["now"]))\n`
  writeFileSync(file, code('python') + call)
  const input = JSON.stringify({ secret, headers, body, now })
  return execFileSync('python3', [file], { input }).toString().trim() === 'True'
}

/** Not on every machine, and nothing that Octroi needs. */
const PHP = 'php'

const inPhp: Verify = async (one) => {
  const file = join(folder, 'verify.php')
  const call = `$one = json_decode(stream_get_contents(STDIN), true);\necho verify($one['secret'], $one['headers'], $one['body'], $one['now']) ? 'yes' : 'no';\n`
  writeFileSync(file, code('php') + call)
  return execFileSync(PHP, [file], { input: JSON.stringify(one) }).toString() === 'yes'
}

function installed(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

const RECEIVERS = [
  ['JavaScript', process.execPath, inNode],
  ['Python', 'python3', inPython],
  ['PHP', PHP, inPhp],
] as const

describe.each(RECEIVERS.filter(([, program]) => installed(program)))('the receiver in %s', (_, _program, verify) => {
  it('takes the vector of the page, and a message of ours with two signatures', async () => {
    expect(await verify(vector)).toBe(true)
    expect(await verify(ours())).toBe(true)
  })
  it.each(altered(vector))('refuses %s', async (_what, one) => {
    expect(await verify(one)).toBe(false)
  })
})

describe('the page', () => {
  it('shows a request whose signature is right', async () => {
    const shown = code('http')
    const header = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(shown)?.[1] as string
    const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature']
    const headers = Object.fromEntries(names.map((name) => [name, header(name)]))
    const body = shown.split('\n\n')[1]?.trimEnd() as string
    const now = Number(headers['webhook-timestamp'])
    expect(await inNode({ secret: vector.secret, headers, body, now })).toBe(true)
    expect(JSON.parse(body)).toMatchObject({ data: { id: headers['webhook-id'] } })
  })
  it('names every type of event', () => {
    for (const type of EVENT_TYPES) {
      const [noun, verb] = type.split('.')
      const row = page.split('\n').find((line) => line.startsWith(`| \`${noun}.`) && line.includes(`.${verb}\``))
      expect(row, type).toBeDefined()
    }
  })
  it('says when it is tried again', () => {
    const words = RETRY_DELAYS_MS.map((ms) =>
      ms < 60_000 ? `${ms / 1e3} s` : ms < 36e5 ? `${ms / 6e4} min` : `${ms / 36e5} h`,
    )
    expect(page.replaceAll('\n', ' ')).toContain(`${words.slice(0, -1).join(', ')} and ${words.at(-1)}`)
  })
})
