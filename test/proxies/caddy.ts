import { type Configure, type Room, type Surroundings, startProxy } from './proxy.ts'
import { filled } from './snippet.ts'

const configure: Configure = ({ gatePort, applicationPort, patience }, room) => {
  const limit =
    patience === undefined ? [] : ([['response_header_timeout 5s', `response_header_timeout ${patience}s`]] as const)
  const text = filled('caddy/Caddyfile', [
    ['127.0.0.1:8069', `127.0.0.1:${applicationPort}`],
    ['127.0.0.1:8700', `127.0.0.1:${gatePort}`],
    ['#header_up X-Client-Subject', 'header_up X-Client-Subject'],
    ...limit,
  ])
  const [snippet = '', ...sites] = text.split(/^(?=[a-z]+\.example\.org \{$)/m)
  const own = '{\n\tadmin off\n\tauto_https off\n}\n'
  const both = sites.flatMap((site) => [overHttp(site, room), overTls(site, room)])
  return ['caddy', 'run', '--adapter', 'caddyfile', '--config', room.write('Caddyfile', own + snippet + both.join(''))]
}

/** A site as it ships, at a port of ours. */
function overHttp(site: string, { port }: Room): string {
  return site.replace(/^(\S+) \{\n/, (_, host) => `http://${host}:${port} {\n\tbind 127.0.0.1\n`)
}

function overTls(site: string, { tlsPort, cert, key, clients }: Room): string {
  const verified = `client_auth {\n\t\t\tmode verify_if_given\n\t\t\ttrusted_ca_cert_file ${clients}\n\t\t}`
  const tls = `tls ${cert} ${key} {\n\t\t${verified}\n\t}`
  return site.replace(/^(\S+) \{\n/, (_, host) => `https://${host}:${tlsPort} {\n\tbind 127.0.0.1\n\t${tls}\n`)
}

export const startCaddy = (around: Surroundings) => startProxy(configure, around)
