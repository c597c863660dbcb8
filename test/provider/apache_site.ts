import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../demo/program.ts'
import { startProgram } from '../proxies/program.ts'

/** Debian's Apache with `mod_auth_openidc`, as docs/clients/apache.md sets it up. */

const PAGE = readFileSync(join(import.meta.dirname, '../../docs/clients/apache.md'), 'utf8')

/** What `/left` shows. */
export const LEFT = 'You are signed out.'

/** What is typed at Octroi, as one line. */
export const COMMAND = block('').replaceAll('\\\n', ' ').trim()

export interface ApacheSite {
  readonly url: string
  log(): string
  stop(): Promise<void>
}

export interface SiteParts {
  /** Known beforehand: it is in the redirect address. */
  readonly port: number
  readonly gateUrl: string
  readonly secret: string
  /** What is behind it. */
  readonly applicationPort: number
  /** Over TLS: the module takes the keys for an API from nowhere else. */
  readonly keysUrl: string
  /** Lines after those of the page: the last one of a name holds. */
  readonly more?: readonly string[]
  /** In place of texts of the page, before its addresses are. */
  readonly instead?: readonly (readonly [string, string])[]
}

/** The page's site over plain HTTP, on loopback. */
export async function startApache({ port, ...parts }: SiteParts): Promise<ApacheSite> {
  const folder = mkdtempSync(join(tmpdir(), 'octroi-apache-'))
  // As root it serves as somebody else, who must reach its files.
  chmodSync(folder, 0o755)
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const own = `http://127.0.0.1:${port}`
  const more = [block('apache', 2), ...(parts.more ?? []).map((line) => `  ${line}\n`), '</VirtualHost>']
  const site = filled(block('apache'), [
    ['</VirtualHost>', more.join('')],
    ...(parts.instead ?? []),
    [/ {2}SSL.*\n/g, ''],
    ['*:443', `127.0.0.1:${port}`],
    ['ServerName intranet.example.org', `ServerName ${own}`],
    ['https://octroi.example.org/oidc/jwks', `${parts.keysUrl}\n  OIDCOAuthSSLValidateServer Off`],
    ['https://octroi.example.org', parts.gateUrl],
    ['https://intranet.example.org', own],
    ['/etc/apache2/octroi_secret.conf', write('secret.conf', `OIDCClientSecret ${parts.secret}\n`)],
    ['/etc/apache2/octroi_passphrase', write('passphrase', 'a passphrase of the site\n')],
    ['http://127.0.0.1:3000/', `http://127.0.0.1:${parts.applicationPort}/`],
    ['/var/www/left.html', write('left.html', LEFT)],
  ])
  const file = write('apache.conf', main(port) + site)
  const program = await startProgram(['apache2', '-DFOREGROUND', '-d', folder, '-f', file], folder, port)
  return {
    url: own,
    log: program.log,
    async stop() {
      await program.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export const freeSitePort = () => freePort(0)

/** What Debian's own apache2.conf does around a site, with every file in the room. */
function main(port: number): string {
  const modules = ['mpm_event', 'authn_core', 'authz_core', 'authz_user', 'alias', 'headers', 'proxy', 'proxy_http']
  const lines = [...modules, 'auth_openidc'].map(
    (name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so\n`,
  )
  // As root it serves as somebody else.
  const user = process.getuid?.() === 0 ? 'User www-data\nGroup www-data\n' : ''
  return `${lines.join('')}${user}Listen 127.0.0.1:${port}
PidFile apache.pid
DefaultRuntimeDir .
Mutex file:. default
ErrorLog /dev/stderr
LogLevel warn auth_openidc:info
StartServers 1
`
}

function filled(text: string, values: readonly (readonly [string | RegExp, string])[]): string {
  return values.reduce((site, [example, value]) => {
    if (typeof example === 'string' ? !site.includes(example) : site.search(example) === -1)
      throw new Error(`docs/clients/apache.md has no ${example}`)
    return site.replaceAll(example, value)
  }, text)
}

/** The first block of this language, or a later one. */
function block(language: string, which = 1): string {
  const parts = PAGE.split(/^```(\w*)\n(.*?)^```$/ms)
  const blocks = parts.filter((_, i) => i % 3 === 2 && parts[i - 1] === language)
  const found = blocks[which - 1]
  if (found === undefined) throw new Error(`docs/clients/apache.md has no ${which}. block of ${language}`)
  return found
}
