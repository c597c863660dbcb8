import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { keyOf, route, startKeyScene, HOST } from '../requirements/keys_scene.ts'
import type { Scene } from '../gateway/scene.ts'
import { rawRequest } from '../support/raw_http.ts'

let scene: Scene
let key = ''
beforeAll(async () => {
  scene = await startKeyScene({ OCTROI_CLIENT_CERTIFICATE_HEADER: 'X-Client-Subject' })
  await scene.gate.api('POST', '/accounts', { id: 'svc', kind: 'service', name: 's', password: 'a-long-password-1', certificate_subjects: ['CN=till,O=Shop'] })
  await route(scene, { path: '/any/**', accept: { any: ['api_key', 'basic', 'jwt', 'mtls', 'session', 'anonymous'] } })
  await route(scene, { path: '/all/**', accept: { all: ['api_key', 'basic', 'mtls'] } })
  await route(scene, { path: '/*.pdf/{n}/**', accept: { any: ['api_key'] } })
  await route(scene, { host: '*', path: '/**', accept: { any: ['api_key', 'jwt'] }, cors: { origins: ['https://a.example'] } })
  await scene.gate.api('POST', '/issuers', { issuer: 'https://i.example', jwks_uri: 'https://127.0.0.1:1/x', network: { allow_private: true }, audience: 'x' })
  key = (await keyOf(scene, 'till')).key
  const trace = await scene.gate.api('POST', '/forward-auth/traces')
  TRACE.push(trace.body.id)
})
afterAll(() => scene.stop())
const TRACE: string[] = ['x']
const b64 = (x: object) => Buffer.from(JSON.stringify(x)).toString('base64url')
const jwts = () => [
  `${b64({ alg: 'RS256', kid: 'a' })}.${b64({ iss: 'https://i.example', aud: 'x', exp: 4e9, sub: 'svc' })}.AAAA`,
  `${b64({ alg: 'RS256' })}.${b64({ iss: { a: 1 }, exp: -1 })}.AAAA`,
  `${b64({ alg: 'ES256', kid: '__proto__' })}.${b64({ iss: 'https://i.example', aud: ['x'], exp: 4e9, sub: '__proto__', nbf: 1e300 })}.AAAA`,
  '..', 'a.b.c', 'a.b.c.d.e',
]
const odd = fc.oneof(
  fc.constantFrom('', ' ', '\t', ',', ';', '%', '%00', '%zz', '..', '/', '//', '\\', 'null', '[object Object]', '__proto__', 'constructor', '\xff\xfe', 'é', '::1', '[::1]:80', '1.2.3.4:5', 'fe80::1%eth0', 'http://x/', 'https://u@h/p', 'x'.repeat(3000), ','.repeat(60), '*', '#', '?'),
  fc.string({ maxLength: 40, unit: fc.integer({ min: 0x20, max: 0xff }).filter((c) => c !== 0x7f).map((c) => String.fromCharCode(c)) }),
)
const names = ['X-Forwarded-Method', 'X-Forwarded-Host', 'X-Forwarded-Uri', 'X-Forwarded-Proto', 'X-Forwarded-For', 'X-Original-URL', 'X-Original-URI', 'X-Original-Host', 'X-Original-Method', 'X-Rewrite-URL', 'Forwarded', 'Authorization', 'API-KEY', 'X-API-Key', 'X-Client-Subject', 'Origin', 'Access-Control-Request-Method', 'Octroi-Trace', 'Cookie', 'Connection', 'Expect', 'Upgrade', 'Idempotency-Key', 'X-Correlation-ID', 'Sec-Fetch-Mode', 'Content-Length', 'Transfer-Encoding', 'Content-Type', 'Octroi-Subject']
const header = fc.tuple(fc.constantFrom(...names), odd)
const about = fc.record({ m: fc.oneof({ weight: 4, arbitrary: fc.constantFrom('GET', 'POST', 'OPTIONS', 'HEAD', 'get') }, odd), h: fc.oneof({ weight: 4, arbitrary: fc.constantFrom(HOST, 'A.b.', '[::1]', 'x_y', 'a.example:99') }, odd), u: fc.oneof({ weight: 4, arbitrary: fc.constantFrom('/any/1', '/all/1', '/ab.pdf/9/x', '/x;y/%2e', '/AB/%3Fx') }, odd.map((x) => `/${x}`)), p: fc.oneof({ weight: 4, arbitrary: fc.constantFrom('https', 'http', 'wss') }, odd) })
const cred = () => fc.oneof(fc.constantFrom(
  [] as string[], [`API-KEY: ${key}`], [`Authorization: Bearer ${key}`], [`Authorization: Basic ${Buffer.from(`svc:${key}`).toString('base64')}`],
  [`API-KEY: ${key}`, 'X-Client-Subject: CN=till,O=Shop', `Authorization: Basic ${Buffer.from('svc:x').toString('base64')}`],
  ...jwts().map((j) => [`Authorization: Bearer ${j}`]),
))
it('fuzz', { timeout: 300_000 }, async () => {
  const bad: unknown[] = []
  const seen = new Map<string, number>()
  process.on('unhandledRejection', (e) => bad.push(e))
  await fc.assert(
    fc.asyncProperty(fc.constantFrom('/forward-auth', '/forward-auth?for=nginx', '/forward-auth/any/1?x', '/forward-auth/', '/forward-auth?for=%00', '/proxy/svc/x', '/proxy/', '/proxy/forward-auth/x', '/api/v1/keys/self', '/api/v1/keys/import/batch', '/.well-known/jwks.json', '/metrics'), fc.constantFrom('GET', 'POST', 'HEAD', 'OPTIONS', 'PUT', 'PROPFIND'), about, fc.array(header, { maxLength: 4 }), cred(), fc.boolean(), async (target, method, { m, h, u, p }, more, credential, base) => {
      const said = base ? [`X-Forwarded-Method: ${m}`, `X-Forwarded-Host: ${h}`, `X-Forwarded-Uri: ${u}`, `X-Forwarded-Proto: ${p}`] : []
      const lines = [`${method} ${target} HTTP/1.1`, 'Host: gate', 'Connection: close', `Octroi-Trace: ${TRACE[1]}`, ...said, ...credential, ...more.map(([n, v]) => `${n}: ${v}`), '', '']
      const socketText = await send(lines.join('\r\n'))
      const status = Number(/^HTTP\/1.1 (\d+)/.exec(socketText.replace(/^HTTP\/1.1 100[^]*?\r\n\r\n/, ''))?.[1] ?? 0)
      seen.set(`${target.slice(0, 14)} ${status}`, (seen.get(`${target.slice(0, 14)} ${status}`) ?? 0) + 1)
      if (status === 500) { bad.push(lines); console.log(lines, socketText) }
    }), { numRuns: 4000 })
  console.log(seen, bad.length)
  expect(bad).toEqual([])
})
import { connect } from 'node:net'
function send(text: string): Promise<string> {
  return new Promise((resolve) => {
    const s = connect(scene.gate.port, '127.0.0.1')
    let out = ''
    s.on('data', (d) => { out += d.toString('latin1'); if (/^HTTP\/1.1 (?!100)\d+[^]*\r\n\r\n/.test(out)) s.destroy() })
    s.on('error', () => 0)
    s.on('close', () => resolve(out))
    s.write(Buffer.from(text, 'latin1'))
    s.setTimeout(3000, () => s.destroy())
  })
}
