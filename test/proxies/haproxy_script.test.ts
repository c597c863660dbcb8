import { writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { clientAuthority } from '../support/client_certificates.ts'
import { listen } from '../support/loopback.ts'
import { type Application, startApplication } from './application.ts'
import { configureHaproxy } from './haproxy.ts'
import { type RunningProxy, startProxy } from './proxy.ts'
import { ask } from './scene.ts'
import { IDENTITY } from './seen.ts'

/** What the script of HAProxy does where Octroi is not what answers, or where it fails itself. */

const ended: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end()
})

interface Stage {
  readonly application: Application
  readonly proxy: RunningProxy
}

/** `edit` changes the script. */
async function stage(answer: RequestListener, edit = (script: string) => script): Promise<Stage> {
  const server = createServer(answer)
  const gate = await listen(server)
  const application = await startApplication()
  ended.push(gate.down, application.stop)
  const around = { gatePort: gate.port, applicationPort: application.port, clients: clientAuthority('Clients').ca }
  const proxy = await startProxy((given, room) => {
    const write = (name: string, text: string) => {
      const file = join(room.folder, name)
      writeFileSync(file, name.endsWith('.lua') ? edit(text) : text)
      return file
    }
    return configureHaproxy(given, { ...room, write })
  }, around)
  ended.push(proxy.stop)
  return { application, proxy }
}

const BLANK = Object.fromEntries(IDENTITY.map((name) => [name, '']))

describe('octroi.lua', () => {
  it('200 where the gate says so', async () => {
    const { application, proxy } = await stage((_, response) => void response.writeHead(200, BLANK).end())
    expect((await ask(proxy.port, 'GET /x', [])).status).toBe(200)
    expect(application.seen).toHaveLength(1)
  })

  it('503 where something else than Octroi answers 200', async () => {
    const { application, proxy } = await stage((_, response) => void response.writeHead(200).end('It works!'))
    expect((await ask(proxy.port, 'GET /x', [])).status).toBe(503)
    expect(application.seen).toEqual([])
  })

  it('503 where Octroi says that there is nothing at this address', async () => {
    const headers = { 'Octroi-Error': 'not_found' }
    const { application, proxy } = await stage((_, response) => void response.writeHead(404, headers).end())
    expect((await ask(proxy.port, 'GET /x', [])).status).toBe(503)
    expect(application.seen).toEqual([])
  })

  it.each([401, 403, 404, 302])(
    '503 where something else than Octroi answers %i: nobody is told to give up',
    async (status) => {
      const { application, proxy } = await stage((_, response) => void response.writeHead(status).end())
      expect((await ask(proxy.port, 'GET /x', [])).status).toBe(503)
      expect(application.seen).toEqual([])
    },
  )

  it.each([
    ['before it asks', 'local sent = txn.http:req_get_headers()', 'error("broken")'],
    ['after it asked', 'pass_identity(txn, sent, answer.headers)', 'error("broken")'],
  ])('503 when it fails %s', async (_, line, instead) => {
    const edit = (script: string) => {
      if (!script.includes(line)) throw new Error(`octroi.lua has no ${line}`)
      return script.replace(line, instead)
    }
    const { application, proxy } = await stage((_, response) => void response.writeHead(200, BLANK).end(), edit)
    expect((await ask(proxy.port, 'GET /x', [])).status).toBe(503)
    expect(application.seen).toEqual([])
  })

  it('a refusal comes back whole, and what is not for the caller does not', async () => {
    const headers = {
      'Octroi-Error': 'unauthenticated',
      'WWW-Authenticate': 'Bearer realm="octroi"',
      'X-Inner': '1',
      ...BLANK,
    }
    const { proxy } = await stage(
      (_, response) =>
        void response.writeHead(401, { ...headers, 'Content-Type': 'application/problem+json' }).end('{"code":"x"}'),
    )
    const answer = await ask(proxy.port, 'GET /x', [])
    expect([answer.status, String(answer.body)]).toEqual([401, '{"code":"x"}'])
    expect(answer.header('www-authenticate')).toBe('Bearer realm="octroi"')
    expect([answer.header('x-inner'), answer.header('octroi-subject')]).toEqual([undefined, undefined])
  })

  it('the way to the sign-in comes back whole', async () => {
    const headers = { 'Octroi-Request-Id': '1', Location: 'https://octroi.example.org/sign-in?a=1&b=2', ...BLANK }
    const cookie = '__Host-octroi_visit=v; Path=/; HttpOnly; SameSite=Lax; Max-Age=600; Secure'
    const { application, proxy } = await stage(
      (_, response) => void response.writeHead(302, { ...headers, 'Set-Cookie': cookie }).end(),
    )
    const answer = await ask(proxy.port, 'GET /x', [])
    expect([answer.status, answer.header('location'), answer.header('set-cookie')]).toEqual([
      302,
      headers.Location,
      cookie,
    ])
    expect(application.seen).toEqual([])
  })

  it('a large body of a refusal does not harm', async () => {
    const { application, proxy } = await stage(
      (_, response) =>
        void response.writeHead(403, { 'Octroi-Error': 'not_granted', ...BLANK }).end('x'.repeat(100_000)),
    )
    const answer = await ask(proxy.port, 'GET /x', [])
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(application.seen).toEqual([])
  })
})
