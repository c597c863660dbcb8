import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { PAHEKO_WRITER } from '../support/paheko.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'
import { closing, LOOPBACK_NETWORK, openShop, type Shop, secretsOf } from './shop.ts'

let shop: Shop
beforeEach(async () => {
  shop = await openShop()
})
afterEach(() => shop.stop())

const add = (baseUrl: string, network: object = LOOPBACK_NETWORK, id = 'other') =>
  shop.gate.api('POST', '/connections', {
    id,
    connector: 'paheko',
    settings: { base_url: baseUrl },
    secrets: secretsOf(PAHEKO_WRITER),
    network,
  })

describe('C-06: a password in an address', () => {
  it.each([
    'https://compte-api:mdp-secret@asso.example.org',
    'https://compte-api:mdp-secret@asso.example.org/paheko',
    'https://compte-api@asso.example.org',
    'https://compte-api:mdp-secret%40@asso.example.org',
  ])('C-06: %s is refused, and the refusal does not repeat it', async (address) => {
    const answer = await add(address)
    expect([answer.status, answer.body.code]).toEqual([400, 'invalid_request'])
    expect(answer.body.errors).toEqual([
      { path: 'settings.base_url', message: 'may not contain a user name or password' },
    ])
    expect(JSON.stringify(answer.body)).not.toMatch(/mdp-secret|compte-api/)
  })

  it('C-06: neither the audit trail nor the events hold what was refused', async () => {
    await add('https://compte-api:mdp-secret@asso.example.org')
    const audit = await shop.gate.api('GET', '/audit?limit=200')
    const events = await shop.gate.api('GET', '/events?limit=200')
    expect(audit.body.items.length).toBeGreaterThan(0)
    expect(JSON.stringify([audit.body, events.body])).not.toContain('mdp-secret')
  })

  it('C-06: curl’s form user:KEY@gate is Basic on the wire, and passes as such', async () => {
    const headers = { Authorization: `Basic ${Buffer.from(`recyclique:${shop.token}`).toString('base64')}` }
    const answer = await shop.call('GET', '/api/accounting/years', { headers })
    expect([answer.status, answer.headers.get('octroi-error')]).toEqual([403, 'not_granted'])
  })

  it('C-06: a key in the query is refused before the call, and is not in the trail', async () => {
    const answer = await shop.call('POST', `/api/accounting/transaction?api_key=${shop.token}`)
    expect(answer.status).toBe(400)
    expect(shop.paheko.requests).toEqual([])
    const audit = await shop.gate.api('GET', '/audit?limit=200')
    expect(JSON.stringify(audit.body)).not.toContain(shop.token)
  })
})

describe('C-07: plain HTTP towards Paheko', () => {
  it.each([
    ['no network settings', {}],
    ['allow_private alone', { allow_private: true }],
  ])('C-07: 422 insecure_upstream with %s', async (_, network) => {
    const answer = await add(shop.paheko.url, network)
    expect([answer.status, answer.body.code]).toEqual([422, 'insecure_upstream'])
  })

  it('C-07: accepted with both flags, as inside a compose network', async () => {
    expect((await add(shop.paheko.url)).status).toBe(201)
  })

  it('C-07: a public address never, flags or not: the password would cross the internet in clear', async () => {
    const answer = await add('http://203.0.113.7')
    expect([answer.status, answer.body.code]).toEqual([422, 'insecure_upstream'])
  })

  it('C-07: taking the flag away needs the secrets, and then refuses the plain address', async () => {
    const without = await shop.gate.api('PATCH', '/connections/paheko', { network: {} })
    expect([without.status, without.body.code]).toEqual([422, 'secrets_required'])
    const changed = await shop.gate.api('PATCH', '/connections/paheko', {
      network: {},
      secrets: secretsOf(PAHEKO_WRITER),
    })
    expect([changed.status, changed.body.code]).toEqual([422, 'insecure_upstream'])
  })
})

describe('C-07: TLS towards Paheko is verified', () => {
  let tls: Upstream
  beforeEach(async () => {
    tls = await startUpstream({ tls: true })
  })
  afterEach(() => tls.stop())

  const post = () => {
    const headers = { 'API-KEY': shop.token, 'Content-Type': 'application/json' }
    return shop.call('POST', '/api/accounting/transaction', { headers, body: JSON.stringify(closing().transaction) })
  }
  const move = (network: object) =>
    shop.gate.api('PATCH', '/connections/paheko', {
      settings: { base_url: tls.url },
      secrets: secretsOf(PAHEKO_WRITER),
      network,
    })

  it('C-07: a certificate by an unknown authority → 502 upstream_unreachable, and the secret is not sent', async () => {
    expect((await move({ allow_private: true })).status).toBe(200)
    const answer = await post()
    expect([answer.status, answer.headers.get('octroi-error')]).toEqual([502, 'upstream_unreachable'])
    expect(await answer.text()).toContain('certificate')
    expect(tls.requests).toEqual([])
  })

  it('C-07: accepted once the connection names that authority', async () => {
    expect((await move({ allow_private: true, ca: tls.ca })).status).toBe(200)
    expect((await post()).status).toBe(200)
    expect(tls.requests).toHaveLength(1)
  })

  it('C-07: there is no setting that skips verification', async () => {
    const answer = await move({ allow_private: true, insecure: true })
    expect([answer.status, answer.body.code]).toEqual([400, 'invalid_request'])
  })
})
