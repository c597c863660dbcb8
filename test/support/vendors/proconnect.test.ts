import { createRemoteJWKSet, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { basic, call } from './calling.ts'
import type { PeopleProvider } from './oidc_provider_people.ts'
import { Visitor } from './oidc_provider_visit.ts'
import { startProConnect } from './proconnect.ts'

const BACK = 'http://127.0.0.1:4020/sign-in/proconnect/callback'
const OUT = 'http://127.0.0.1:4020/session/signed-out'
const LONG = 'x'.repeat(32)
let provider: PeopleProvider
beforeAll(async () => {
  provider = await startProConnect({ redirectUris: [BACK], postLogoutRedirectUris: [OUT] })
})
afterAll(() => provider.stop())

const address = (more: Record<string, string> = {}) =>
  `${provider.issuer}/authorize?${new URLSearchParams({
    client_id: provider.client.id,
    redirect_uri: BACK,
    response_type: 'code',
    scope: 'openid given_name usual_name email siret organization_label',
    state: `state-${LONG}`,
    nonce: `nonce-${LONG}`,
    claims: JSON.stringify({ id_token: { acr: null, amr: null } }),
    ...more,
  })}`
const signIn = async (person = 'camille', more = {}) =>
  new URL(await new Visitor().through(address(more), person)).searchParams
const secret = () => ({ client_id: provider.client.id, client_secret: provider.client.secret })
const token = (code: string, form: Record<string, string> = secret(), headers = {}) =>
  call(`POST ${provider.issuer}/token`, {
    form: { grant_type: 'authorization_code', code, redirect_uri: BACK, ...form },
    headers,
  })
const verified = (jwt: string) =>
  jwtVerify(jwt, createRemoteJWKSet(new URL(`${provider.issuer}/jwks`)), {
    issuer: provider.issuer,
    audience: provider.client.id,
  })

describe('the stand-in for ProConnect', () => {
  it('signs in whom its form names: id_token with acr and amr, userinfo signed, one SIRET', async () => {
    const back = await signIn()
    expect(back.get('state')).toBe(`state-${LONG}`)
    const { body, status } = await token(back.get('code') ?? '')
    expect(status).toBe(200)
    const { payload, protectedHeader } = await verified(body.id_token)
    expect(protectedHeader.alg).toBe('ES256')
    expect(payload).toMatchObject({ sub: 'pc-camille', nonce: `nonce-${LONG}`, acr: 'eidas1', amr: ['pwd'] })
    expect(payload).not.toHaveProperty('siret')
    const userinfo = await call(`GET ${provider.issuer}/userinfo`, {
      headers: { Authorization: `Bearer ${body.access_token}` },
    })
    expect(userinfo.headers.get('content-type')).toContain('application/jwt')
    expect((await verified(userinfo.text)).payload).toMatchObject({
      sub: 'pc-camille',
      siret: '13002526500013',
      email: 'camille.petit@agents.exemple.fr',
    })
  })

  it.each([
    ['an unknown parameter', { ui_locales: 'fr' }],
    ['max_age', { max_age: '0' }],
    ['a short state', { state: 'x'.repeat(31) }],
    ['a short nonce', { nonce: 'x'.repeat(31) }],
  ])('Y000400 for %s', async (_, more) => {
    const answer = await call(`GET ${address(more)}`)
    expect([answer.status, answer.headers.get('location')]).toEqual([400, null])
    expect(answer.text).toContain('Y000400')
  })

  it('refuses another redirect_uri, if only by a slash', async () => {
    const answer = await call(`GET ${address({ redirect_uri: `${BACK}/` })}`)
    expect([answer.status, answer.headers.get('location')]).toEqual([400, null])
  })

  it('refuses client_secret_basic, a second use of the code, a wrong secret', async () => {
    const code = (await signIn()).get('code') ?? ''
    const { client } = provider
    expect((await token(code, {}, { Authorization: basic(client.id, client.secret) })).body.error).toBe(
      'invalid_client',
    )
    expect((await token(code, { ...secret(), client_secret: 'wrong' })).body.error).toBe('invalid_client')
    expect((await token(code)).status).toBe(200)
    expect((await token(code)).body.error).toBe('invalid_grant')
  })

  it('access_denied when the person refuses', async () => {
    expect((await signIn('')).get('error')).toBe('access_denied')
  })

  it('signs out with a state and the registered address only', async () => {
    const visitor = new Visitor()
    const back = new URL(await visitor.through(address(), 'camille')).searchParams
    const { body } = await token(back.get('code') ?? '')
    const end = (query: Record<string, string>) =>
      `${provider.issuer}/session/end?${new URLSearchParams({ id_token_hint: body.id_token, ...query })}`
    const refused = await call(`GET ${end({ post_logout_redirect_uri: OUT })}`)
    expect([refused.status, refused.text]).toEqual([400, expect.stringContaining('Y000400')])
    const other = await call(`GET ${end({ post_logout_redirect_uri: `${OUT}/`, state: LONG })}`)
    expect([other.status, other.text]).toEqual([400, expect.stringContaining('Y030111')])
    const out = await visitor.through(end({ post_logout_redirect_uri: OUT, state: LONG }), '')
    expect(out).toBe(`${OUT}?state=${LONG}`)
  })

  it('misbehaves when it is told to, and is calm again', async () => {
    provider.forge.idToken = { claims: { iss: 'https://elsewhere.example' } }
    const { body } = await token((await signIn()).get('code') ?? '')
    await expect(verified(body.id_token)).rejects.toMatchObject({ claim: 'iss' })
    provider.calm()
    const before = body.id_token
    provider.rotateKeys()
    const after = (await token((await signIn()).get('code') ?? '')).body.id_token
    await expect(verified(before)).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' })
    expect((await verified(after)).payload.sub).toBe('pc-camille')
    provider.moods.set('/token', 'html')
    expect((await token('x')).text).toContain('Maintenance')
    provider.calm()
    expect((await token('x')).body.error).toBe('invalid_grant')
  })
})
