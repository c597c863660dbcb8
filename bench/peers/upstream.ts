import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { untilAnswer } from '../answer.ts'
import { freePort, type Lab } from '../lab.ts'
import { startNginx } from './nginx.ts'
import { PATHS, type Standing } from './peer.ts'

const SMALL = 'x'.repeat(200)
const LARGE = 100_000

/** The service behind every proxy: nginx too, on the load's core, so that it is never the limit of a Node proxy. */
export async function startUpstream(lab: Lab): Promise<Standing> {
  const room = lab.room('upstream')
  const port = await freePort()
  mkdirSync(join(room, 'www'), { mode: 0o755 })
  writeFileSync(join(room, 'www', 'large'), Buffer.alloc(LARGE, 'y'), { mode: 0o644 })
  const server = startNginx('upstream', room, site(room, port), lab.pinning.load)
  await untilAnswer(server, port, PATHS.large)
  return { ...server, name: 'direct', port, prefix: '', headers: {} }
}

function site(room: string, port: number): string {
  return `  sendfile on;
  tcp_nopush on;
  open_file_cache max=10 inactive=300s;
  server {
    listen 127.0.0.1:${port} backlog=1024;
    root ${room}/www;
    location = ${PATHS.small} { return 200 "${SMALL}"; }
    location = ${PATHS.large} { }
    location = ${PATHS.slow} { alias ${room}/www/large; limit_rate 20k; }
  }`
}
