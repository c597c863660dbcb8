import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type PahekoScene, startPahekoScene } from './paheko_scene.ts'

/** What Paheko's two calls are answered: the token endpoint with the secret in the form, then userinfo. */

let scene: PahekoScene
let other: { client_id: string; client_secret: string }
beforeAll(async () => {
  scene = await startPahekoScene()
  await scene.addPerson('ada', { name: 'Ada Lovelace' })
  const url = 'https://other.example.org'
  other = await scene.must('POST', '/clients', { id: 'other', template: 'paheko', url })
})
afterAll(() => scene.stop())

const redirectUri = () => `${scene.paheko.adminUrl}login.php?oidc`

/** As Paheko asks, with what a test changes; undefined leaves a field out. */
async function askToken(change: Readonly<Record<string, string | undefined>>, headers: Record<string, string> = {}) {
  const whole = {
    client_id: 'paheko',
    client_secret: scene.client.client_secret,
    redirect_uri: redirectUri(),
    grant_type: 'authorization_code',
    ...change,
  }
  const fields = Object.entries(whole).filter((entry): entry is [string, string] => entry[1] !== undefined)
  const body = new URLSearchParams(fields)
  const answer = await fetch(`${scene.issuer}/token`, { method: 'POST', body, headers })
  expect(answer.headers.get('content-type')).toMatch(/^application\/json/)
  expect(answer.headers.get('cache-control')).toContain('no-store')
  return { status: answer.status, body: await jsonOf(answer) }
}

// biome-ignore lint/suspicious/noExplicitAny: whatever the provider says
const jsonOf = (answer: Response): Promise<any> => answer.json()

const userinfo = (token: string) => fetch(`${scene.issuer}/me`, { headers: { authorization: `Bearer ${token}` } })

describe('userinfo', () => {
  it('is plain JSON with a string email on top, and the name where Paheko reads it', async () => {
    const { code } = await scene.codeOf('ada')
    const { body } = await askToken({ code })
    expect(body).toMatchObject({ token_type: 'Bearer', access_token: expect.any(String) })
    const answer = await userinfo(body.access_token)
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/)
    const who = await jsonOf(answer)
    expect(who).toMatchObject({ email: 'ada@example.org', email_verified: true, profile: { name: 'Ada Lovelace' } })
    // Who somebody is, and nothing that Paheko's client was not given: no group, no role.
    expect(Object.keys(who).filter((name) => /group|role|organization/.test(name))).toEqual([])
  })
})

describe('the code', () => {
  it('is bound to the client, its redirect URI, and good for a minute at most', async () => {
    const { code } = await scene.codeOf('ada')
    const { redirect_uris, client_id, client_secret } = {
      ...other,
      redirect_uris: ['https://other.example.org/admin/login.php?oidc'],
    }
    expect(await askToken({ code, client_id, client_secret, redirect_uri: redirect_uris[0] })).toMatchObject(
      INVALID_GRANT,
    )
    for (const redirect_uri of [redirectUri().replace('?oidc', ''), `${redirectUri()}=`, redirect_uris[0], undefined])
      expect((await askToken({ code: (await scene.codeOf('ada')).code, redirect_uri })).body.error).toMatch(
        /^invalid_(grant|request)$/,
      )
    for (const { expires_at, created_at } of entries('AuthorizationCode'))
      expect(Date.parse(expires_at) - Date.parse(created_at)).toBeLessThanOrEqual(60_000)
    expect(entries('AuthorizationCode').length).toBeGreaterThan(3)
  })

  it('is good once: a second use is refused, and ends what the first one gave', async () => {
    const { code } = await scene.codeOf('ada')
    const { body } = await askToken({ code })
    expect((await userinfo(body.access_token)).status).toBe(200)
    expect(await askToken({ code })).toMatchObject(INVALID_GRANT)
    expect((await userinfo(body.access_token)).status).toBe(401)
  })

  it('of two who redeem it at once, one gets a token', async () => {
    const { code } = await scene.codeOf('ada')
    const both = await Promise.all([askToken({ code }), askToken({ code })])
    expect(both.map(({ status }) => status).sort()).toEqual([200, 400])
  })

  it('is not found in any file: neither it nor the token', async () => {
    const { code } = await scene.codeOf('ada')
    const { body } = await askToken({ code })
    const stored = JSON.stringify(['AuthorizationCode', 'AccessToken', 'Grant'].flatMap((model) => entries(model)))
    expect(stored.length).toBeGreaterThan(100)
    for (const secret of [code, body.access_token, scene.client.client_secret]) expect(stored).not.toContain(secret)
  })
})

