import type { Template } from '../../connectors/template.ts'
import { ExchangeError } from '../../exchange.ts'
import type { ClientCertificate, ConnectionSecrets, Values } from '../../scheme.ts'
import { certificatePair, certificateThumbprint, signingKey, signJwt } from './oauth_keys.ts'
import { missing, values } from './oauth_values.ts'

/** How the client proves itself at the token endpoint (RFC 6749 §2.3, RFC 7523 §2.2, RFC 8705 §2). */

export const CLIENT_AUTH = ['basic', 'post', 'private_key_jwt', 'mtls', 'none'] as const
export type ClientAuth = (typeof CLIENT_AUTH)[number]

export interface AssertionSettings {
  readonly algorithm: string
  readonly kid: Template | undefined
  /** By default the address that the request goes to. */
  readonly audience: Template | undefined
  readonly lifetimeSeconds: number
  readonly thumbprint: 'x5t' | 'x5t#S256' | undefined
}

export interface ClientProof {
  readonly headers: Values
  readonly params: Values
  readonly certificate?: ClientCertificate | undefined
}

export interface ClientRules {
  readonly auth: ClientAuth
  readonly assertion: AssertionSettings | undefined
}

/** What goes on a request to `url`. A client without a secret is a public one, and only says its name. */
export async function proveClient(
  rules: ClientRules,
  connection: ConnectionSecrets,
  url: string,
  now: number,
): Promise<ClientProof> {
  const id = secret(connection, 'client_id')
  switch (rules.auth) {
    case 'basic':
    case 'post': {
      const password = connection.secrets.client_secret
      if (password === undefined) return publicClient(connection)
      return rules.auth === 'post'
        ? { headers: {}, params: { client_id: id, client_secret: password } }
        : { headers: { Authorization: basicClient(id, password) }, params: {} }
    }
    case 'private_key_jwt':
      return { headers: {}, params: await assertion(rules.assertion, connection, url, now) }
    case 'mtls':
      return { headers: {}, params: { client_id: id }, certificate: clientCertificate(connection) }
    case 'none':
      return { headers: {}, params: { client_id: id } }
  }
}

/** RFC 6749 §3.2.1: the client is named, and proves nothing. */
export function publicClient(connection: ConnectionSecrets): ClientProof {
  return { headers: {}, params: { client_id: secret(connection, 'client_id') } }
}

/** RFC 6749 §2.3.1: each part is form-urlencoded first, so that a colon or `%` in it stays what it is. */
export function basicClient(id: string, password: string): string {
  return `Basic ${Buffer.from(`${formEncoded(id)}:${formEncoded(password)}`).toString('base64')}`
}

/** RFC 8705 §2. Also what is presented with every call, where tokens are bound to the certificate (§3). */
export function clientCertificate(connection: ConnectionSecrets): ClientCertificate {
  return certificatePair(secret(connection, 'client_certificate'), secret(connection, 'client_private_key'))
}

/** The value, or `ExchangeError` `human`: only a person can give a secret that is not there. */
export function secret(connection: ConnectionSecrets, name: string): string {
  const value = Object.hasOwn(connection.secrets, name) ? connection.secrets[name] : undefined
  if (value === undefined || value === '') throw missing(name)
  return value
}

async function assertion(
  settings: AssertionSettings | undefined,
  connection: ConnectionSecrets,
  url: string,
  now: number,
): Promise<Values> {
  if (settings === undefined) throw new ExchangeError('human', 'The connector does not say how the client signs.')
  const { algorithm, thumbprint, lifetimeSeconds } = settings
  const id = secret(connection, 'client_id')
  const key = signingKey(secret(connection, 'private_key'), algorithm, 'private_key')
  const kid = settings.kid?.render(values(connection)) ?? key.kid
  const audience = settings.audience?.render(values(connection)) ?? url
  const header = {
    ...(kid === undefined ? {} : { kid }),
    ...(thumbprint === undefined ? {} : { [thumbprint]: thumbprintOf(connection, thumbprint) }),
  }
  const jwt = { algorithm, header, claims: { iss: id, sub: id, aud: audience } }
  return {
    client_id: id,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: await signJwt(key, jwt, now, lifetimeSeconds),
  }
}

function thumbprintOf(connection: ConnectionSecrets, kind: 'x5t' | 'x5t#S256'): string {
  return certificateThumbprint(secret(connection, 'client_certificate'), kind, 'client_certificate')
}

function formEncoded(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1)
}
