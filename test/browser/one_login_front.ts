import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A certificate for these names, by an authority of its own. */
export interface NamedCertificate {
  readonly cert: string
  readonly key: string
  /** PEM of the authority, and the file that holds it. */
  readonly ca: string
  readonly caFile: string
  remove(): void
}

export function certificateFor(names: readonly string[]): NamedCertificate {
  const folder = mkdtempSync(join(tmpdir(), 'octroi-names-'))
  // The workers of nginx run as another user where the tests run as root.
  chmodSync(folder, 0o755)
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  const pair = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  openssl('req', '-x509', ...pair, '-subj', '/CN=Authority of a test', '-keyout', 'ca.key', '-out', 'ca.pem')
  const alternatives = `subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}`
  writeFileSync(join(folder, 'leaf.cnf'), alternatives)
  openssl('req', ...pair.slice(0, -2), '-subj', `/CN=${names[0]}`, '-keyout', 'leaf.key', '-out', 'leaf.csr')
  const signing = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'leaf.cnf']
  openssl('x509', '-req', '-in', 'leaf.csr', ...signing, '-out', 'leaf.pem')
  const file = (name: string) => join(folder, name)
  return {
    cert: file('leaf.pem'),
    key: file('leaf.key'),
    ca: readFileSync(file('ca.pem'), 'utf8'),
    caFile: file('ca.pem'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

export interface SitePorts {
  /** Where nginx listens, with TLS. */
  readonly front: number
  readonly gate: number
}

/** The site of a page, on the ports and with the certificate of the day. */
export function localSite(site: string, { cert, key }: NamedCertificate, { front, gate }: SitePorts): string {
  return site
    .replace('listen 443 ssl;', `listen 127.0.0.1:${front} ssl;`)
    .replace(/(ssl_certificate +)[^;]+/, `$1${cert}`)
    .replace(/(ssl_certificate_key +)[^;]+/, `$1${key}`)
    .replaceAll('127.0.0.1:8700', `127.0.0.1:${gate}`)
}

/** Paheko's own site: its pages, and its API. */
export function pahekoSite(name: string, ports: { readonly pages: number; readonly api: number }): string {
  return `server {
    listen 443 ssl;
    server_name ${name};
    ssl_certificate     /etc/paheko.pem;
    ssl_certificate_key /etc/paheko.key;
    location / { proxy_pass http://127.0.0.1:${ports.pages}; }
    location /api/ { proxy_pass http://127.0.0.1:${ports.api}; }
}
`
}
