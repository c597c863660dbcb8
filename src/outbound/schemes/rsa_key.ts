import { createPrivateKey, type KeyObject } from 'node:crypto'
import { repairedPem } from './oauth/oauth_keys.ts'

/**
 * A private RSA key as services hand it out: PEM (PKCS#1 or PKCS#8), or the `<RSAKeyValue>` XML of .NET.
 * Throws an `Error` that says what is wrong and never a part of the key.
 */
export function rsaPrivateKey(text: string): KeyObject {
  const trimmed = text.replace(/^\uFEFF/, '').trim()
  const key = trimmed.startsWith('<') ? fromXml(trimmed) : fromPem(trimmed)
  if (key.asymmetricKeyType !== 'rsa') throw new Error('is a key of another kind than RSA')
  return key
}

/** RFC 7468. */
function fromPem(text: string): KeyObject {
  const [, label = ''] = /-----BEGIN ([A-Z0-9 ]+)-----/.exec(text) ?? []
  if (label === '') throw new Error('is neither PEM nor <RSAKeyValue> XML')
  if (label === 'ENCRYPTED PRIVATE KEY' || text.includes('Proc-Type: 4,ENCRYPTED'))
    throw new Error('is protected by a passphrase: give the key without one')
  if (!label.endsWith('PRIVATE KEY')) throw new Error(`is a ${label.toLowerCase()}, not a private key`)
  return made({ key: repairedPem(text), format: 'pem' })
}

/** The elements of XML Signature §4.4.2.2 and those that .NET adds for the private half, by their names in a JWK (RFC 7518 §6.3). */
const ELEMENTS = {
  n: 'Modulus',
  e: 'Exponent',
  d: 'D',
  p: 'P',
  q: 'Q',
  dp: 'DP',
  dq: 'DQ',
  qi: 'InverseQ',
} as const

function fromXml(text: string): KeyObject {
  if (!/<RSAKeyValue\b/.test(text)) throw new Error('is XML, but not <RSAKeyValue>')
  if (element(text, 'D') === undefined) throw new Error('is only the public half of the key: <D> is missing')
  const members = Object.entries(ELEMENTS).map(([member, name]) => {
    const value = element(text, name)
    if (value === undefined) throw new Error(`is not whole: <${name}> is missing or no base64`)
    return [member, Buffer.from(value, 'base64').toString('base64url')] as const
  })
  return made({ key: { kty: 'RSA', ...Object.fromEntries(members) }, format: 'jwk' })
}

function element(text: string, name: string): string | undefined {
  const value = new RegExp(`<${name}>([A-Za-z0-9+/=\\s]+)</${name}>`).exec(text)?.[1]?.replace(/\s/g, '')
  return value === '' ? undefined : value
}

function made(input: Parameters<typeof createPrivateKey>[0]): KeyObject {
  try {
    return createPrivateKey(input)
  } catch {
    // What OpenSSL says may quote the input.
    throw new Error('cannot be read as a private key')
  }
}
