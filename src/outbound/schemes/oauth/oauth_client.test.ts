import { generateKeyPairSync } from 'node:crypto'
import { decodeProtectedHeader, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import { clientAuthority } from '../../../../test/support/client_certificates.ts'
import { tokenScript } from '../../../../test/support/token_script.ts'
import { parseConnector } from '../../connectors/connector.ts'
import type { Values } from '../../scheme.ts'
import { oauth2 } from '../oauth2.ts'
import { basicClient } from './oauth_client.ts'
import { certificateThumbprint } from './oauth_keys.ts'

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
const PEM = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
const LOCKED = privateKey
  .export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'golden' })
  .toString()
const authority = clientAuthority('An authority')
const NOW = new Date('2026-11-21T12:00:00Z')

const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIDATCCAemgAwIBAgIUfvP8HS/x9SbzQgvupUk4ZACg54QwDQYJKoZIhvcNAQEL
BQAwDzENMAsGA1UEAwwEYWNtZTAgFw0yNjExMjIwMjM4NTNaGA8yMTI2MTAyOTAy
Mzg1M1owDzENMAsGA1UEAwwEYWNtZTCCASIwDQYJKoZIhvcNAQEBBQADggEPADCC
AQoCggEBAIcSt4zJbO5rDr7XEWOSrUlR/2ijnWsBPrUUTK3JsDRApMUow9HPXPJq
WDKSP1KQIuxakvoFGkXUu41kAuAFKwQ9rDSM0V22GOKTv/J9dWNgWgTFr83VfwoU
h/1OosiKUDXFrB0txcq2X5jFhUldisSIplLhMDQ7PEEvCdA/nPCwp/DlMs64o8NV
PeuLuO46zHnl4sFnDyeFWzTNBGNVsH4V9yHXH7kFm4xEqho3FzQkeWGnK1gJm5cA
mb7ROzbdfJVa4yHeExAFuN1Hw1GCOFS9qbA0QWUcY9hW/tyDPHZBEfHqil6L+F5U
2liHJA7GC/M8zgiTT8I2Qhh3bHNhfnsCAwEAAaNTMFEwHQYDVR0OBBYEFBWAFmf8
Q38Mr/WGFsBVIjfPvRRtMB8GA1UdIwQYMBaAFBWAFmf8Q38Mr/WGFsBVIjfPvRRt
MA8GA1UdEwEB/wQFMAMBAf8wDQYJKoZIhvcNAQELBQADggEBABBct3sHDE+JPP/d
b0ughuVd09HCD2dqBHZj8ivD6nTtSlhkjz9KXgtYNX5HEuRjj27zikC9LE4eBhiE
DOmHyOvuhy8548ji2NwEmIyaBY5CCBjpBbjdMXRRgQJIBH5vaw/RZ6mpkFX9CUtc
1WKoDCwGc4Ul6tNbTgNRXmqB6WDsNQkYDwhaLS77hqFPyitBA8TVsL5qUWlFqUzY
yRanMSS6oGJW8E2BbQ/9WXXCeTmiYCLLfWqjD1ugZNReX3+6EVSrgd3zyrc80G1v
PrISn4ZoGbeqfSWGcFkOTmFJPsL4tn4/BUNHgv5OpMVuZ9smqZDRdl3Kcqk6Alga
1cNNer4=
-----END CERTIFICATE-----
`

async function asked(section: string, secrets: Values, settings: Values = {}) {
  const connector = parseConnector(
    `id: acme
