// The least that a token endpoint can do: it reads the form, checks nothing, and signs the same claims by ES256; by node:crypto alone, or
// as one usually writes it, by jose. Plain JavaScript, so that the peer does not pay for stripping types.
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { createServer } from 'node:http'
import { SignJWT } from 'jose'

const [port, by, resource] = process.argv.slice(2)
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const kid = publicKey.export({ format: 'jwk' }).x
const header = { alg: 'ES256', typ: 'at+jwt', kid }
const TTL_S = 3600

const encoded = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
const HEADER = encoded(header)
const SIGNERS = {
  node: (claims) => {
    const text = `${HEADER}.${encoded(claims)}`
    return `${text}.${sign('sha256', text, { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
  },
  jose: (claims) => new SignJWT(claims).setProtectedHeader(header).sign(privateKey),
}
const signed = SIGNERS[by]

function claimsFor(form) {
  const iat = Math.floor(Date.now() / 1000)
  const own = { jti: randomBytes(32).toString('base64url'), sub: 'program', iat, exp: iat + TTL_S }
  return { ...own, scope: form.get('scope'), client_id: 'program', iss: `http://127.0.0.1:${port}/oidc`, aud: resource }
}

async function answer(body, response) {
  const form = new URLSearchParams(body)
  if (form.get('grant_type') !== 'client_credentials') return response.writeHead(400).end()
  const claims = claimsFor(form)
  const access_token = await signed(claims)
  const text = JSON.stringify({ access_token, expires_in: TTL_S, scope: claims.scope, token_type: 'Bearer' })
  const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }
  response.writeHead(200, { ...headers, 'Cache-Control': 'no-store' }).end(text)
}

createServer((request, response) => {
  if (request.method === 'GET') return response.end('ok')
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => answer(Buffer.concat(chunks).toString(), response))
}).listen(Number(port), '127.0.0.1')
process.once('SIGTERM', () => process.exit(0))
