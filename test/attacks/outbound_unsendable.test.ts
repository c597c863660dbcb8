import { afterEach, describe, expect, it } from 'vitest'
import { ask, connectionTo, keyFor, type Scene } from '../gateway/scene.ts'
import { startTestGate } from '../support/gate.ts'
import { headerOf } from '../support/loopback.ts'
import { startUpstream } from '../support/upstream.ts'

/** A value that a service gives and no header can carry: trouble of the service, which passes with its next answer. */

let scene: Scene
afterEach(() => scene.stop())

/** `login` is what the service answers now. */
async function startLogin(connection: Record<string, unknown>, login: { text: string }): Promise<void> {
  const upstream = await startUpstream()
  const gate = await startTestGate()
  const kept = { upstream, gate }
  upstream.on('/login', ({ response }) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(login.text),
  )
  await connectionTo(gate, upstream.url, {
    ...connection,
    settings: { ...(connection.settings as object), login_url: `${upstream.url}/login` },
  })
  const key = await keyFor(gate, [{ connection: 'svc', allow: ['* /**'] }])
  scene = {
    ...kept,
    key,
    async stop() {
      await upstream.stop()
      await gate.stop()
    },
  }
}

describe('a token that cannot be put on a call', () => {
  it.each([
    ['generic-token-exchange', { username: 'u', password: 'p' }, 'access_token', 'Bearer good'],
    ['generic-jwt', { api_key: 'k' }, 'AccessToken', 'bearer good'],
  ])('502 upstream_unreachable until the service gives another: %s', async (connector, secrets, name, sent) => {
    const login = { text: JSON.stringify({ [name]: 'té', IsError: false }) }
    await startLogin({ connector, secrets }, login)
    const first = await ask(scene, '/echo')
    expect([first.status, first.code]).toEqual([502, 'upstream_unreachable'])
    expect(first.headers.get('retry-after')).not.toBeNull()
    login.text = JSON.stringify({ [name]: 'good', IsError: false })
    expect((await scene.gate.api('POST', '/connections/svc/refresh')).status).toBe(200)
    expect((await ask(scene, '/echo')).status).toBe(200)
    expect(headerOf(scene.upstream.requests.at(-1)?.rawHeaders ?? [], 'authorization')).toBe(sent)
  })
})
