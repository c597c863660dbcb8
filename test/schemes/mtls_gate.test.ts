import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type ChildGate, startChildGate } from '../gateway/child.ts'
import { type ClientPair, clientAuthority, startAlertingServer } from '../support/client_certificates.ts'
import { type MtlsService, startMtlsService } from '../support/mtls_service.ts'

/** Client certificates (RFC 8705) behind a whole gate, over real TLS. */

const CONNECTOR = `id: bound
name: Bound
docs: https://bound.example
scheme: oauth2
settings:
  base_url: { title: Address, format: url }
  token_url: { title: Token address, format: url }
  userinfo_url: { title: Who am I, format: url, optional: true }
base_url: \${settings.base_url}
oauth2:
  grant: client_credentials
  client_auth: mtls
  token_url: \${settings.token_url}
  userinfo_url: \${settings.userinfo_url}
  keep: { account: { from: userinfo, path: [account] } }
test: GET /test
`

const ours = clientAuthority('Authority of the service')
const [alice, bob] = [ours.issue('alice'), ours.issue('bob')]
const stranger = clientAuthority('Authority of nobody').issue('stranger')
const answers: string[] = []
let folder = ''
let gate: ChildGate
let service: MtlsService

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'octroi-test-connectors-'))
  await writeFile(join(folder, 'bound.yaml'), CONNECTOR)
  service = await startMtlsService(ours.ca)
  gate = await startChildGate({ OCTROI_LOG_LEVEL: 'trace', OCTROI_CONNECTORS: folder })
}, 60_000)
afterAll(async () => {
  await service.down()
  await gate.remove()
  await rm(folder, { recursive: true, force: true })
})
beforeEach(() => void service.seen.splice(0))

async function send(method: string, path: string, body?: unknown, key = gate.adminKey) {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  const answer = await fetch(`${gate.url}${path}`, { method, headers, body: body ? JSON.stringify(body) : null })
  const text = await answer.text()
  answers.push(`${JSON.stringify([...answer.headers])} ${text}`)
  return { status: answer.status, code: answer.headers.get('octroi-error'), text }
}

const secretsOf = (name: string, pair: ClientPair) => ({
  client_id: name,
  client_certificate: pair.cert,
  client_private_key: pair.key,
})

let numbers = 0
function connectionBody(pair: ClientPair, more: { settings?: object; verify?: boolean } = {}) {
  const { settings, ...rest } = more
  return {
    id: `bound-${++numbers}`,
    connector: 'bound',
    secrets: secretsOf('client', pair),
    network: { allow_private: true, ca: service.ca },
    ...rest,
    settings: { base_url: service.url, token_url: `${service.url}/token`, ...settings },
  }
}

/** A connection, and how to call it. */
async function connect(body: { id: string }) {
  const made = await send('POST', '/api/v1/connections', body)
  expect([made.status, made.text]).toEqual([201, expect.stringContaining(body.id)])
  return caller(body.id)
}

async function caller(id: string) {
  const grants = [{ connection: id, allow: ['* /**'] }]
  const { key } = JSON.parse((await send('POST', '/api/v1/keys', { name: 'a program', grants })).text)
  return (method = 'GET', path = '/data') =>
    send(method, `/proxy/${id}${path}`, method === 'POST' ? { amount: 1 } : undefined, key)
}

describe('oauth2 with client_auth: mtls', () => {
  it('200: the certificate goes to the token endpoint, to userinfo and with every call; client_id in the body', async () => {
    const body = connectionBody(alice, { settings: { userinfo_url: `${service.url}/userinfo` }, verify: true })
    const call = await connect(body)
    expect(await call()).toMatchObject({ status: 200, text: '{"account":"account of alice"}' })
    expect(new Set(service.seen.map(({ client }) => client))).toEqual(new Set(['alice']))
    expect(new Set(service.seen.map(({ path }) => path))).toEqual(new Set(['/token', '/userinfo', '/test', '/data']))
    const [asked] = service.seen
    const form = Object.fromEntries(new URLSearchParams(asked?.body))
    expect(form).toEqual({ grant_type: 'client_credentials', client_id: 'client' })
    const { text } = await send('GET', `/api/v1/connections/${body.id}/credentials`)
    const { secrets } = JSON.parse(text)
    expect(Object.keys(secrets).sort()).toEqual(['account', 'oauth_access_token', 'oauth_client_id'])
    expect(secrets.account).toBe('account of alice')
  })

  it('two connections with different certificates never share a socket (D12), however their calls mix', async () => {
    const calls = [await connect(connectionBody(alice)), await connect(connectionBody(bob))]
    for (let round = 0; round < 3; round++) {
      const mixed = Array.from({ length: 24 }, (_, i) => calls[i % 2]?.(i % 3 ? 'GET' : 'POST'))
      const texts = (await Promise.all(mixed)).map((answer) => answer?.text)
      const expected = texts.map((_, i) => `{"account":"account of ${i % 2 ? 'bob' : 'alice'}"}`)
      expect(texts).toEqual(expected)
    }
    const socketsOf = (name: string) =>
      new Set(service.seen.filter(({ client }) => client === name).map((s) => s.socket))
    const [first, second] = [socketsOf('alice'), socketsOf('bob')]
    expect(first.isDisjointFrom(second)).toBe(true)
    // Those of one connection are used again: fewer sockets than calls.
    expect(first.size + second.size).toBeLessThan(service.seen.length)
  })

  it('502 for a connection to the same place without a certificate: it is let onto nobody’s socket', async () => {
    const call = await connect(connectionBody(alice))
    expect((await call()).status).toBe(200)
    const bare = await connect({
      id: 'bare',
      connector: 'generic-basic',
      settings: { base_url: service.url },
      secrets: { username: 'u', password: 'p' },
      network: { allow_private: true, ca: service.ca },
    } as { id: string })
    const before = service.seen.length
    for (const method of ['GET', 'POST']) expect(await bare(method)).toMatchObject({ code: 'upstream_unreachable' })
    expect(service.seen.length).toBe(before)
  })

  it('200 with the new certificate, on sockets of its own, once other secrets are given', async () => {
    const body = connectionBody(alice)
    const call = await connect(body)
    await call()
    const old = new Set(service.seen.map(({ socket }) => socket))
    const { status } = await send('PATCH', `/api/v1/connections/${body.id}`, { secrets: secretsOf('client', bob) })
    expect(status).toBe(200)
    service.seen.splice(0)
    expect(await call()).toMatchObject({ status: 200, text: '{"account":"account of bob"}' })
    expect(service.seen.map(({ client }) => client)).not.toContain('alice')
    for (const { socket } of service.seen) expect(old).not.toContain(socket)
  })
})

