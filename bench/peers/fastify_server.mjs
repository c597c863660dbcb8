// What a good programmer writes in an afternoon: Fastify, a bearer check against a table of hashes, undici behind.
// Plain JavaScript, so that the peer does not pay for stripping types.
import { hash } from 'node:crypto'
import Fastify from 'fastify'
import { Pool } from 'undici'

const [port, upstream, key] = process.argv.slice(2)
const pool = new Pool(`http://127.0.0.1:${upstream}`, { connections: 128 })
const keys = new Map([[hash('sha256', key, 'base64'), { name: 'bench' }]])
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'te',
  'trailer',
  'upgrade',
  'host',
  'authorization',
])

const app = Fastify()

app.addHook('onRequest', async (request, reply) => {
  const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1]
  if (!token || !keys.has(hash('sha256', token, 'base64'))) return reply.code(401).send({ error: 'unauthenticated' })
})

app.get('/*', async (request, reply) => {
  const headers = { authorization: 'Basic dTpw' }
  for (const [name, value] of Object.entries(request.headers)) if (!HOP_BY_HOP.has(name)) headers[name] = value
  reply.hijack()
  try {
    await pool.stream({ path: request.raw.url, method: 'GET', headers }, ({ statusCode, headers: answer }) => {
      delete answer.connection
      delete answer['keep-alive']
      reply.raw.writeHead(statusCode, answer)
      return reply.raw
    })
  } catch {
    if (!reply.raw.headersSent) reply.raw.writeHead(502)
    reply.raw.destroy()
  }
})

process.once('SIGTERM', () => process.exit(0))
await app.listen({ host: '127.0.0.1', port: Number(port) })
