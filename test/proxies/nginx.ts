import { type Configure, type Surroundings, startProxy } from './proxy.ts'
import { filled } from './snippet.ts'

const FILES = ['octroi_application.conf']

const configure: Configure = ({ gatePort, applicationPort, patience }, room) => {
  for (const file of FILES) room.write(file, filled(`nginx/${file}`, []))
  room.write('octroi.conf', filled('nginx/octroi.conf', [['127.0.0.1:8700', `127.0.0.1:${gatePort}`]]))
  const limit = patience === undefined ? [] : ([['proxy_read_timeout 5s', `proxy_read_timeout ${patience}s`]] as const)
  room.write('octroi_check.conf', filled('nginx/octroi_check.conf', limit))
  const site = filled('nginx/site.conf', [
    ['/etc/nginx/octroi/', ''],
    ['listen 443 ssl;', `listen 127.0.0.1:${room.port}; listen 127.0.0.1:${room.tlsPort} ssl http2;`],
    ['127.0.0.1:8069', `127.0.0.1:${applicationPort}`],
    ['/etc/ssl/app.pem', room.cert],
    ['/etc/ssl/app.key', room.key],
    ['/etc/ssl/octroi.pem', room.cert],
    ['/etc/ssl/octroi.key', room.key],
    ['#ssl_client_certificate /etc/ssl/clients.pem', `ssl_client_certificate ${room.clients}`],
    ['#ssl_verify_client', 'ssl_verify_client'],
  ])
  room.write('site.conf', site)
  return ['nginx', '-e', 'stderr', '-p', room.folder, '-c', room.write('nginx.conf', main(room.folder))]
}

/** What Debian's own nginx.conf does around a site, with every file in the room. */
function main(folder: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return `daemon off;
pid ${folder}/nginx.pid;
worker_processes 1;
error_log stderr warn;
events { worker_connections 512; }
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${folder}/tmp/${name};`).join('\n  ')}
  include octroi.conf;
  include site.conf;
}
`
}

export const startNginx = (around: Surroundings) => startProxy(configure, around)
