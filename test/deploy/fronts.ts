import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Configure, type Room, type RunningProxy, startProxy } from '../proxies/proxy.ts'
import { ROOT } from './context.ts'

/** nginx and Caddy with the files of `deploy`: their examples filled in, and an error where one of them is gone. */

export const PLACES = { host: 'https://octroi.example.org', path: 'https://example.org/octroi' } as const
export type Place = keyof typeof PLACES

type Values = readonly (readonly [example: string, value: string])[]

function filled(file: string, values: Values): string {
  let text = readFileSync(join(ROOT, 'deploy', file), 'utf8')
  for (const [example, value] of values) {
    if (!text.includes(example)) throw new Error(`${file} has no ${JSON.stringify(example)}`)
    text = text.replaceAll(example, value)
  }
  return text
}

const LETSENCRYPT = '/etc/letsencrypt/live/octroi.example.org'

const nginx =
  (place: Place): Configure =>
  ({ gatePort }, room) => {
    room.write('octroi_proxy.conf', filled('nginx/octroi_proxy.conf', [['127.0.0.1:8700', `127.0.0.1:${gatePort}`]]))
    const site = place === 'host' ? nginxSite(room) : nginxPath(room)
    return ['nginx', '-e', 'stderr', '-p', room.folder, '-c', room.write('nginx.conf', nginxMain(room.folder, site))]
  }

function nginxSite({ port, tlsPort, cert, key }: Room): string {
  return filled('nginx/octroi_site.conf', [
    ['    listen 80;\n    listen [::]:80;', `    listen 127.0.0.1:${port};`],
    ['    listen 443 ssl http2;\n    listen [::]:443 ssl http2;', `    listen 127.0.0.1:${tlsPort} ssl http2;`],
    [`${LETSENCRYPT}/fullchain.pem`, cert],
    [`${LETSENCRYPT}/privkey.pem`, key],
    ['/etc/nginx/octroi/', ''],
  ])
}

function nginxPath({ port, tlsPort, cert, key, write }: Room): string {
  write('octroi_below_a_path.conf', filled('nginx/octroi_below_a_path.conf', [['/etc/nginx/octroi/', '']]))
  return `server {
  listen 127.0.0.1:${port};
  listen 127.0.0.1:${tlsPort} ssl http2;
  server_name example.org;
  ssl_certificate ${cert};
  ssl_certificate_key ${key};
  include octroi_below_a_path.conf;
  location / { return 200 "the rest"; }
}
`
}

function nginxMain(folder: string, site: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return `daemon off;
pid ${folder}/nginx.pid;
worker_processes 1;
error_log stderr warn;
events { worker_connections 512; }
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${folder}/tmp/${name};`).join('\n  ')}
  ${site}
}
`
}

const caddy =
  (place: Place): Configure =>
  ({ gatePort }, room) => {
    const upstream = ['127.0.0.1:8700', `127.0.0.1:${gatePort}`] as const
    const files = 'root * /var/www/html\n\t\tfile_server'
    const site =
      place === 'host'
        ? filled('caddy/Caddyfile', [upstream])
        : filled('caddy/below_a_path.Caddyfile', [upstream, [files, 'respond "the rest"']])
    const { port, tlsPort, cert, key } = room
    const host = new URL(PLACES[place]).hostname
    const over = (address: string, lines: string) =>
      site.replace(`${host} {`, `${address} {\n\tbind 127.0.0.1\n${lines}`)
    // Port 80 leads to 443 where Caddy fetches certificates; here both are served as they are.
    const sites = over(`http://${host}:${port}`, '') + over(`https://${host}:${tlsPort}`, `\ttls ${cert} ${key}\n`)
    const text = `{\n\tadmin off\n\tauto_https off\n}\n${sites}`
    return ['caddy', 'run', '--adapter', 'caddyfile', '--config', room.write('Caddyfile', text)]
  }

const FRONTS = { nginx, caddy } as const
export type Front = keyof typeof FRONTS

export function startFront(front: Front, place: Place, gatePort: number): Promise<RunningProxy> {
  return startProxy(FRONTS[front](place), { gatePort, applicationPort: 0, clients: '' })
}

export const ALL = (['nginx', 'caddy'] as const).flatMap((front) =>
  (['host', 'path'] as const).map((place) => [front, place] as const),
)
