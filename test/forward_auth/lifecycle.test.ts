import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { codeOf, type ForwardScene, startForwardScene } from './scene.ts'

/** When a credential stops working, and what happens when it is Octroi itself that does not. */

let scene: ForwardScene
beforeAll(async () => {
  scene = await startForwardScene()
  await scene.account({ id: 'till', name: 'Till' })
  await scene.route({ allow: { authenticated: true } })
})
afterAll(() => scene.stop())

const asked = async (secret: string, more: readonly string[] = []) =>
  codeOf(await scene.ask({ headers: ['API-KEY', secret, ...more] }))

describe('from the next request', () => {
  it.each<[string, (id: string) => Promise<unknown>, string]>([
    ['a revoked key: 401 key_revoked', (id) => scene.must('DELETE', `/keys/${id}`), '401 key_revoked'],
    ['a disabled key', (id) => scene.must('PATCH', `/keys/${id}`, { disabled: true }), '401 unauthenticated'],
    ['a rotated secret', (id) => scene.must('POST', `/keys/${id}/rotate`, { overlap_s: 0 }), '401 key_expired'],
    [
      'a key bound to other addresses',
      (id) => scene.must('PATCH', `/keys/${id}`, { cidrs: ['10.0.0.0/8'] }),
      '403 not_granted',
    ],
  ])('%s', async (_, change, code) => {
    const { id, key } = await scene.key({ account: 'till' })
    expect(await asked(key)).toBe('200 passed')
    await change(id)
    expect(await asked(key)).toBe(code)
  })
  it('a disabled account: 401 for its keys, but for one that says that it may; all is well once it is enabled', async () => {
    const plain = await scene.key({ account: 'till' })
    const lasting = await scene.key({ account: 'till', usable_when_owner_inactive: true })
    await scene.must('POST', '/accounts/till/disable')
    expect([await asked(plain.key), await asked(lasting.key)]).toEqual(['401 unauthenticated', '200 passed'])
    await scene.must('POST', '/accounts/till/enable')
    expect(await asked(plain.key)).toBe('200 passed')
  })
  it('the addresses of a key are those of the caller, not of the proxy', async () => {
    const { key } = await scene.key({ account: 'till', cidrs: ['203.0.113.0/24'] })
    expect(await asked(key, ['X-Forwarded-For', '198.51.100.7, 203.0.113.9'])).toBe('200 passed')
    expect(await asked(key, ['X-Forwarded-For', '203.0.113.9, 198.51.100.7'])).toBe('403 not_granted')
    expect(await asked(key)).toBe('403 not_granted')
  })
})

describe('429', () => {
  it('beyond the limit of the key, which is one for every door; refused checks count', async () => {
    const { key } = await scene.key({ account: 'till', rate_limit: { limit: 4, window_s: 600 } })
    expect(await asked(key)).toBe('200 passed')
    await scene.route({ path: '/closed', allow: {} })
    expect(codeOf(await scene.ask({ uri: '/closed', headers: ['API-KEY', key] }))).toBe('403 not_granted')
    expect((await scene.gate.api('GET', '/keys/self', undefined, { key })).status).toBe(200)
    await fetch(`${scene.gate.url}/proxy/none/x`, { headers: { 'api-key': key } })
    const over = await scene.ask({ headers: ['API-KEY', key] })
    expect(codeOf(over)).toBe('429 rate_limited')
    expect(Number(over.header('retry-after'))).toBeGreaterThan(0)
    const nginx = await scene.ask({ headers: ['API-KEY', key], query: '?for=nginx' })
    expect(codeOf(nginx)).toBe('403 rate_limited')
  })
  it('a hundred at once at a limit of ten: ten pass', async () => {
    const { key } = await scene.key({ account: 'till', rate_limit: { limit: 10, window_s: 600 } })
    const codes = await Promise.all(Array.from({ length: 100 }, () => asked(key)))
    expect(codes.filter((code) => code === '200 passed')).toHaveLength(10)
    expect(codes.filter((code) => code === '429 rate_limited')).toHaveLength(90)
  })
})

describe('our own trouble', () => {
  it.each(['api_keys', 'routes'])(
    '5xx, never 2xx, 401 or 403, while %s cannot be read; for nginx too',
    async (table) => {
      const broken = await startForwardScene()
      await broken.route({ allow: { authenticated: true } })
      const { key } = await broken.key()
      const folder = broken.gate.settings.data_dir
      const name = readdirSync(folder).find((file) => /\.(db|sqlite)$/.test(file) && holds(join(folder, file), table))
      const db = new DatabaseSync(join(folder, name as string))
      db.exec(`ALTER TABLE ${table} RENAME TO gone`)
      for (const secret of [key, 'a-key-that-nobody-has']) {
        for (const query of ['', '?for=nginx']) {
          const answer = await broken.ask({ query, headers: ['API-KEY', secret] })
          expect([500, 503]).toContain(answer.status)
          expect(answer.header('octroi-subject')).toBe('')
        }
      }
      db.exec(`ALTER TABLE gone RENAME TO ${table}`)
      db.close()
      expect(codeOf(await broken.ask({ headers: ['API-KEY', key] }))).toBe('200 passed')
      await broken.stop()
    },
  )
})

function holds(file: string, table: string): boolean {
  const db = new DatabaseSync(file)
  const found = db.prepare('SELECT 1 FROM sqlite_master WHERE name = ?').get(table)
  db.close()
  return found !== undefined
}