const INVALID_GRANT = { status: 400, body: { error: 'invalid_grant' } }

describe('every refusal is JSON with an error, and never 200', () => {
  it.each<[string, Record<string, string | undefined>, Record<string, string>, number, string]>([
    ['a code that nobody was given', { code: 'x'.repeat(43) }, {}, 400, 'invalid_grant'],
    ['no code', {}, {}, 400, 'invalid_request'],
    ['a wrong secret', { code: 'x', client_secret: `ocs_${'x'.repeat(43)}` }, {}, 401, 'invalid_client'],
    ['no secret', { code: 'x', client_secret: undefined }, {}, 401, 'invalid_client'],
    ['a client that is not there', { code: 'x', client_id: 'nobody' }, {}, 401, 'invalid_client'],
    ['the secret of another', { code: 'x', client_id: 'other' }, {}, 401, 'invalid_client'],
    ['another grant', { grant_type: 'password', username: 'ada', password: 'x' }, {}, 400, 'unsupported_grant_type'],
    ['a grant that it may not use', { grant_type: 'client_credentials' }, {}, 400, 'invalid_request'],
    ['no grant', { grant_type: undefined }, {}, 400, 'invalid_request'],
  ])('%s', async (_, change, headers, status, error) => {
    expect(await askToken(change, headers)).toMatchObject({ status, body: { error } })
  })

  it('userinfo without a token, and with one that is none', async () => {
    for (const headers of [{}, { authorization: 'Bearer not-a-token' }]) {
      const answer = await fetch(`${scene.issuer}/me`, { headers })
      expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([
        expect.toBeOneOf([400, 401]),
        expect.stringContaining('Bearer'),
      ])
      expect((await jsonOf(answer)).error).toMatch(/^invalid_(request|token)$/)
    }
  })
})

it.each([
  ['invalid_client', { code: 'x', client_secret: 'ocs_not-this-one' }],
  ['invalid_grant', { code: 'x'.repeat(43) }],
])('the trail says %s, where Paheko says that something went wrong', async (code, change) => {
  await askToken(change)
  const { items } = await scene.must('GET', '/audit?limit=1')
  expect(items).toMatchObject([{ action: 'oidc.token', code, target: 'client:paheko' }])
})

it('a response mode that Paheko does not read is refused before anybody signs in', async () => {
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: 'paheko',
    redirect_uri: redirectUri(),
    response_mode: 'fragment',
    state: 'f'.repeat(40),
    scope: 'openid',
  })
  const answer = await fetch(`${scene.issuer}/auth?${query}`, { redirect: 'manual' })
  expect(answer.headers.get('location') ?? '').not.toContain('/sign-in')
  expect(answer.headers.get('location') ?? '').not.toContain('/interaction/')
})

interface Row {
  readonly expires_at: string
  readonly created_at: string
}

/** What the gate keeps of a model of the library, as it lies in its files. */
function entries(model: string): Row[] {
  const folder = scene.gate.settings.data_dir
  return readdirSync(folder)
    .filter((name) => /activity.*\.(db|sqlite)$/.test(name))
    .flatMap((name) => {
      const database = new DatabaseSync(join(folder, name), { readOnly: true })
      const rows = database.prepare('SELECT * FROM provider_entries WHERE model = ?').all(model)
      database.close()
      return rows as unknown as Row[]
    })
}
