import { join } from 'node:path'
import { untilAnswer } from '../answer.ts'
import { freePort, type Lab } from '../lab.ts'
import { launch } from '../processes.ts'
import type { Standing } from './peer.ts'

/** Who signs: node:crypto alone, or jose. */
export type Signer = 'node' | 'jose'

/** A token endpoint of node:http that does nothing but sign, on the same Node as Octroi: see token_server.mjs. */
export async function tokenEndpoint(lab: Lab, name: string, signer: Signer, resource: string): Promise<Standing> {
  const room = lab.room('tokens')
  const port = await freePort()
  const server = launch({
    name,
    file: process.execPath,
    args: [join(import.meta.dirname, 'token_server.mjs'), String(port), signer, resource],
    cpus: lab.pinning.server,
    cwd: room,
    log: join(room, 'log'),
  })
  await untilAnswer(server, port, '/')
  return { ...server, port, prefix: '/token', headers: {} }
}
