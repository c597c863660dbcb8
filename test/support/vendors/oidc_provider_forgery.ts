import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

/** Tokens as no honest provider would write them. */
export interface Forgery {
  /** Over the members of the header that was there; `undefined` takes one away. */
  readonly header?: Readonly<Record<string, unknown>>
  /** Over the claims that were there; `undefined` takes one away. */
  readonly claims?: Readonly<Record<string, unknown>>
  /**
   * `provider`: the key that it publishes for the algorithm of the header. `stranger`: one that nobody publishes. `public`: the PEM of the published
   * RSA key as if it were a secret. `none`: no signature at all.
   */
  readonly key?: 'provider' | 'stranger' | 'public' | 'none'
}

export interface SigningKeys {
  readonly rsa: KeyObject
  readonly ec: KeyObject
  readonly publicPem: string
  readonly jwks: readonly object[]
  readonly kid: (algorithm: string) => string
}

export function signingKeys(name: string): SigningKeys {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const kid = (algorithm: string) => `${name}-${algorithm}`
  const jwk = (key: KeyObject, alg: string) => ({ ...key.export({ format: 'jwk' }), use: 'sig', alg, kid: kid(alg) })
  return {
    rsa: rsa.privateKey,
    ec: ec.privateKey,
    publicPem: rsa.publicKey.export({ format: 'pem', type: 'spki' }).toString(),
    jwks: [jwk(rsa.privateKey, 'RS256'), jwk(ec.privateKey, 'ES256')],
    kid,
  }
}

export function partsOf(jwt: string): { header: Record<string, unknown>; claims: Record<string, unknown> } {
  const [header = '', claims = ''] = jwt.split('.')
  const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>
  return { header: read(header), claims: read(claims) }
}

/** The token with what is forged, signed again by the key that the forgery names. */
export function forged(
  jwt: string,
  { header = {}, claims = {}, key = 'provider' }: Forgery,
  keys: SigningKeys,
  secret: string,
): string {
  const was = partsOf(jwt)
  const alg = String(header.alg ?? was.header.alg)
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const isAsymmetric = /^(?:RS|PS|ES)/.test(alg)
  const kid = isAsymmetric && was.header.alg !== alg ? { kid: keys.kid(alg) } : {}
  const data = `${part({ ...was.header, ...kid, ...header })}.${part({ ...was.claims, ...claims })}`
  return `${data}.${signature(data, alg, key, keys, secret)}`
}

function signature(data: string, alg: string, key: Forgery['key'], keys: SigningKeys, secret: string): string {
  if (key === 'none') return ''
  if (alg === 'HS256') {
    const bytes = key === 'public' ? keys.publicPem : key === 'stranger' ? 'another secret of thirty-two bytes' : secret
    return createHmac('sha256', bytes).update(data).digest('base64url')
  }
  const { rsa, ec } = key === 'stranger' ? signingKeys('stranger') : keys
  if (alg === 'RS256') return sign('sha256', Buffer.from(data), rsa).toString('base64url')
  if (alg === 'ES256')
    return sign('sha256', Buffer.from(data), { key: ec, dsaEncoding: 'ieee-p1363' }).toString('base64url')
  throw new Error(`no key for ${alg}`)
}
