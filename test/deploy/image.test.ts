import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, lstatSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { gateAt, startProviderScene } from '../provider/scene.ts'
import { freePorts } from '../proxies/program.ts'
import { buildImage, canStart, type Image } from './image.ts'

/** What the Dockerfile makes, started as an engine would with `--read-only`: as its user, with its root, and nothing of this machine. */

const SECRET = '/run/secrets/octroi_master_key'
const MB = 1024 * 1024

let image: Image
let port: number
let env: Record<string, string>
const starts = canStart()
beforeAll(async () => {
  if (!starts) return
  image = buildImage()
  ;[port = 0] = await freePorts(1)
  env = { OCTROI_LISTEN: `127.0.0.1:${port}`, OCTROI_MASTER_KEY_FILE: SECRET }
  const secret = join(image.root, SECRET)
  writeFileSync(secret, Buffer.alloc(32, 7).toString('base64'))
  chmodSync(secret, 0o440)
  chownSync(secret, 0, 1000)
})
afterAll(() => image?.remove())

const filesOf = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !/^\/(?:dev|proc|data|run)(?:\/|$)/.test(path.slice(image.root.length)))

async function serving(more: Record<string, string> = {}) {
  const child = image.start(['serve'], { env: { ...env, ...more } })
  let log = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (log += chunk))
  const exited = once(child, 'exit')
  await expect.poll(() => log, { timeout: 30_000 }).toContain('"url"')
  return {
    log: () => log,
    async stop() {
      child.kill('SIGTERM')
      return (await exited)[0] as number
    },
  }
}

describe.runIf(starts)('what is in it', () => {
  it('the programs are Node and two files of ours; there is no shell', () => {
    const executable = filesOf(image.root).filter((path) => {
      const stat = lstatSync(path)
      return stat.isFile() && (stat.mode & 0o111) !== 0 && !/\/lib(?:64)?\//.test(path)
    })
    expect(executable.map((path) => path.slice(image.root.length)).sort()).toEqual([
      '/opt/octroi/node_modules/node/bin/node',
      '/usr/local/bin/healthy',
      '/usr/local/bin/octroi',
    ])
    expect(image.run(['-c', 'true'], { command: 'sh' }).status).toBe(127)
  })

  it('no source, no package but Node itself, and none of what only development needs', () => {
    const names = filesOf(join(image.root, 'opt')).map((path) => path.slice(`${image.root}/opt/octroi/`.length))
    expect(names.filter((name) => /\.(?:ts|map)$|^src|esbuild|vitest/.test(name))).toEqual([])
    expect(readdirSync(join(image.root, 'opt/octroi/node_modules'))).toEqual(['node'])
  })

  it('nothing of it can be changed by its user, but the data folder', () => {
    const writable = filesOf(image.root).filter((path) => {
      const { mode, uid } = lstatSync(path)
      return uid !== 0 || (!lstatSync(path).isSymbolicLink() && (mode & 0o022) !== 0)
    })
    expect(writable).toEqual([join(image.root, 'tmp')])
    expect(lstatSync(join(image.root, 'data'))).toMatchObject({ uid: 1000, gid: 1000, mode: 0o040700 })
  })

  it('is small: Node, and less than 20 MB around it', () => {
    const sizes = filesOf(image.root).map((path) => [path, lstatSync(path).size] as const)
    const node = sizes.find(([path]) => path.endsWith('/bin/node'))?.[1] ?? 0
    const all = sizes.reduce((sum, [, size]) => sum + size, 0)
    expect(node).toBeGreaterThan(50 * MB)
    expect((all - node) / MB).toBeLessThan(20)
  })
})

