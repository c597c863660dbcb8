import { createServer } from 'node:http'
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import type { TestGate } from './gate.ts'
import { type Loopback, listen } from './loopback.ts'

export interface IssuerKey {
  readonly jwk: JWK
  readonly privateKey: CryptoKey
}

export async function issuerKey(algorithm: string, kid: string): Promise<IssuerKey> {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true })
  return { jwk: { ...(await exportJWK(publicKey)), kid, alg: algorithm }, privateKey }
}

/** Publishes the keys that the test says, and counts who asks. */
export class TestIssuer {
  published: readonly JWK[]
  /** What it answers. */
  status = 200
  asked = 0
  url = ''
  readonly #server = createServer((_, response) => {
    this.asked++
    response.writeHead(this.status, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ keys: this.published }))
  })
  #loopback: Loopback | undefined

  constructor(...keys: readonly IssuerKey[]) {
    this.published = keys.map(({ jwk }) => jwk)
  }

  async start(): Promise<this> {
    this.#loopback = await listen(this.#server)
    this.url = `http://127.0.0.1:${this.#loopback.port}`
    return this
  }

  async down(): Promise<void> {
    await this.#loopback?.down()
  }

  /** On the port of before. */
  async up(): Promise<void> {
    await this.#loopback?.up()
  }
}

export const AUDIENCE = 'octroi-test'

export interface Claims {
  readonly [name: string]: unknown
}

/** A good token for `till`, but for what is said otherwise; `undefined` leaves a claim out. */
export async function tokenOf(
  issuer: string,
  { jwk, privateKey }: IssuerKey,
  claims: Claims = {},
  header: Claims = {},
): Promise<string> {
  const now = Math.floor(Date.now() / 1000)
  const all = { iss: issuer, aud: AUDIENCE, sub: 'till', iat: now, exp: now + 300, ...claims }
  return new SignJWT(all)
    .setProtectedHeader({ alg: jwk.alg as string, kid: jwk.kid, ...header } as { alg: string })
    .sign(privateKey)
}

/** Header and claims as they are, and whatever stands as the signature. */
export function rawToken(header: unknown, claims: unknown, signature: string | Uint8Array = ''): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part(header)}.${part(claims)}.${Buffer.from(signature).toString('base64url')}`
}

/** Registers it under the `iss` of its address unless told otherwise. */
export async function registerIssuer(gate: TestGate, issuer: TestIssuer, more: Claims = {}): Promise<string> {
  const answer = await gate.api('POST', '/issuers', {
    issuer: issuer.url,
    jwks_uri: `${issuer.url}/jwks`,
    audience: AUDIENCE,
    network: { allow_private: true, allow_http: true },
    ...more,
  })
  if (answer.status !== 201) throw new Error(`no issuer: ${JSON.stringify(answer.body)}`)
  return answer.body.id
}

/** A program that calls in by itself, and may do so at the connection `svc`. */
export async function makeService(gate: TestGate, id: string, more: Claims = {}): Promise<void> {
  const grants = [{ connection: 'svc', allow: ['GET /**'] }]
  const answer = await gate.api('POST', '/accounts', { id, kind: 'service', name: id, grants, ...more })
  if (answer.status !== 201) throw new Error(`no account: ${JSON.stringify(answer.body)}`)
}

let hosts = 0
/** Who guesses often from one address is slowed down: behind a trusted proxy every request may come from another. */
export const BEHIND_PROXY = { OCTROI_TRUSTED_PROXIES: '127.0.0.1' }
export function fromElsewhere(): string {
  hosts++
  return `10.${(hosts >> 16) & 255}.${(hosts >> 8) & 255}.${hosts & 255}`
}
