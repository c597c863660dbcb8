import { afterAll, beforeAll, expect, it } from 'vitest'
import { LOOPBACK_NETWORK } from '../recyclique/shop.ts'
import { PAHEKO_WRITER, type Paheko, startPaheko } from '../support/paheko.ts'
import { type PahekoScene, startPahekoScene } from './paheko_scene.ts'

/** Programs that call Paheko's API, and people who sign in to it, have nothing to do with each other. */

let scene: PahekoScene
let api: Paheko
let key: string
beforeAll(async () => {
  ;[scene, api] = await Promise.all([startPahekoScene(), startPaheko({ credentials: [PAHEKO_WRITER] })])
  await scene.must('POST', '/connections', {
    id: 'paheko',
    connector: 'paheko',
    settings: { base_url: api.url },
    secrets: { username: PAHEKO_WRITER.username, password: PAHEKO_WRITER.password },
    network: LOOPBACK_NETWORK,
  })
  const grants = [{ connection: 'paheko', allow: ['accounting-read'] }]
  key = (await scene.must('POST', '/keys', { name: 'Report', grants })).key
  await scene.addPerson('ada')
})
afterAll(async () => {
  await scene.stop()
  await api.stop()
})

async function read(credential: string): Promise<number> {
  const headers = { authorization: `Bearer ${credential}` }
  return (await fetch(`${scene.gate.url}/proxy/paheko/api/accounting/years`, { headers })).status
}

it('what Paheko is given for a person opens nothing at the gate but userinfo', async () => {
  const { code } = await scene.codeOf('ada')
  const body = new URLSearchParams({
    code,
    client_id: 'paheko',
    client_secret: scene.client.client_secret,
    redirect_uri: `${scene.paheko.adminUrl}login.php?oidc`,
    grant_type: 'authorization_code',
  })
  const answer = await fetch(`${scene.issuer}/token`, { method: 'POST', body })
  const { access_token } = (await answer.json()) as { access_token: string }
  expect(answer.status).toBe(200)
  expect(await read(access_token)).toBe(401)
  expect((await scene.gate.api('GET', '/accounts', undefined, { key: access_token })).status).toBe(401)
})

it('S0-26: one login is added later, and taken away again, and the key of a program stays as it is', async () => {
  expect(await read(key)).toBe(200)
  expect((await scene.enter('ada')).page?.text).toContain('Bonjour Ada')
  expect(await read(key)).toBe(200)
  await scene.must('DELETE', '/clients/paheko')
  expect(await read(key)).toBe(200)
  expect((await scene.enter('ada')).page?.text).toContain('discovery')
})