describe('a certificate that will not do', () => {
  it.each(['tls1_2', 'tls1_3'] as const)(
    '502 upstream_unreachable that says so, over %s',
    async (version) => {
      const strict = await startAlertingServer(ours.ca, version)
      try {
        const atResource = await connect(connectionBody(alice, { settings: { base_url: strict.url } }))
        expect((await atResource()).status).toBe(200)
        const other = await startAlertingServer(clientAuthority('Another authority').ca, version)
        try {
          const refused = [
            await connect(connectionBody(alice, { settings: { base_url: other.url } })),
            await connect(connectionBody(stranger, { settings: { token_url: `${strict.url}/token` } })),
          ]
          for (const call of refused) {
            for (const method of ['GET', 'POST']) {
              const { status, code, text } = await call(method)
              expect([status, code]).toEqual([502, 'upstream_unreachable'])
              expect(JSON.parse(text).detail).toMatch(/does not accept the client certificate, .*_ALERT_UNKNOWN_CA/)
            }
          }
          const verified = connectionBody(stranger, { settings: { token_url: `${strict.url}/token` }, verify: true })
          const made = await send('POST', '/api/v1/connections', verified)
          expect([made.status, made.code]).toEqual([400, 'invalid_request'])
          expect(made.text).toContain('does not accept the client certificate')
        } finally {
          await other.stop()
        }
      } finally {
        await strict.stop()
      }
    },
    60_000,
  )

  it('502 where the service closes without a word, and it is never called without a certificate', async () => {
    const call = await connect(connectionBody(stranger, { verify: false }))
    expect(await call()).toMatchObject({ status: 502, code: 'upstream_unreachable' })
    expect(service.seen).toEqual([])
  })

  const broken = '-----BEGIN PRIVATE KEY-----\ncanarycanary\n-----END PRIVATE KEY-----\n'
  it.each([
    ['the key of another', { ...alice, key: bob.key }, 'client_private_key is not the key of client_certificate'],
    ['a key that is none', { ...alice, key: broken }, 'client_private_key is not a private key'],
    ['a certificate that is none', { ...alice, cert: 'canary' }, 'client_certificate is not a certificate'],
  ])(
    'with %s: 400 that names the secret; unverified, 502 reconnect_required; nothing is sent',
    async (_, pair, says) => {
      const made = await send('POST', '/api/v1/connections', connectionBody(pair, { verify: true }))
      expect([made.status, made.code]).toEqual([400, 'invalid_request'])
      expect(made.text).toContain(says)
      const call = await connect(connectionBody(pair, { verify: false }))
      const answer = await call()
      expect([answer.status, answer.code]).toEqual([502, 'reconnect_required'])
      expect(answer.text).toContain(says)
      expect(service.seen).toEqual([])
    },
  )
})

it('nothing of a key is in an answer, the log or a file', async () => {
  for (const path of ['/connections', '/events', '/audit', '/connectors']) await send('GET', `/api/v1${path}?limit=200`)
  await send('GET', '/metrics')
  await gate.stop()
  const lines = [alice, bob, stranger].flatMap(({ key }) => key.split('\n').filter((line) => /^\w.{20}/.test(line)))
  expect(lines.length).toBeGreaterThanOrEqual(6)
  const log = gate.output().toString()
  expect(log).toContain('Octroi is ready')
  const names = (await readdir(gate.folder, { recursive: true, withFileTypes: true })).filter((e) => e.isFile())
  expect(names.map(({ name }) => name)).toContain('octroi.db')
  const files = await Promise.all(names.map(({ parentPath, name }) => readFile(join(parentPath, name), 'latin1')))
  for (const word of [...lines, 'canarycanary', 'BEGIN PRIVATE KEY']) {
    for (const place of [log, ...answers, ...files]) expect(place.includes(word), word.slice(0, 8)).toBe(false)
  }
})