describe.runIf(starts)('started', () => {
  it('--version, with a root that cannot be written to', () => {
    const ran = image.run(['--version'])
    expect([ran.status, ran.stdout.trim()]).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+/)])
  })

  it('exit 78 without a master key that it may read, and nothing is made', () => {
    const ran = image.run(['init'], { env: { ...env, OCTROI_MASTER_KEY_FILE: '/run/secrets/other' } })
    expect(ran.status).not.toBe(0)
    chmodSync(join(image.root, SECRET), 0o444)
    const open = image.run(['serve'], { env })
    chmodSync(join(image.root, SECRET), 0o440)
    expect([open.status, open.stderr]).toEqual([78, expect.any(String)])
  })

  it('init, serve, healthy, a command beside it, the OpenID provider, SIGTERM: exit 0', async () => {
    const init = image.run(['init'], { env })
    expect([init.status, init.stderr]).toEqual([0, expect.stringContaining('The master key is the one that you gave')])
    const key = init.stdout.trim()
    expect(key).toMatch(/^oct_key_/)
    expect(image.run([], { env, command: 'healthy' }).status).toBe(1)
    const gate = await serving()
    expect(image.run([], { env, command: 'healthy' }).status).toBe(0)
    const beside = image.run(['account', 'ls', '--json'], {
      env: { OCTROI_URL: `http://127.0.0.1:${port}`, OCTROI_KEY: key },
      command: 'octroi',
    })
    expect([beside.status, JSON.parse(beside.stdout || '[]')]).toEqual([
      0,
      [expect.objectContaining({ id: 'administrator' })],
    ])
    // What is read from the image at run time: the catalogue, the pages of errors, the list of common passwords.
    const answer = await fetch(`http://127.0.0.1:${port}/errors/not_granted`)
    expect(answer.status).toBe(200)
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
    const api = (path: string, body?: object) =>
      fetch(`http://127.0.0.1:${port}/api/v1${path}`, {
        headers,
        ...(body && { method: 'POST', body: JSON.stringify(body) }),
      })
    expect((await api('/connectors/paheko')).status).toBe(200)
    const person = (password: string) => api('/accounts', { kind: 'person', name: 'Grace', id: 'grace', password })
    expect((await person('password123')).status).toBe(400)
    // The hash is computed by the worker file.
    expect((await person('a difference engine')).status).toBe(201)
    const openid = { grant_types: ['client_credentials'], resources: [{ id: 'https://api.example.org', scopes: [] }] }
    const made = await api('/clients', { id: 'machine', name: 'Machine', redirect_uris: [], openid })
    const app = (await made.json()) as { client_secret: string }
    const issuer = `http://127.0.0.1:${port}/oidc`
    const discovered = await fetch(`${issuer}/.well-known/openid-configuration`)
    const found = (await discovered.json()) as { token_endpoint: string }
    expect(found).toMatchObject({ issuer, token_endpoint: `${issuer}/token` })
    const basic = `Basic ${Buffer.from(`machine:${app.client_secret}`).toString('base64')}`
    const body = new URLSearchParams({ grant_type: 'client_credentials', resource: 'https://api.example.org' })
    const token = await fetch(found.token_endpoint, { method: 'POST', headers: { authorization: basic }, body })
    expect([token.status, await token.json()]).toEqual([200, expect.objectContaining({ token_type: 'Bearer' })])
    // Codes, tokens and grants are kept under the names of the library's classes, which a bundle could lose.
    const scene = await startProviderScene({}, gateAt(`http://127.0.0.1:${port}`, key))
    const { access_token } = await scene.authorize(await scene.signIn())
    expect((await scene.userinfo(access_token)).status).toBe(200)
    expect(await gate.stop()).toBe(0)
    expect(readdirSync(join(image.root, 'data')).sort()).toEqual(expect.arrayContaining(['octroi.db']))
    expect(readdirSync(join(image.root, 'data'))).not.toContain('master.key')
  })

  it.each(['[::1]', '[::]', '0.0.0.0', ''])('healthy asks where it listens: %j', async (address) => {
    const listen = { OCTROI_LISTEN: `${address}:${port}` }
    const gate = await serving(listen)
    expect(image.run([], { env: listen, command: 'healthy' }).status).toBe(0)
    expect(image.run([], { env: { OCTROI_LISTEN: `127.0.0.2:${port + 1}` }, command: 'healthy' }).status).toBe(1)
    expect(await gate.stop()).toBe(0)
  })

  it('a backup into the volume, while it serves', async () => {
    const gate = await serving()
    const ran = image.run(['backup', '/data/one.backup'], { env, command: 'octroi' })
    expect([ran.status, ran.stderr]).toEqual([0, expect.any(String)])
    expect(lstatSync(join(image.root, 'data/one.backup'))).toMatchObject({ uid: 1000, mode: 0o100600 })
    expect(await gate.stop()).toBe(0)
  })

  it('names are found as everywhere: /etc/hosts first', () => {
    const script = "require('node:dns').lookup('localhost', (error, address) => console.log(error?.code ?? address))"
    const ran = image.run(['-e', script], { command: '/opt/octroi/node_modules/node/bin/node' })
    expect(ran.stdout.trim()).toMatch(/^(?:127\.0\.0\.1|::1)$/)
  })

  it('the libraries are all of its own', () => {
    const node = join(image.root, 'opt/octroi/node_modules/node/bin/node')
    const wanted = execFileSync('ldd', [node], { encoding: 'utf8' })
    const paths = [...wanted.matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path as string)
    expect(paths.length).toBeGreaterThan(4)
    expect(paths.filter((path) => !lstatSync(join(image.root, path)).isFile())).toEqual([])
  })
})
