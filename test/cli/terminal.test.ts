import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { PAHEKO_WRITER, type Paheko, startPaheko } from '../support/paheko.ts'
import { octroiOnTerminal } from './octroi.ts'

let gate: TestGate
let paheko: Paheko
const { username, password } = PAHEKO_WRITER

beforeAll(async () => {
  ;[gate, paheko] = await Promise.all([startTestGate(), startPaheko()])
})
afterAll(() => Promise.all([gate?.stop(), paheko?.stop()]))

function run(args: readonly string[], answers: readonly (readonly [string, string])[]) {
  return octroiOnTerminal(args, answers, { OCTROI_URL: gate.url, OCTROI_KEY: gate.adminKey })
}

const ADD = ['connection', 'add', 'paheko', '--allow-private', '--allow-http']

describe('on a terminal', () => {
  it('connection add asks for settings in the open and for secrets hidden, and again for a wrong one', async () => {
    const { code, screen } = await run(ADD, [
      ['Address of your Paheko', `${paheko.url}\r`],
      ['API identifier (hidden): ', `${username}\r`],
      ['API password (hidden): ', 'not-the-password\r'],
      ['Once more', ''],
      ['Address of your Paheko', `${paheko.url}\r`],
      ['API identifier (hidden): ', `${username}\r`],
      ['API password (hidden): ', `${password}\r`],
    ])
    expect(screen).toContain('Tried: it works.')
    expect(code).toBe(0)
    expect(screen).toContain(paheko.url)
    expect(screen).not.toContain(password)
    expect(screen).not.toContain('not-the-password')
  })

  it('a paste of all answers at once shows no secret', async () => {
    const all = `${paheko.url}\r${username}\r${password}\r`
    const { code, screen } = await run([...ADD, '--id', 'pasted'], [['Address of your Paheko', all]])
    expect(code).toBe(0)
    expect(screen).not.toContain(password)
  })

  it('backspace and Ctrl-U work in a hidden answer', async () => {
    const { code } = await run(
      [...ADD, '--id', 'mended', '--set', `base_url=${paheko.url}`],
      [
        ['API identifier (hidden): ', `wrong\x15${username}x\x7f\r`],
        ['API password (hidden): ', `${password}\r`],
      ],
    )
    expect(code).toBe(0)
  })

  it('Ctrl-C gives up: exit 1, nothing made', async () => {
    const { code, screen } = await run([...ADD, '--id', 'given-up'], [['Address of your Paheko', '\x03']])
    expect(code).toBe(1)
    expect(screen).toContain('nothing was changed')
    expect((await gate.api('GET', '/connections/given-up')).status).toBe(404)
  })

  it('rm asks; anything but yes leaves it', async () => {
    const no = await run(['connection', 'rm', 'pasted'], [['[y/N]', '\r']])
    expect(no.code).toBe(1)
    const yes = await run(['connection', 'rm', 'pasted'], [['[y/N]', 'y\r']])
    expect(yes.code).toBe(0)
    expect((await gate.api('GET', '/connections/pasted')).status).toBe(404)
  })
})
