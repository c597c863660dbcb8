import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { untilAnswer } from '../answer.ts'
import { freePort } from '../lab.ts'
import { launch } from '../processes.ts'
import { PATHS, type Peer } from './peer.ts'

/** Caddy as its documentation shows it: one `reverse_proxy` line. No key check, no credential injected. */
export const caddy: Peer = async (lab, upstream) => {
  const room = lab.room('caddy')
  const port = await freePort()
  const file = join(room, 'Caddyfile')
  writeFileSync(
    file,
    `{
  admin off
  auto_https off
}
http://:${port} {
  bind 127.0.0.1
  reverse_proxy 127.0.0.1:${upstream}
}
`,
  )
  const server = launch({
    name: 'Caddy',
    file: 'caddy',
    args: ['run', '--config', file, '--adapter', 'caddyfile'],
    cpus: lab.pinning.server,
    // On one core more Go threads only get in each other's way.
    env: { GOMAXPROCS: '1', XDG_DATA_HOME: room, XDG_CONFIG_HOME: room },
    cwd: room,
    log: join(room, 'log'),
  })
  await untilAnswer(server, port, PATHS.small)
  return { ...server, port, prefix: '', headers: {} }
}
