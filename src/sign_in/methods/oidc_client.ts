import { createPrivateKey, type KeyObject } from 'node:crypto'
import type { ClientAuth } from 'openid-client'
import { OctroiError } from '../../core/errors.ts'
import type { Secrets } from '../../core/types.ts'
import type { ResolvedOidc } from './oidc_resolved.ts'

/** How Octroi shows a provider who it is (OpenID Connect Core §9). */

type Wanted = Pick<
  ResolvedOidc,
  | 'token_endpoint_auth_method'
  | 'token_endpoint_auth_signing_alg'
  | 'private_key_id'
  | 'id_token_signed_response_alg'
  | 'userinfo'
  | 'userinfo_signed_response_alg'
>

/** Throws `invalid_request` that names the secret which is missing or is no key. The library is loaded when it is used. */
export function clientAuthentication(settings: Wanted, secrets: Secrets): () => Promise<ClientAuth> {
  checkSecrets(settings, secrets)
  const secret = secrets.client_secret as string
  switch (settings.token_endpoint_auth_method) {
    case 'none':
      return async () => (await import('openid-client')).None()
    case 'client_secret_basic':
      return async () => (await import('openid-client')).ClientSecretBasic(secret)
    case 'client_secret_post':
      return async () => (await import('openid-client')).ClientSecretPost(secret)
    case 'private_key_jwt':
      return privateKeyJwt(settings, secrets.private_key as string)
  }
}

function checkSecrets(settings: Wanted, { client_secret: secret, private_key: key }: Secrets): void {
  const { token_endpoint_auth_method: method } = settings
  const isSymmetric =
    settings.id_token_signed_response_alg.startsWith('HS') ||
    (settings.userinfo === 'jwt' && settings.userinfo_signed_response_alg.startsWith('HS'))
  if ((method.startsWith('client_secret') || isSymmetric) && !secret)
    throw missing('client_secret', isSymmetric ? 'with an algorithm that is signed with it' : `with ${method}`)
  if (method === 'private_key_jwt' && !key) throw missing('private_key', 'with private_key_jwt')
}

function privateKeyJwt(settings: Wanted, pem: string): () => Promise<ClientAuth> {
  const key = readKey(pem)
  const algorithm = settings.token_endpoint_auth_signing_alg ?? algorithmOf(key)
  const parameters = algorithm === undefined ? undefined : parametersOf(key, algorithm)
  if (parameters === undefined)
    throw fault('private_key', `is no key for ${algorithm ?? 'any algorithm that is known'}`)
  const der = key.export({ type: 'pkcs8', format: 'der' }) as Buffer<ArrayBuffer>
  let making: Promise<ClientAuth> | undefined
  return () => {
    making ??= withKey(der, parameters, settings.private_key_id)
    return making
  }
}

async function withKey(
  der: Buffer<ArrayBuffer>,
  parameters: ImportParameters,
  kid: string | undefined,
): Promise<ClientAuth> {
  const { PrivateKeyJwt } = await import('openid-client')
  const key = await crypto.subtle.importKey('pkcs8', der, parameters, false, ['sign'])
  return PrivateKeyJwt(kid === undefined ? key : { key, kid })
}

function readKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem)
  } catch {
    throw fault('private_key', 'is not a private key in PEM without a passphrase')
  }
}

const CURVES: Readonly<Record<string, readonly [string, string]>> = {
  prime256v1: ['ES256', 'P-256'],
  secp384r1: ['ES384', 'P-384'],
  secp521r1: ['ES512', 'P-521'],
}

function algorithmOf(key: KeyObject): string | undefined {
  if (key.asymmetricKeyType === 'rsa') return 'RS256'
  return CURVES[key.asymmetricKeyDetails?.namedCurve ?? '']?.[0]
}

type ImportParameters = Exclude<Parameters<typeof crypto.subtle.importKey>[2], string>

function parametersOf(key: KeyObject, algorithm: string): ImportParameters | undefined {
  const hash = `SHA-${algorithm.slice(2)}`
  if (key.asymmetricKeyType === 'rsa') {
    if ((key.asymmetricKeyDetails?.modulusLength ?? 0) < 2048) return undefined
    if (algorithm.startsWith('RS')) return { name: 'RSASSA-PKCS1-v1_5', hash }
    return algorithm.startsWith('PS') ? { name: 'RSA-PSS', hash } : undefined
  }
  const [known, curve] = CURVES[key.asymmetricKeyDetails?.namedCurve ?? ''] ?? []
  return known === algorithm && curve !== undefined ? { name: 'ECDSA', namedCurve: curve } : undefined
}

function missing(name: string, when: string): OctroiError {
  return fault(name, `is required ${when}`)
}

function fault(name: string, message: string): OctroiError {
  return new OctroiError('invalid_request', `The secret ${name} ${message}.`, {
    errors: [{ path: `secrets.${name}`, message }],
  })
}
