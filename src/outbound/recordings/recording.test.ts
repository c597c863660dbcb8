import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Catalogue } from '../connectors/catalogue.ts'
import { replayRecording } from './recording.ts'
import { withoutRandom } from './recording_masks.ts'

const folder = mkdtempSync(join(tmpdir(), 'octroi-recording-'))
let catalogue: Catalogue
afterAll(() => rmSync(folder, { recursive: true }))

const HEAD = 'name: Acme\ndocs: https://acme.example\n'
beforeAll(() => {
  const write = (id: string, text: string) => writeFileSync(join(folder, `${id}.yaml`), `id: ${id}\n${HEAD}${text}`)
  write(
    'acme',
    `scheme: oauth2
base_url: https://api.acme.example/v1
oauth2: { authorization_url: "https://acme.example/go?a=1", token_url: https://acme.example/token, client_auth: post, scope: openid }
`,
  )
  write(
    'key',
    `scheme: api_key\nbase_url: https://k.example\napi_key: [{ header: X-Key, value: "\${secrets.api_key}" }]\n`,
  )
  write('broken', 'scheme: api_key\nbase_url: https://k.example\n')
  catalogue = new Catalogue({ shipped: join(folder, 'none'), folders: [folder] })
})

const CONNECTION = 'connector: acme\nsecrets: { client_id: golden-client, client_secret: golden-secret }'

/** What goes out for each block. */
async function outputs(head: string, ...inputs: readonly string[]): Promise<string[]> {
  const text = [head, ...inputs.flatMap((input) => [input, '?'])].join('\n----------\n')
  const played = await replayRecording(text, catalogue)
  expect(await replayRecording(played, catalogue)).toBe(played)
  return played
    .trimEnd()
    .split('\n----------\n')
    .slice(1)
    .filter((_, i) => i % 2 === 1)
}

const REPLY = 'HTTP/1.1 200\nContent-Type: application/json\n\n'

describe('a recording', () => {
  it('of an exchange has the requests as they go out and what came of them; later requests carry the token', async () => {
    const [renewed, call] = await outputs(
      `${CONNECTION}\ntoken: { refresh_token: golden-refresh }\nnow: 2026-01-01T00:00:00Z`,
      `exchange\n${REPLY}{"access_token":"golden-access","expires_in":60}`,
      'GET /me?x=1\nAuthorization: Bearer mine\nX-Mine: yes',
    )
    expect(renewed).toBe(`POST https://acme.example/token
Accept: application/json
Content-Type: application/x-www-form-urlencoded

grant_type=refresh_token&refresh_token=golden-refresh&client_id=golden-client&client_secret=golden-secret

=> token: access_token, refresh_token; for 60 s`)
    expect(call).toBe('GET /v1/me?x=1\nHost: api.acme.example\nX-Mine: yes\nAuthorization: Bearer golden-access')
  })

  it('of consent shows that the verifier belongs to the challenge, and stays the same from run to run', async () => {
    const [browser, back] = await outputs(
      CONNECTION,
      'consent',
      'callback ?code=golden-code&state=recorded-state\nHTTP/1.1 503',
    )
    expect(browser).toContain('=> the browser goes to https://acme.example/go\n  ?a=1\n  &response_type=code')
    expect(browser).toContain('&nonce=<nonce>')
    expect(browser).toContain('&code_challenge=<S256 of verifier>')
    expect(back).toContain('code=golden-code&')
    expect(back).toContain('code_verifier=<verifier>&')
    expect(back).toMatch(/=> transient: .*503/)
  })

  it('refused drops what does not outlive a token; a failure leaves what there was', async () => {
    const head = `${CONNECTION}\ntoken: { access_token: golden-old, refresh_token: golden-refresh }`
    const [failed, call, dropped, none] = await outputs(
      head,
      'renew\nHTTP/1.1 400\n\n{"error":"invalid_grant"}',
      'GET /me',
      'refused',
      'GET /me',
    )
    expect(failed).toMatch(/=> human: .*invalid_grant/)
    expect(call).toContain('Bearer golden-old')
    expect(dropped).toMatch(/=> upstream_unreachable: No answer is recorded for request 1\.$/)
    expect(none).toMatch(/^=> reconnect_required: .*access_token/)
  })

  it('tells answers that nobody asked for', async () => {
    const [said] = await outputs(
      `${CONNECTION}\ntoken: { refresh_token: r }`,
      `exchange\n${REPLY}{"access_token":"a"}\nHTTP/1.1 500\n\nHTTP/1.1 500`,
    )
    expect(said).toMatch(/=> 2 of the recorded answers were not asked for$/)
  })

  it('of a connection whose secrets are sent themselves: test, request with a body, answers', async () => {
    const said = await outputs(
      'connector: key\nsecrets: { api_key: golden }',
      'test',
      'POST /a\nX-KEY: mine\n\n{}',
      'HTTP/1.1 401',
    )
    expect(said).toEqual([
      '=> no test',
      'POST /a\nHost: k.example\nX-Key: golden\n\n{}',
      '=> the service refuses our credential',
    ])
  })

  it.each([
    ['connector: nosuch', 'there is no connector nosuch'],
    ['connector: broken\nsecrets: { api_key: x }', 'broken.yaml'],
    ['connector: key\nsecrets: { api_key: 5 }', 'secrets.api_key: must be a text'],
    ['connector: key\nsecrets: { apikey: x }', 'secrets.apikey is not known'],
    ['connector: [', 'is not YAML'],
    ['connector: key\nsecret: {}', 'Unrecognized key'],
  ])('%j is refused: %s', async (head, message) => {
    await expect(outputs(head, 'test')).rejects.toThrow(message)
  })

  it.each([
    ['exchange', 'exchanges nothing'],
    ['GET nothing', '"GET nothing" is none of'],
    ['HTTP/1.1 abc', 'has no status'],
    ['GET /\nno header', 'is not a header'],
  ])('%j is refused in the block of a key: %s', async (input, message) => {
    await expect(outputs('connector: key\nsecrets: { api_key: x }', input)).rejects.toThrow(message)
  })

  it('an unknown word is refused', async () => {
    await expect(outputs(CONNECTION, 'exchagne')).rejects.toThrow('there is no "exchagne"')
  })
})

describe('what is random', () => {
  it('is masked where it stands and nowhere else', () => {
    const signed = (jti: string) =>
      `${['{"alg":"ES256"}', `{"iss":"me","jti":"${jti}"}`].map((part) => Buffer.from(part).toString('base64url')).join('.')}.${jti}`
    expect(withoutRandom(`nonce=a1&x=1&jwt=${signed('one')}`, `nonce=b2&x=1&jwt=${signed('two')}`)).toBe(
      'nonce=<random>&x=1&jwt=<signed {"alg":"ES256"} {"iss":"me","jti":"<random>"}>',
    )
    expect(withoutRandom('same\na, b', 'same\na, b, c')).toBe('same\n<random>')
    expect(withoutRandom('a', 'a\nb')).toBe('<random>')
  })
})
