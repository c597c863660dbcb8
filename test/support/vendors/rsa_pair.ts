import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

export interface RsaPair {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  /** PKCS#8. */
  readonly pem: string
  /** `BEGIN RSA PRIVATE KEY` (PKCS#1). */
  readonly pkcs1Pem: string
  readonly publicPem: string
  /** `<RSAKeyValue>` with the private parts, the form in which .NET hands keys out. */
  readonly xml: string
}

export function rsaPair(): RsaPair {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return {
    privateKey,
    publicKey,
    pem: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    pkcs1Pem: privateKey.export({ format: 'pem', type: 'pkcs1' }).toString(),
    publicPem: publicKey.export({ format: 'pem', type: 'spki' }).toString(),
    xml: rsaXml(privateKey),
  }
}

/** The element of each JWK member, in the order in which .NET writes them (XML Signature 4.4.2.2, and the private ones). */
const ELEMENTS = { n: 'Modulus', e: 'Exponent', p: 'P', q: 'Q', dp: 'DP', dq: 'DQ', qi: 'InverseQ', d: 'D' }

function rsaXml(key: KeyObject): string {
  const jwk = key.export({ format: 'jwk' }) as Record<string, string>
  const parts = Object.entries(ELEMENTS).map(([member, element]) => {
    const base64 = Buffer.from(jwk[member] ?? '', 'base64url').toString('base64')
    return `<${element}>${base64}</${element}>`
  })
  return `<RSAKeyValue>${parts.join('')}</RSAKeyValue>`
}

/** A JWT (RS256) with the claims exactly as given: a vendor may get their types wrong, and a library would not. */
export function signedJwt(claims: object, key: KeyObject, kid?: string): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const data = `${part({ alg: 'RS256', typ: 'JWT', ...(kid !== undefined && { kid }) })}.${part(claims)}`
  return `${data}.${sign('sha256', Buffer.from(data), key).toString('base64url')}`
}
