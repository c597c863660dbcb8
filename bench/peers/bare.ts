import { join } from 'node:path'
import { untilAnswer } from '../answer.ts'
import { freePort, type Lab } from '../lab.ts'
import { launch } from '../processes.ts'

/** Milliseconds from spawn to the first 200 of a bare node:http server on the pinned Node. */
export async function bareStart(lab: Lab): Promise<number> {
  const room = lab.room('bare')
  const port = await freePort()
  const begin = performance.now()
  const server = launch({
    name: 'bare node:http',
    file: process.execPath,
    args: [join(import.meta.dirname, 'bare_server.mjs'), String(port)],
    cpus: lab.pinning.server,
    cwd: room,
    log: join(room, 'log'),
  })
  await untilAnswer(server, port, '/')
  const took = performance.now() - begin
  await server.stop()
  return took
}