name: Acme
docs: https://acme.example
scheme: oauth2
base_url: https://acme.example
settings: { kid: { title: Key id, optional: true } }
secrets: { client_secret: { title: S, optional: true } }
oauth2: { grant: client_credentials, token_url: https://login.example/token, ${section} }
`.replace(/secrets: .*\n/, /basic|post/.test(section) ? '$&' : ''),
    'acme.yaml',
  )
  const script = tokenScript([{ body: { access_token: 'at' } }])
  await oauth2.exchange!.run({ connector, settings, secrets: { client_id: 'id', ...secrets } }, script.context)
  return { request: script.sent[0]!, form: script.form(0) }
}

describe('client authentication', () => {
  it('basic: each part is form-urlencoded before it is joined (RFC 6749 §2.3.1)', async () => {
    const { request, form } = await asked('client_auth: basic', { client_secret: 'p:+ é' })
    expect(request.headers?.Authorization).toBe(`Basic ${btoa('id:p%3A%2B+%C3%A9')}`)
    expect(form).toEqual({ grant_type: 'client_credentials' })
  })

  it('basic: the example of RFC 6749 §2.3.1', () => {
    expect(basicClient('s6BhdRkqt3', '7Fjfp0ZBr1KtDRbnfVdmIw')).toBe(
      'Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3',
    )
  })

  it('post: both in the body, and no header', async () => {
    const { request, form } = await asked('client_auth: post', { client_secret: 's' })
    expect(request.headers).not.toHaveProperty('Authorization')
    expect(form).toEqual({ grant_type: 'client_credentials', client_id: 'id', client_secret: 's' })
  })

  it('basic without its optional secret is a public client', async () => {
    const { request, form } = await asked('client_auth: basic', {})
    expect(request.headers).not.toHaveProperty('Authorization')
    expect(form).toEqual({ grant_type: 'client_credentials', client_id: 'id' })
  })

  it('private_key_jwt: a fresh assertion for the token endpoint (RFC 7523 §2.2, §3)', async () => {
    const section = `client_auth: private_key_jwt, assertion: { algorithm: ES256, kid: "\${settings.kid}" }`
    const { form } = await asked(section, { private_key: PEM }, { kid: 'k1' })
    expect(form).toMatchObject({
      client_id: 'id',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    })
    expect(form).not.toHaveProperty('client_secret')
    const { payload, protectedHeader } = await jwtVerify(form.client_assertion!, publicKey, { currentDate: NOW })
    expect(protectedHeader).toEqual({ alg: 'ES256', typ: 'JWT', kid: 'k1' })
    expect(payload).toEqual({
      iss: 'id',
      sub: 'id',
      aud: 'https://login.example/token',
      iat: NOW.getTime() / 1000,
      exp: NOW.getTime() / 1000 + 300,
      jti: expect.any(String),
    })
    expect((await asked(section, { private_key: PEM })).form.client_assertion).not.toBe(form.client_assertion)
  })

  it('private_key_jwt: a JWK with its kid, another audience and lifetime', async () => {
    const jwk = JSON.stringify({ ...privateKey.export({ format: 'jwk' }), kid: 'own' })
    const section =
      'client_auth: private_key_jwt, assertion: { algorithm: ES256, audience: "https://i.example", lifetime_s: 60 }'
    const { form } = await asked(section, { private_key: jwk })
    const { payload, protectedHeader } = await jwtVerify(form.client_assertion!, publicKey, { currentDate: NOW })
    expect(protectedHeader.kid).toBe('own')
    expect([payload.aud, payload.exp! - payload.iat!]).toEqual(['https://i.example', 60])
  })

  it('private_key_jwt: the thumbprint of the certificate (RFC 7515 §4.1.7)', async () => {
    const section = 'client_auth: private_key_jwt, assertion: { algorithm: ES256, thumbprint: x5t }'
    const { form } = await asked(section, { private_key: PEM, client_certificate: CERTIFICATE })
    expect(decodeProtectedHeader(form.client_assertion!).x5t).toBe('J-k6NNTvmxfJZ5cMJ-amX48o77c')
    expect(certificateThumbprint(CERTIFICATE, 'x5t#S256', 'c')).toBe('OhJ9g4isAO50AlkEj9fTe6AKA_FMSlAE5iYUx4vwzlA')
    expect(() => certificateThumbprint('nonsense', 'x5t', 'c')).toThrow('human: The secret c is not a certificate')
  })

  it('mtls: the certificate goes with the request, the name into the body (RFC 8705 §2)', async () => {
    const { cert, key } = authority.issue('client')
    const secrets = { client_certificate: cert.replaceAll('\n', ' '), client_private_key: key.replaceAll('\n', '\\n') }
    const { request, form } = await asked('client_auth: mtls', secrets)
    expect(request.certificate).toEqual({ cert, key })
    expect(form).toEqual({ grant_type: 'client_credentials', client_id: 'id' })
  })

  it.each([
    ['private_key_jwt', {}, 'private_key is missing'],
    ['private_key_jwt', { private_key: 'golden' }, 'private_key is not a private key'],
    ['mtls', { client_certificate: 'x' }, 'client_private_key is missing'],
    ['mtls', { client_certificate: 'golden', client_private_key: PEM }, 'client_certificate is not a certificate'],
    [
      'mtls',
      { client_certificate: CERTIFICATE, client_private_key: 'golden' },
      'client_private_key is not a private key',
    ],
    ['mtls', { client_certificate: CERTIFICATE, client_private_key: LOCKED }, 'without a passphrase'],
    ['mtls', { client_certificate: CERTIFICATE, client_private_key: PEM }, 'is not the key of client_certificate'],
    ['basic', { client_id: '' }, 'client_id is missing'],
  ])('human, before anything is sent, with %s and %j', async (auth, secrets, message) => {
    const act = asked(`client_auth: ${auth}`, secrets)
    await expect(act).rejects.toMatchObject({ kind: 'human', detail: expect.stringContaining(message) })
    await expect(act).rejects.not.toThrow('golden')
  })
})
