import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { ask, connectionTo, credential, keyFor, type Scene, startScene, until, wireTo } from '../gateway/scene.ts'
import { startTestGate } from '../support/gate.ts'
import { headerOf } from '../support/loopback.ts'
import { startUpstream } from '../support/upstream.ts'

/** Requests whose signature depends on the request itself: refused, renewed, changed, slow. */

let scene: Scene
let folder: string | undefined
afterEach(async () => {
  await scene.stop()
  if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  folder = undefined
})

const ROLE = `id: role
name: Role
docs: https://acme.example
scheme: aws_assume_role
settings:
  base_url: { title: Address, format: url }
  sts_url: { title: STS, format: url }
base_url: \${settings.base_url}
aws_assume_role: { service: execute-api, region: eu-west-3, sts_url: "\${settings.sts_url}", role_arn: "arn:aws:iam::123456789012:role/x" }
rejected_when: [{ status: 403, body: ExpiredToken }]
`

const credentialsOf = (session: string) => `<AssumeRoleResponse><AssumeRoleResult><Credentials>
<AccessKeyId>AKID</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>${session}</SessionToken>
<Expiration>2999-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`

/** A gate with the connector `role`, and a service whose sessions are the numbers that STS gives. */
async function startRoleScene(): Promise<{ revoke(): void }> {
  folder = await mkdtemp(join(tmpdir(), 'octroi-test-role-'))
  await mkdir(join(folder, 'connectors'))
  await writeFile(join(folder, 'connectors/role.yaml'), ROLE)
  const upstream = await startUpstream()
  const gate = await startTestGate({ OCTROI_DATA_DIR: folder })
  let given = 0
  let good = 1
  upstream.on('/sts', ({ response }) =>
    response.writeHead(200, { 'content-type': 'text/xml' }).end(credentialsOf(`session-${++given}`)),
  )
  upstream.on('/data', ({ recorded, response }) => {
    const isGood = headerOf(recorded.rawHeaders, 'x-amz-security-token') === `session-${good}`
    response.writeHead(isGood ? 200 : 403).end(isGood ? 'fine' : 'ExpiredToken')
  })
  const secrets = { access_key_id: 'AKID', secret_access_key: 'golden-secret' }
  await connectionTo(gate, upstream.url, { connector: 'role', settings: { sts_url: `${upstream.url}/sts` }, secrets })
  const key = await keyFor(gate, [{ connection: 'svc', allow: ['* /**'] }])
  scene = {
    gate,
    upstream,
    key,
    async stop() {
      await upstream.stop()
      await gate.stop()
    },
  }
  return {
    revoke() {
      good = given + 1
    },
  }
}

describe('a refused call that is signed request by request', () => {
  it('200 with the renewed session, whatever hides it in the signature', async () => {
    const { revoke } = await startRoleScene()
    expect((await ask(scene, '/data')).status).toBe(200)
    revoke()
    const { status, text } = await ask(scene, '/data', { method: 'POST', body: 'once' })
    expect([status, text]).toEqual([200, 'fine'])
  })

  it('200 with secrets that were changed while the call waited for its turn', async () => {
    const secrets = { key_id: 'k1', secret: 'golden-secret' }
    scene = await startScene({ connector: 'generic-hmac', secrets, limits: { concurrent: 1 } })
    const { upstream } = scene
    let accepted = 'k1'
    const held: (() => void)[] = []
    upstream.on('/held', ({ response }) => void held.push(() => response.end('first')))
    upstream.on('/data', ({ recorded, response }) => {
      const isGood = headerOf(recorded.rawHeaders, 'x-api-key') === accepted
      response.writeHead(isGood ? 200 : 401).end(isGood ? 'fine' : 'no')
    })
    const first = ask(scene, '/held')
    await until(() => expect(held).toHaveLength(1))
    const second = ask(scene, '/data')
    await wait(100)
    accepted = 'k2'
    const changed = { secrets: { key_id: 'k2', secret: 'other-secret' } }
    expect((await scene.gate.api('PATCH', '/connections/svc', changed)).status).toBe(200)
    held[0]?.()
    expect((await first).text).toBe('first')
    expect((await second).status).toBe(200)
  })
})

describe('a body that must be whole before it is signed', () => {
  const HMAC = {
    connector: 'generic-hmac',
    secrets: { key_id: 'k1', secret: 'golden-secret' },
    timeouts: { first_byte_ms: 1_000 },
  }
  const head = (key: string) => ['POST /proxy/svc/echo HTTP/1.1', 'Host: gate', ...credential(key), 'Content-Length: 4']

  it('200 for a caller who took longer to send it than the service may take to answer', async () => {
    scene = await startScene(HMAC)
    scene.upstream.on('/echo', async ({ response }) => {
      await wait(500)
      response.end('late')
    })
    const wire = wireTo(scene.gate.port)
    wire.send(...head(scene.key), 'Connection: close', '', '')
    for (const sign of 'body') {
      await wait(400)
      wire.socket.write(sign)
    }
    expect(await wire.closed).toMatch(/^HTTP\/1.1 200 /)
    expect(scene.upstream.requests.at(-1)?.body.toString()).toBe('body')
  })

  it('504 for a caller who stops sending, and nothing reaches the service', async () => {
    scene = await startScene(HMAC)
    const wire = wireTo(scene.gate.port)
    wire.send(...head(scene.key), '', 'b')
    const cut = setTimeout(() => wire.socket.destroy(), 10_000)
    expect(await wire.closed).toMatch(/^HTTP\/1.1 504 /)
    clearTimeout(cut)
    expect(scene.upstream.requests).toEqual([])
  })
})
