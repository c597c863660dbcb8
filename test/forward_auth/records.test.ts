import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { codeOf, type ForwardScene, HOST, type NewKey, startForwardScene } from './scene.ts'

/** What is written down of a check: the trail, the last use, the figures. */

let scene: ForwardScene
let key: NewKey
beforeAll(async () => {
  scene = await startForwardScene()
  await scene.account({ id: 'till', name: 'Till' })
  key = await scene.key({ account: 'till' })
  await scene.route({ id: 'orders', path: '/orders/**', allow: { keys: [key.id] } })
})
afterAll(() => scene.stop())

interface Line {
  readonly request: string
}

async function lineOf(request: string | undefined, of = scene): Promise<Line | undefined> {
  const { items } = (await of.must('GET', '/audit?limit=100')) as { items: Line[] }
  return items.find((line) => line.request === request)
}

describe('the audit trail', () => {
  it('has one line per check: who, what was asked about, which route, what it came to', async () => {
    const answer = await scene.ask({
      method: 'POST',
      uri: '/orders/7?secret=x',
      headers: ['API-KEY', key.key, 'X-Forwarded-For', '203.0.113.9', 'X-Correlation-ID', 'c-1'],
    })
    await expect
      .poll(() => lineOf(answer.header('octroi-request-id')))
      .toMatchObject({
        action: 'forward-auth',
        phase: 'finished',
        account: 'till',
        key: key.id,
        connection: null,
        method: 'POST',
        path: '/orders/7',
        status: 200,
        code: null,
        address: '203.0.113.9',
        correlation: 'c-1',
        target: 'route:orders',
      })
  })
  it.each<[string, () => readonly string[], string, object]>([
    [
      'without a credential',
      () => [],
      '/orders/7',
      { status: 401, code: 'unauthenticated', key: null, target: 'route:orders' },
    ],
    [
      'without a route',
      () => ['API-KEY', key.key],
      '/x',
      { status: 403, code: 'not_granted', key: null, target: null },
    ],
    ['with a path that is not read', () => [], '/a/../b', { status: 400, code: 'unsafe_path', path: '/a/../b' }],
  ])('has one for a refusal %s', async (_, headers, uri, expected) => {
    const answer = await scene.ask({ uri, headers: headers() })
    await expect.poll(() => lineOf(answer.header('octroi-request-id'))).toMatchObject(expected)
  })
  it('names the key of whoever is not allowed', async () => {
    const other = await scene.key({ account: 'till' })
    const answer = await scene.ask({ uri: '/orders/7', headers: ['API-KEY', other.key] })
    await expect.poll(() => lineOf(answer.header('octroi-request-id'))).toMatchObject({ status: 403, key: other.id })
  })
  it('400 with a key in the URL, which is written down nowhere', async () => {
    const answer = await scene.ask({ uri: `/orders/7?key=${key.key}`, headers: ['API-KEY', key.key] })
    expect(codeOf(answer)).toBe('400 invalid_request')
    expect(answer.body.toString()).not.toContain(key.key)
    await expect.poll(() => lineOf(answer.header('octroi-request-id'))).toMatchObject({ path: null })
  })
  it('says what nginx was told', async () => {
    const answer = await scene.ask({ uri: '/a/../b', query: '?for=nginx' })
    await expect
      .poll(() => lineOf(answer.header('octroi-request-id')))
      .toMatchObject({ status: 403, code: 'unsafe_path' })
  })
})

it('the last use of the key is noted', async () => {
  const used = await scene.key({ account: 'till' })
  await scene.ask({ uri: '/orders/7', headers: ['API-KEY', key.key] })
  await expect
    .poll(async () => (await scene.must('GET', `/keys/${key.id}`)).last_used_at)
    .toEqual(expect.stringMatching(/Z$/))
  expect((await scene.must('GET', `/keys/${used.id}`)).last_used_at).toBeNull()
})

it('the figures are per route, and name no host or path of a caller', async () => {
  await scene.ask({ uri: '/orders/7', headers: ['API-KEY', key.key] })
  await scene.ask({ host: 'stranger.example', uri: '/strange' })
  const answer = await fetch(`${scene.gate.url}/metrics`, { headers: { 'api-key': scene.gate.adminKey } })
  const text = await answer.text()
  expect(text).toMatch(/^octroi_forward_auth_answers_total\{route="orders",status="200",code=""\} [1-9]\d*$/m)
  expect(text).toMatch(/^octroi_forward_auth_answers_total\{route="",status="403",code="not_granted"\} [1-9]\d*$/m)
  expect(text).toMatch(/^octroi_forward_auth_seconds_count\{route="orders"\} [1-9]\d*$/m)
  expect(text).not.toMatch(/strange|orders\/7/)
})

describe('strict audit', () => {
  it('the line is on disk before the answer; 503 and a blank identity while it cannot be written', async () => {
    const strict = await startForwardScene({ OCTROI_AUDIT: 'strict' })
    await strict.route({ host: HOST, allow: { authenticated: true } })
    const headers = ['API-KEY', (await strict.key()).key]
    const passed = await strict.ask({ headers })
    expect(codeOf(passed)).toBe('200 passed')
    const [db] = auditFiles(strict.gate.settings.data_dir)
    const written = db?.prepare('SELECT lines FROM audit_batches').all() as { lines: string }[]
    expect(written.map(({ lines }) => lines).join()).toContain(passed.header('octroi-request-id'))
    db?.exec('BEGIN EXCLUSIVE')
    const answers = await Promise.all([headers, []].map((each) => strict.ask({ headers: each })))
    expect(answers.map(codeOf)).toEqual(['503 store_unavailable', '503 store_unavailable'])
    expect(answers.map((answer) => answer.header('octroi-subject'))).toEqual(['', ''])
    db?.exec('ROLLBACK')
    db?.close()
    await expect.poll(async () => codeOf(await strict.ask({ headers })), { timeout: 5_000 }).toBe('200 passed')
    await strict.stop()
  })
})

function auditFiles(folder: string): DatabaseSync[] {
  return readdirSync(folder)
    .filter((name) => /\.(db|sqlite)$/.test(name))
    .map((name) => new DatabaseSync(join(folder, name)))
    .filter((db) => db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'audit_batches'").get())
}
