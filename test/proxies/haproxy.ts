import { type Configure, type Surroundings, startProxy } from './proxy.ts'
import { filled } from './snippet.ts'

export const configureHaproxy: Configure = ({ gatePort, applicationPort, patience }, room) => {
  const limit = patience === undefined ? [] : ([['TIMEOUT_MS = 3000', `TIMEOUT_MS = ${patience * 1_000}`]] as const)
  const script = room.write('octroi.lua', filled('haproxy/octroi.lua', limit))
  const tls = `bind 127.0.0.1:${room.tlsPort} ssl crt ${room.pair} alpn h2,http/1.1 ca-file ${room.clients} verify optional`
  const text = filled('haproxy/haproxy.cfg', [
    ['/etc/haproxy/octroi.lua', script],
    ['bind :443 ssl crt /etc/haproxy/certificates/ alpn h2,http/1.1', `bind 127.0.0.1:${room.port}\n    ${tls}`],
    ['127.0.0.1:8069', `127.0.0.1:${applicationPort}`],
    ['127.0.0.1:8700', `127.0.0.1:${gatePort}`],
  ])
  return ['haproxy', '-db', '-f', room.write('haproxy.cfg', text)]
}

export const startHaproxy = (around: Surroundings) => startProxy(configureHaproxy, around)
