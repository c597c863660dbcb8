import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { untilAnswer } from '../answer.ts'
import { freePort, type Lab } from '../lab.ts'
import { launch, type Running } from '../processes.ts'
import { PATHS, type Peer } from './peer.ts'

/** Caddy on one processor with the site given; whether it answers is for the caller to ask. */
export function startCaddy(lab: Lab, name: string, room: string, site: string): Running {
  const file = join(room, 'Caddyfile')
  writeFileSync(file, `{\n  admin off\n  auto_https off\n}\n${site}\n`)
  return launch({
    name,
    file: 'caddy',
    args: ['run', '--config', file, '--adapter', 'caddyfile'],
    cpus: lab.pinning.server,
    // On one core more Go threads only get in each other's way.
    env: { GOMAXPROCS: '1', XDG_DATA_HOME: room, XDG_CONFIG_HOME: room },
    cwd: room,
    log: join(room, 'log'),
  })
}

/** Caddy as its documentation shows it: one `reverse_proxy` line. No key check, no credential injected. */
export const caddy: Peer = async (lab, upstream) => {
  const port = await freePort()
  const site = `http://:${port} {\n  bind 127.0.0.1\n  reverse_proxy 127.0.0.1:${upstream}\n}`
  const server = startCaddy(lab, 'Caddy', lab.room('caddy'), site)
  await untilAnswer(server, port, PATHS.small)
  return { ...server, port, prefix: '', headers: {} }
}
