import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { credential, type Scene, startScene } from '../gateway/scene.ts'
import { rawLines, rawRequest } from '../support/raw_http.ts'

let scene: Scene
beforeAll(async () => {
  scene = await startScene()
})
afterAll(() => scene.stop())
beforeEach(() => void scene.upstream.requests.splice(0))

describe('T11: hosts', () => {
  const host = (value: string, ...lines: string[]) =>
    rawRequest(
      scene.gate.port,
      rawLines('GET /proxy/svc/x HTTP/1.1', `Host: ${value}`, ...credential(scene.key), ...lines),
    )
  it.each([
    ['a.B.example.com', 'a.b.example.com'],
    ['example.com.', 'example.com'],
    ['Example.com.:443', 'example.com:443'],
    ['example.com:443', 'example.com:443'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['[::1]:8700', '[::1]:8700'],
    ['my_service', 'my_service'],
    ['127.0.0.1', '127.0.0.1'],
  ])('T11: %s is passed on as %s or not at all', async (given, canonical) => {
    expect((await host(given)).status).toBe(200)
    expect([canonical, undefined]).toContain(scene.upstream.requests[0]?.header('x-forwarded-host'))
  })

  it.each([
    'user@example.com',
    'user:pass@example.com',
    'example.com/evil',
    'example.com?x',
    'example.com#x',
    'exa mple.com',
    'a..b',
    '.example.com',
    'example.com:99999999',
    'example.com:80:80',
    '[::1',
    '<script>',
    'bücher.example',
    'a,b',
    'x'.repeat(300),
  ])('T11: 400 with Host: %s', async (given) => {
    const answer = await host(given)
    expect(answer.status).toBe(400)
    expect(scene.upstream.requests).toHaveLength(0)
  })

  it('T11: 400 without a Host', async () => {
    const lines = rawLines('GET /proxy/svc/x HTTP/1.1', ...credential(scene.key))
    expect((await rawRequest(scene.gate.port, lines)).status).toBe(400)
  })
})
