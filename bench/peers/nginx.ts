import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { untilAnswer } from '../answer.ts'
import { freePort, type Lab } from '../lab.ts'
import { launch, type Running } from '../processes.ts'
import { PATHS, type Peer, type Standing } from './peer.ts'

const KEY = 'bench-0123456789abcdef0123456789abcdef'

/** One worker, no log, and every path that Debian's build would write elsewhere kept in the room. */
function configuration(room: string, http: string): string {
  return `daemon off;
pid ${room}/nginx.pid;
worker_processes 1;
error_log stderr crit;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path ${room}/tmp/body;
  proxy_temp_path ${room}/tmp/proxy;
  fastcgi_temp_path ${room}/tmp/fastcgi;
  uwsgi_temp_path ${room}/tmp/uwsgi;
  scgi_temp_path ${room}/tmp/scgi;
  keepalive_requests 1000000000;
  keepalive_timeout 300s;
  tcp_nodelay on;
  types { }
  default_type application/octet-stream;
${http}
}
`
}

/** Starts an nginx of our own in `room`; the system's configuration is not read. */
export function startNginx(name: string, room: string, http: string, cpus: string | undefined): Running {
  mkdirSync(join(room, 'tmp'), { recursive: true, mode: 0o755 })
  const file = join(room, 'nginx.conf')
  writeFileSync(file, configuration(room, http))
  const args = ['-e', 'stderr', '-p', room, '-c', file]
  return launch({ name, file: 'nginx', args, cpus, cwd: room, log: join(room, 'log') })
}

/**
 * What an administrator writes who needs one upstream behind API keys and nothing else: a `map` of keys, the upstream's
 * credential as a constant, connections kept open on both sides. No audit, no revocation without a reload.
 */
export const nginx: Peer = async (lab, upstream) => {
  const room = lab.room('nginx')
  const port = await freePort()
  const server = startNginx('nginx', room, proxy(port, upstream), lab.pinning.server)
  const headers = { 'X-API-Key': KEY }
  await untilAnswer(server, port, PATHS.small, headers)
  return { ...server, port, prefix: '', headers }
}

function proxy(port: number, upstream: number): string {
  return `  map $http_x_api_key $known { default 0; "${KEY}" 1; }
  upstream up { server 127.0.0.1:${upstream}; keepalive 128; keepalive_requests 1000000000; keepalive_timeout 300s; }
  server {
    listen 127.0.0.1:${port} backlog=1024;
    location / {
      if ($known = 0) { return 403; }
      proxy_pass http://up;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header X-API-Key "";
      proxy_set_header Authorization "Basic dTpw";
    }
  }`
}

/** The key check alone: nginx answers by itself, 200 to a key of its map, 403 to any other. */
export async function nginxMap(lab: Lab, keys: readonly string[]): Promise<Standing> {
  const room = lab.room('nginx-map')
  const port = await freePort()
  const entries = keys.map((key) => `    "${key}" 1;`).join('\n')
  const http = `  map_hash_max_size 262144;
  map_hash_bucket_size 128;
  map $http_x_api_key $known {
    default 0;
${entries}
  }
  server {
    listen 127.0.0.1:${port} backlog=1024;
    location / {
      if ($known = 0) { return 403; }
      return 200;
    }
  }`
  const server = startNginx('nginx map', room, http, lab.pinning.server)
  await untilAnswer(server, port, '/', { 'X-API-Key': keys[0]! })
  return { ...server, port, prefix: '', headers: {} }
}
