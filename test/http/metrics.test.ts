import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ERROR_CODES } from '../../src/core/errors.ts'
import { DELIVERY_OUTCOMES, RENEWAL_OUTCOMES } from '../../src/core/metrics.ts'
import { ask, connectionTo, keyFor, keyWithId, NEAR, type Scene, startScene, until } from '../gateway/scene.ts'

let scene: Scene
beforeAll(async () => {
  scene = await startScene()
})
afterAll(() => scene.stop())

async function scrape(key: string | null, query = '') {
  const headers = key === null ? {} : { authorization: `Bearer ${key}` }
  const answer = await fetch(`${scene.gate.url}/metrics${query}`, { headers })
  return { status: answer.status, code: answer.headers.get('octroi-error'), text: await answer.text() }
}

const reader = (more: Record<string, unknown> = {}) =>
  keyWithId(scene.gate, [], { permissions: ['status.read'], ...more })
const keyRow = async (id: string) => (await scene.gate.api('GET', `/keys/${id}`)).body

/** How often, as the page has it now. */
async function count(metric: string, outcome: string): Promise<number> {
  const { text } = await scrape(scene.gate.adminKey)
  const line = text.split('\n').find((each) => each.startsWith(`${metric}{outcome="${outcome}"} `))
  return Number(line?.split(' ')[1])
}

describe('GET /metrics: who may', () => {
  it('200 with status.read, in the text format', async () => {
    const { status, text } = await scrape((await reader()).key)
    expect(status).toBe(200)
    expect(text).toContain('# TYPE octroi_audit_failing gauge\noctroi_audit_failing 0\n')
  })
  it('401 without a key, 403 with a key that lacks the permission', async () => {
    expect(await scrape(null)).toMatchObject({ status: 401, code: 'unauthenticated' })
    expect(await scrape(scene.key)).toMatchObject({ status: 403, code: 'not_granted' })
  })
  it('400 with a key in the URL, though a good one is in the header; the answer does not repeat it', async () => {
    const { key } = await reader()
    const { status, code, text } = await scrape(key, `?key=${key}`)
    expect([status, code]).toEqual([400, 'invalid_request'])
    expect(text).toContain('A key was sent in the URL')
    expect(text).not.toContain(key)
  })
  it('notes the last use of the key; a refusal for the permission is a use as well, a key in the URL is none', async () => {
    const [read, none, shown] = [await reader(), await reader({ permissions: [] }), await reader()]
    await scrape(read.key)
    await scrape(none.key)
    await scrape(shown.key, `?key=${shown.key}`)
    await until(async () => {
      const uses = await Promise.all([read, none].map(async ({ id }) => (await keyRow(id)).last_used_at))
      expect(uses).toEqual([expect.stringMatching(/Z$/), expect.stringMatching(/Z$/)])
    })
    expect((await keyRow(shown.id)).last_used_at).toBeNull()
  })
  it('429 beyond the limit of the key, whatever door it came through', async () => {
    const { key } = await reader({ rate_limit: { limit: 2, window_s: 600 } })
    expect((await scrape(key)).status).toBe(200)
    expect((await scene.gate.api('GET', '/status', undefined, { key })).status).toBe(200)
    expect(await scrape(key)).toMatchObject({ status: 429, code: 'rate_limited' })
  })
})

describe('GET /metrics: what it says', () => {
  it('tokens by outcome', async () => {
    for (const outcome of RENEWAL_OUTCOMES) expect(await count('octroi_token_renewals_total', outcome)).toBe(0)
    scene.upstream.on('/renewed', ({ response }) =>
      response.end(JSON.stringify({ access_token: 'canary-token-k7', expires_in: 3600 })),
    )
    scene.upstream.on('/transient', ({ response }) => response.writeHead(503).end('canary-text-h3'))
    scene.upstream.on('/limited', ({ response }) => response.writeHead(429).end())
    scene.upstream.on('/human', ({ response }) =>
      response.writeHead(400, { 'content-type': 'application/json' }).end(`{"error":"canary-text-h3"}`),
    )
    for (const outcome of RENEWAL_OUTCOMES) {
      await connectionTo(scene.gate, scene.upstream.url, {
        id: outcome,
        connector: 'generic-oauth2-cc',
        settings: { token_url: `${scene.upstream.url}/${outcome}` },
        secrets: { client_id: 'canary-client-j6', client_secret: 'canary-secret-g2' },
        verify: false,
      })
      const key = await keyFor(scene.gate, [{ connection: outcome, allow: ['* /**'] }])
      const { status } = await ask({ gate: scene.gate, key }, `/proxy/${outcome}/x`)
      expect(status).toBe(outcome === 'renewed' ? 200 : 502)
    }
    for (const outcome of ['renewed', 'limited', 'human'])
      expect([outcome, await count('octroi_token_renewals_total', outcome)]).toEqual([outcome, 1])
    // The background may have tried once more by now.
    expect(await count('octroi_token_renewals_total', 'transient')).toBeGreaterThanOrEqual(1)
  })

  it('deliveries of webhooks by outcome', async () => {
    for (const outcome of DELIVERY_OUTCOMES) expect(await count('octroi_webhook_attempts_total', outcome)).toBe(0)
    scene.upstream.on('/waiting', ({ response }) => response.writeHead(500).end('canary-text-h3'))
    scene.upstream.on('/failed', ({ response }) => response.writeHead(410).end())
    for (const outcome of DELIVERY_OUTCOMES) {
      const body = {
        id: outcome,
        name: outcome,
        url: `${scene.upstream.url}/${outcome}`,
        types: ['key.created'],
        network: NEAR,
      }
      expect((await scene.gate.api('POST', '/webhooks', body)).status).toBe(201)
    }
    await keyFor(scene.gate, [])
    await until(async () => {
      for (const outcome of DELIVERY_OUTCOMES) expect(await count('octroi_webhook_attempts_total', outcome)).toBe(1)
    })
  })

  it('no label is anybody’s text: ids, numbers, codes and outcomes only', async () => {
    const { text } = await scrape(scene.gate.adminKey)
    expect(text).not.toContain('canary')
    const ids = ['', 'svc', ...RENEWAL_OUTCOMES]
    const allowed: Record<string, (value: string) => boolean> = {
      connection: (value) => ids.includes(value),
      status: (value) => /^\d{1,3}$/.test(value),
      code: (value) => value === '' || Object.hasOwn(ERROR_CODES, value),
      le: (value) => value === '+Inf' || Number(value) > 0,
      outcome: (value) => [...RENEWAL_OUTCOMES, ...DELIVERY_OUTCOMES].includes(value as 'renewed'),
    }
    const own = text.split('\n').filter((line) => /^octroi_(proxy|token|webhook|audit)_/.test(line))
    const labels = own.flatMap((line) => [...line.matchAll(/(\w+)="([^"]*)"/g)])
    expect(labels.length).toBeGreaterThan(20)
    for (const [, name, value] of labels) expect([name, value, allowed[name!]?.(value!)]).toEqual([name, value, true])
  })
})
