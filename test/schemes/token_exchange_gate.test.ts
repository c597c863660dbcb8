import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { bearerToken, jsonFields } from '../support/vendors/reading.ts'
import { startTwoStep, type TwoStep } from '../support/vendors/two_step.ts'
import { openVendor, type Route, type Vendor } from '../support/vendors/vendor.ts'

/** Logins behind a whole gate: what programs see. */

const network = { allow_private: true, allow_http: true }
let gate: TestGate
let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'octroi-test-connectors-'))
  await mkdir(join(folder, 'connectors'))
  await writeFile(join(folder, 'connectors/once.yaml'), ONCE)
  gate = await startTestGate({ OCTROI_DATA_DIR: folder })
})
afterEach(async () => {
  await gate.stop()
  await rm(folder, { recursive: true, force: true })
})

async function connect(connection: object) {
  const { status, body } = await gate.api('POST', '/connections', { id: 'it', network, ...connection })
  expect([status, body]).toEqual([201, expect.objectContaining({ id: 'it' })])
  const grants = [{ connection: 'it', allow: ['* /**'] }]
  const { key } = (await gate.api('POST', '/keys', { name: 'a program', grants })).body
  return async (path: string, more: RequestInit = {}) => {
    const headers = { authorization: `Bearer ${key}`, 'X-Session-Token': 'mine', ...more.headers }
    const answer = await fetch(`${gate.url}/proxy/it${path}`, { ...more, headers })
    return { status: answer.status, text: await answer.text() }
  }
}

describe('generic-token-exchange behind the gate', () => {
  let vendor: TwoStep
  beforeEach(async () => {
    vendor = await startTwoStep()
  })
  afterEach(() => vendor.stop())

  const connection = (connector: string) => ({
    connector,
    settings: {
      base_url: vendor.url,
      login_url: `${vendor.url}/login`,
      ...(connector === 'once'
        ? {}
        : { username_field: 'user', token_at: '/data/session/token', header: 'X-Session-Token', prefix: '' }),
    },
    secrets: { username: vendor.user, password: vendor.password },
  })

  it('200 with a token that is not the caller’s, and again after it was revoked, the body included', async () => {
    const ask = await connect(connection('generic-token-exchange'))
    expect((await ask('/data')).status).toBe(200)
    vendor.revokeTokens()
    const again = await ask('/data', { method: 'POST', body: 'once' })
    expect([again.status, JSON.parse(again.text).body, vendor.tokensIssued()]).toEqual([200, 'once', 2])
    const { body } = await gate.api('GET', '/connections/it/credentials')
    expect(Object.keys(body.secrets ?? body).sort()).toEqual(['access_token', 'password', 'username'])
  })

  it('a changed password stops the connection and is not tried again and again', async () => {
    const ask = await connect({ ...connection('generic-token-exchange'), verify: false })
    vendor.settings.credentialsValid = false
    const first = await ask('/data')
    expect([first.status, JSON.parse(first.text).code]).toEqual([502, 'reconnect_required'])
    const before = vendor.tokenRequests()
    expect((await ask('/data')).status).toBe(502)
    expect(vendor.tokenRequests()).toBe(before)
    expect(first.text).not.toContain(vendor.password)
  })

  it('one_shot logs in for every call', async () => {
    const ask = await connect(connection('once'))
    const before = vendor.tokensIssued()
    for (let calls = 1; calls <= 3; calls++) {
      expect((await ask('/data')).status).toBe(200)
      expect(vendor.tokensIssued()).toBe(before + calls)
    }
  })
})

describe('directus behind the gate', () => {
  it('refreshes with the token that outlives the refused one, and logs in once only', async () => {
    const state = { access: '', refresh: '', issued: 0, logins: 0 }
    const vendor = await startDirectus(state)
    const ask = await connect({
      connector: 'directus',
      settings: { base_url: vendor.url },
      secrets: { email: 'a@example.org', password: 'p' },
    })
    for (let calls = 0; calls < 2; calls++) {
      expect((await ask('/users/me')).status).toBe(200)
      state.access = 'revoked'
    }
    expect([state.logins, state.issued]).toEqual([1, 2])
    await vendor.stop()
  })
})

interface DirectusState {
  access: string
  refresh: string
  issued: number
  logins: number
}

function startDirectus(state: DirectusState): Promise<Vendor> {
  const refused = { status: 401, body: { errors: [] } }
  const issue = () => {
    state.issued++
    Object.assign(state, { access: `a${state.issued}`, refresh: `r${state.issued}` })
    return {
      status: 200,
      body: { data: { access_token: state.access, refresh_token: state.refresh, expires: 900_000 } },
    }
  }
  const routes: Route[] = [
    {
      method: 'POST',
      path: /^\/auth\/login$/,
      answer(call) {
        state.logins++
        return jsonFields(call, refused).password === 'p' ? issue() : refused
      },
    },
    {
      method: 'POST',
      path: /^\/auth\/refresh$/,
      answer: (call) => (jsonFields(call, refused).refresh_token === state.refresh ? issue() : refused),
    },
    {
      method: 'GET',
      path: /^\/users\/me$/,
      answer: (call) => (bearerToken(call) === state.access ? { status: 200, body: { data: {} } } : refused),
    },
  ]
  return openVendor({ routes: () => routes, unknown: () => ({ status: 404 }), outage: (status) => ({ status }) })
}

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: this is a connector
const ONCE = `id: once
name: Once
docs: https://once.example
scheme: token_exchange
settings: { base_url: { title: B, format: url }, login_url: { title: L, format: url } }
secrets: { username: { title: U }, password: { title: P } }
base_url: \${settings.base_url}
token_exchange:
  login:
    - url: \${settings.login_url}
      json: { user: "\${secrets.username}", password: "\${secrets.password}" }
      extract: { t: { json: [data, session, token] } }
  lifetime: one_shot
  apply: [{ header: X-Session-Token, value: "\${token.t}" }]
test: GET /data
`
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: this is a connector
