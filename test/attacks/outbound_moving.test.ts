import { afterEach, describe, expect, it } from 'vitest'
import { ask, NEAR, type Scene, startScene } from '../gateway/scene.ts'
import { type OAuth2Server, startOAuth2Server } from '../support/vendors/oauth2_server.ts'

/** Who may change a connection must not come by its secrets: not by an address, a name, nor a registration that is shared. */

const SECRET = 'canary-api-key-q7'
let scene: Scene
let server: OAuth2Server | undefined
afterEach(async () => {
  await scene.stop()
  await server?.stop()
  server = undefined
})

async function editor(permissions: unknown[], grants: unknown[] = []): Promise<string> {
  const { body } = await scene.gate.api('POST', '/keys', { name: 'an editor', permissions, grants })
  return body.key
}

describe('the name under which a secret is sent (D8)', () => {
  const API_KEY = {
    connector: 'generic-api-key',
    settings: { header: 'X-Api-Key' },
    secrets: { api_key: SECRET },
  }

  it('422 secrets_required: a header that the service repeats would hand the secret to the caller', async () => {
    scene = await startScene(API_KEY)
    scene.upstream.on('/x', ({ recorded, response }) => {
      const at = recorded.rawHeaders.findIndex((name) => name.toLowerCase() === 'x-request-id')
      response.writeHead(200, { 'x-request-id': at === -1 ? 'none' : (recorded.rawHeaders[at + 1] as string) }).end()
    })
    const key = await editor(['connections.write'], [{ connection: 'svc', allow: ['GET /x'] }])
    const changed = await scene.gate.api('PATCH', '/connections/svc', { settings: { header: 'X-Request-Id' } }, { key })
    const { headers } = await ask(scene, '/x', { headers: { authorization: `Bearer ${key}` } })
    expect(headers.get('x-request-id')).not.toContain(SECRET)
    expect([changed.status, changed.body.code]).toEqual([422, 'secrets_required'])
  })

  it('200 with the secrets, and for settings that move nothing', async () => {
    scene = await startScene(API_KEY)
    const moved = { settings: { header: 'X-Other' }, secrets: { api_key: SECRET } }
    expect((await scene.gate.api('PATCH', '/connections/svc', moved)).status).toBe(200)
    const other = { settings: { test_path: '/me' } }
    expect((await scene.gate.api('PATCH', '/connections/svc', other)).status).toBe(200)
  })
})

describe('the secrets of a shared application (D7)', () => {
  const GRANT = { connection: 'svc', allow: ['GET /**'], credentials: true }

  async function withApp(): Promise<void> {
    scene = await startScene()
    server = await startOAuth2Server()
    const settings = { base_url: server.url, token_url: `${server.url}/token`, test_path: '/whoami' }
    const secrets = { client_id: server.clientId, client_secret: server.clientSecret }
    const path = '/connectors/generic-oauth2-cc/app'
    const app = await scene.gate.api('PUT', path, { settings, secrets, network: NEAR })
    expect(app.status).toBe(200)
    const body = { id: 'shared', connector: 'generic-oauth2-cc', settings, secrets: {} }
    expect((await scene.gate.api('POST', '/connections', body)).status).toBe(201)
  }

  it('are not handed to whoever may read the credentials of one connection; the token is', async () => {
    await withApp()
    const key = await editor(['connections.read_credentials'], [{ ...GRANT, connection: 'shared' }])
    const { status, body } = await scene.gate.api('GET', '/connections/shared/credentials', undefined, { key })
    expect([status, Object.keys(body.secrets)]).toEqual([200, ['oauth_access_token', 'oauth_client_id']])
    expect(JSON.stringify(body)).not.toContain(server?.clientSecret)
  })

  it('are handed to the administrator, and a connection’s own to whoever may read it', async () => {
    await withApp()
    const names = ['oauth_access_token', 'oauth_client_id', 'oauth_client_secret']
    const read = await scene.gate.api('GET', '/connections/shared/credentials')
    expect(Object.keys(read.body.secrets)).toEqual(names)
    const own = {
      id: 'own',
      connector: 'generic-oauth2-cc',
      settings: { base_url: server?.url, token_url: `${server?.url}/token` },
      secrets: { client_id: server?.clientId, client_secret: server?.clientSecret },
      network: NEAR,
    }
    expect((await scene.gate.api('POST', '/connections', own)).status).toBe(201)
    const key = await editor(['connections.read_credentials'], [{ ...GRANT, connection: 'own' }])
    const { body } = await scene.gate.api('GET', '/connections/own/credentials', undefined, { key })
    expect(Object.keys(body.secrets)).toEqual(names)
  })
})
