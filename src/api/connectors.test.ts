import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectPaged } from '../../test/api/paging.ts'
import { refusals } from '../../test/api/refusals.ts'
import { startWorld, type World } from '../../test/api/world.ts'

const own = mkdtempSync(join(tmpdir(), 'octroi-connectors-'))
writeFileSync(join(own, 'broken.yaml'), 'id: broken\n')
let world: World
beforeAll(async () => {
  world = await startWorld({ OCTROI_CONNECTORS: own })
})
afterAll(() => world.stop())

describe('connectors.list', () => {
  it('200 with the whole catalogue on one page', async () => {
    const { items, next_cursor } = await world.must('connectors.list')
    const ids = items.map(({ id }: { id: string }) => id)
    expect(ids).toEqual([...ids].sort())
    expect(ids).toEqual(expect.arrayContaining(['generic-basic', 'paheko', 'zendesk']))
    expect(ids).not.toContain('broken')
    expect(next_cursor).toBeNull()
  })
  it('200 page by page to the end', () => expectPaged(world, 'connectors.list'))

  refusals(
    'connectors.list',
    () => world,
    () => ({}),
  )
})

describe('connectors.get', () => {
  it('200 with what it asks for and what can be granted', async () => {
    const { status, body } = await world.call('connectors.get', { params: { id: 'paheko' } })
    expect(status).toBe(200)
    expect(body).toEqual({
      id: 'paheko',
      name: 'Paheko',
      description: expect.any(String),
      docs: 'https://paheko.cloud/api',
      source: 'shipped',
      schemes: ['basic'],
      consent: [],
      settings: { base_url: expect.objectContaining({ format: 'url', optional: false }) },
      secrets: { basic: { username: expect.any(Object), password: expect.any(Object) } },
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a template of the connector
      base_url: '${settings.base_url}',
      test: 'GET /api/accounting/years',
      limits: { concurrent_writes: 1 },
      grants: expect.objectContaining({ 'accounting-post': ['POST /api/accounting/transaction'] }),
      never: expect.arrayContaining(['* /api/sql*']),
    })
  })
  it('404 not_found for a connector that the catalogue does not have', async () => {
    const answer = await world.call('connectors.get', { params: { id: 'acme' } })
    expect(answer.body).toMatchObject({ status: 404, code: 'not_found' })
  })
  it('404 not_found for a file that is not a connector', async () => {
    expect((await world.call('connectors.get', { params: { id: 'broken' } })).status).toBe(404)
  })

  refusals(
    'connectors.get',
    () => world,
    () => ({ params: { id: 'paheko' } }),
  )
})

describe('status.get', () => {
  it('200 with what runs here, and the files that are not connectors', async () => {
    const { status, body } = await world.call('status.get')
    expect(status).toBe(200)
    expect(body).toEqual({
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      environment: 'default',
      engine: 'sqlite',
      public_url: expect.stringMatching(/^http:/),
      started_at: expect.stringMatching(/Z$/),
      keys: expect.any(Number),
      connections: 0,
      groups: 0,
      routes: 0,
      issuers: 0,
      audit: { mode: 'batched', failing: false },
      connector_problems: [{ file: join(own, 'broken.yaml'), message: expect.stringContaining('is required') }],
    })
  })

  refusals(
    'status.get',
    () => world,
    () => ({}),
  )
})
