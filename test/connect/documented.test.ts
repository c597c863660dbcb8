import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { NEAR, onwardOf } from '../requirements/person.ts'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'
import { visit } from './visitor.ts'

/** The code of docs/connect.md, run as it stands there but for the address and the service. */

const root = join(import.meta.dirname, '..', '..')
const page = readFileSync(join(root, 'docs/connect.md'), 'utf8')

interface User {
  customer: string
  connecting?: string | undefined
}
interface Documented {
  connect(user: User): Promise<string>
  connected(user: User, query: URLSearchParams): Promise<{ id: string }>
}

let gate: TestGate
let service: Upstream
beforeAll(async () => {
  ;[gate, service] = await Promise.all([startTestGate(), startUpstream()])
})
afterAll(() => Promise.all([gate?.stop(), service?.stop()]))

async function documented(key: string): Promise<Documented> {
  const [, code = ''] = /```js\n([\s\S]*?)```/.exec(page) ?? []
  const settings = JSON.stringify({ base_url: service.url, test_path: '/status/200' })
  const run = code
    .replace("'octroi/client'", `'${pathToFileURL(join(root, 'src/client/index.ts'))}'`)
    .replace('https://octroi.example.org', gate.url)
    .replace(
      "connector: 'fiken'",
      `connector: 'generic-api-key', settings: ${settings}, network: ${JSON.stringify(NEAR)}`,
    )
    .replace('process.env.OCTROI_KEY', JSON.stringify(key))
  expect(run).not.toMatch(/fiken|octroi\.example/)
  const folder = join(gate.settings.data_dir, 'example')
  mkdirSync(folder)
  writeFileSync(join(folder, 'example.mjs'), run)
  return import(pathToFileURL(join(folder, 'example.mjs')).href)
}

it('an application of several users connects each one’s own account, with the key that the page makes', async () => {
  const [, limited = ''] = /--permission '(\{.*?\})'/.exec(page) ?? []
  const tags = JSON.parse(limited)
  const permissions = ['connect-sessions.write', tags, { ...tags, permission: 'connections.write_network' }]
  const { body: made } = await gate.api('POST', '/keys', { name: 'app', permissions })
  const { connect, connected } = await documented(made.key)
  const [marie, paul]: User[] = [{ customer: '42' }, { customer: '43' }] as User[]
  const link = await connect(marie as User)
  const visitor = await visit(`${gate.url}${new URL(link).pathname}`)
  const back = new URL(onwardOf(await visitor.send({ 'secrets.api_key': 'typed' })) as string)
  expect(`${back.origin}${back.pathname}`).toBe('https://app.example.org/connected')
  // Paul was sent Marie's way back: his session never asked for it.
  await expect(connected(paul as User, back.searchParams)).rejects.toThrow('did not ask')
  const { id } = await connected(marie as User, back.searchParams)
  expect((await gate.api('GET', `/connections/${id}`)).body.tags).toEqual({ 'made-by': 'app', customer: '42' })
  await expect(connected(marie as User, back.searchParams)).rejects.toThrow('did not ask')
})
