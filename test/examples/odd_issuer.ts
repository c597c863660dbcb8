import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import { listen } from '../support/loopback.ts'

/** An OpenID provider at the place of Octroi whose tokens are as the test says: what an application must refuse, no real one would sign. */

type Json = Readonly<Record<string, unknown>>

export interface Odd {
  /** Over the claims and the header of the next ID token; `undefined` leaves one out. */
  claims: Json
  header: Json
  /** Signs the ID token; its own when not given. */
  key: SigningKey | undefined
  userinfo: Json
  /** What `iss` says when the browser comes back. */
  iss: string | undefined
  /** The status of everything that applications ask. */
  status: number
  /** What the gate says to a call of Paheko. */
  proxy: { readonly status: number; readonly body: Json; readonly headers?: Readonly<Record<string, string>> }
}

export interface SigningKey {
  readonly kid: string
  readonly alg: string
  readonly privateKey: CryptoKey | Uint8Array
}

export interface OddIssuer {
  /** What `OCTROI_URL` is. */
  readonly url: string
  readonly issuer: string
  readonly key: SigningKey
  /** Keys that its key set holds. */
  readonly published: JWK[]
  readonly odd: Odd
  /** Calls of Paheko that came. */
  readonly proxied: { readonly headers: IncomingMessage['headers']; readonly body: Json }[]
  /** How often the key set was read. */
  readonly keyReads: number
  reset(): void
  /** Any token, signed by its own key unless told otherwise. */
  sign(header: Json, claims: Json, key?: SigningKey): Promise<string>
  stop(): Promise<void>
}

const PERSON = { sub: 'subject-of-zoe', name: 'Zoé <Caisse>', email: 'zoe@example.org', email_verified: true }

export async function newKey(kid: string, alg = 'ES256'): Promise<SigningKey & { readonly jwk: JWK }> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  return { kid, alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } }
}

export async function startOddIssuer(clientId: string): Promise<OddIssuer> {
  const key = await newKey('own')
  const published = [key.jwk]
  const odd = plain()
  const requests = new Map<string, URLSearchParams>()
  const proxied: { readonly headers: IncomingMessage['headers']; readonly body: Json }[] = []
  let keyReads = 0
  const loopback = await listen(createServer((request, response) => void serve(request, response)))
  const url = `http://127.0.0.1:${loopback.port}`
  const issuer = `${url}/oidc`

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '', url)
    if (pathname === '/oidc/auth') return authorize(searchParams, response)
    if (pathname === '/proxy/paheko/api/accounting/transaction') return proxy(request, response)
    const answer = await answers(pathname, request)
    response.writeHead(odd.status === 200 && answer === undefined ? 404 : odd.status, {
      'content-type': 'application/json',
    })
    response.end(JSON.stringify(answer ?? {}))
  }

  async function answers(pathname: string, request: IncomingMessage): Promise<Json | undefined> {
    if (pathname === '/oidc/.well-known/openid-configuration') return discovery(issuer)
    if (pathname === '/oidc/me') return odd.userinfo
    if (pathname === '/oidc/token') return token(new URLSearchParams(await text(request)))
    if (pathname !== '/oidc/jwks') return undefined
    keyReads++
    return { keys: published }
  }

  async function proxy(request: IncomingMessage, response: ServerResponse): Promise<void> {
    proxied.push({ headers: request.headers, body: JSON.parse(await text(request)) })
    response.writeHead(odd.proxy.status, { 'content-type': 'application/json', ...odd.proxy.headers })
    response.end(JSON.stringify(odd.proxy.body))
  }

  /** Whoever comes is Zoé, and goes back at once. */
  function authorize(asked: URLSearchParams, response: ServerResponse): void {
    const code = `code-${requests.size}`
    requests.set(code, asked)
    const back = new URL(asked.get('redirect_uri') ?? '')
    back.searchParams.set('code', code)
    back.searchParams.set('state', asked.get('state') ?? '')
    if (odd.iss !== undefined) back.searchParams.set('iss', odd.iss === '' ? issuer : odd.iss)
    response.writeHead(303, { location: back.href }).end()
  }

  async function token(form: URLSearchParams): Promise<Json> {
    const nonce = requests.get(form.get('code') ?? '')?.get('nonce')
    const claims = { ...times(), iss: issuer, aud: clientId, sub: PERSON.sub, nonce, sid: 'sid-1', ...odd.claims }
    const id_token = await sign({ typ: 'JWT', ...odd.header }, claims, odd.key)
    return { access_token: 'opaque', token_type: 'Bearer', expires_in: 300, id_token }
  }

  async function sign(header: Json, claims: Json, by: SigningKey = key): Promise<string> {
    return new SignJWT({ ...claims })
      .setProtectedHeader({ alg: by.alg, kid: by.kid, ...header } as { alg: string })
      .sign(by.privateKey)
  }

  return {
    url,
    issuer,
    key,
    published,
    odd,
    proxied,
    get keyReads() {
      return keyReads
    },
    reset: () => void Object.assign(odd, plain()),
    sign,
    stop: loopback.down,
  }
}

const plain = (): Odd => ({
  claims: {},
  header: {},
  key: undefined,
  userinfo: PERSON,
  iss: '',
  status: 200,
  proxy: { status: 200, body: { id: 7 } },
})

/** Good for five minutes from now. */
export function times(): { iat: number; exp: number } {
  const now = Math.floor(Date.now() / 1000)
  return { iat: now, exp: now + 300 }
}

function discovery(issuer: string): Json {
  return {
    issuer,
    authorization_endpoint: `${issuer}/auth`,
    token_endpoint: `${issuer}/token`,
    userinfo_endpoint: `${issuer}/me`,
    end_session_endpoint: `${issuer}/session/end`,
    jwks_uri: `${issuer}/jwks`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
    authorization_response_iss_parameter_supported: true,
  }
}
