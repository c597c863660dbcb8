import { join } from 'node:path'
import { untilAnswer } from '../answer.ts'
import { freePort } from '../lab.ts'
import { launch } from '../processes.ts'
import { PATHS, type Peer } from './peer.ts'

const KEY = 'bench-0123456789abcdef0123456789abcdef'

/** The usual choice on Node: see fastify_server.mjs. Runs on the same Node as Octroi. */
export const fastify: Peer = async (lab, upstream) => {
  const room = lab.room('fastify')
  const port = await freePort()
  const server = launch({
    name: 'Fastify + undici',
    file: process.execPath,
    args: [join(import.meta.dirname, 'fastify_server.mjs'), String(port), String(upstream), KEY],
    cpus: lab.pinning.server,
    cwd: room,
    log: join(room, 'log'),
  })
  const headers = { Authorization: `Bearer ${KEY}` }
  await untilAnswer(server, port, PATHS.small, headers)
  return { ...server, port, prefix: '', headers }
}
