import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts, type Program, startProgram } from '../proxies/program.ts'
import { filled, INTEGRATIONS } from '../proxies/snippet.ts'

/** The real nginx of Debian with one site of a page; nothing of the system's configuration is read. */
export interface Front {
  readonly port: number
  /** What `nginx -t` says of a site, and whether it would take it. */
  check(site: string): { readonly ok: boolean; readonly says: string }
  /** Serves this site from now on; no request of before is under way when it returns. */
  serve(site: string): Promise<void>
  stop(): Promise<void>
}

/** Where the pages put the files that come with Octroi. */
const INSTALLED = '/etc/nginx/octroi/'

/** A site is what stands in a file of `sites-available`; it has to listen on `port`. */
export async function openFront(gatePort: number): Promise<Front> {
  const room = mkdtempSync(join(tmpdir(), 'octroi-front-'))
  // The workers run as another user when the tests run as root.
  chmodSync(room, 0o755)
  for (const name of ['tmp', 'octroi']) mkdirSync(join(room, name), { mode: 0o755 })
  for (const name of readdirSync(join(INTEGRATIONS, 'nginx'))) {
    const values = name === 'octroi.conf' ? ([['127.0.0.1:8700', `127.0.0.1:${gatePort}`]] as const) : []
    writeFileSync(join(room, 'octroi', name), filled(`nginx/${name}`, values))
  }
  const [port = 0] = await freePorts(1)
  const file = join(room, 'nginx.conf')
  const command = ['/usr/sbin/nginx', '-e', 'stderr', '-p', room, '-c', file]
  const put = (site: string) => writeFileSync(file, around(room, site.replaceAll(INSTALLED, join(room, 'octroi/'))))
  let server: Program | undefined
  return {
    port,
    check(site) {
      put(site)
      const [nginx = '', ...args] = command
      const { status, stderr } = spawnSync(nginx, ['-t', ...args], { encoding: 'utf8' })
      return { ok: status === 0, says: stderr.replaceAll(room, '/etc/nginx').trim() }
    },
    async serve(site) {
      await server?.stop()
      put(site)
      server = await startProgram(command, room, port)
    },
    async stop() {
      await server?.stop()
      rmSync(room, { recursive: true, force: true })
    },
  }
}

function around(room: string, site: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return `daemon off;
pid ${room}/nginx.pid;
worker_processes 1;
error_log stderr crit;
events { worker_connections 256; }
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${room}/tmp/${name};`).join('\n  ')}
${site}
}
`
}
