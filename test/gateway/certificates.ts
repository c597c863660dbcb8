import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Certificate {
  readonly key: string
  readonly cert: string
}

/** A certificate that signed itself, for these names and this time (`YYYYMMDDHHMMSSZ`). */
export function selfSigned(names: string, from: string, to: string): Certificate {
  const folder = mkdtempSync(join(tmpdir(), 'octroi-test-cert-'))
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  try {
    writeFileSync(join(folder, 'openssl.cnf'), config(names))
    writeFileSync(join(folder, 'index.txt'), '')
    writeFileSync(join(folder, 'serial'), '01')
    const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-config', 'openssl.cnf']
    openssl('req', ...ec, '-keyout', 'key.pem', '-out', 'request.pem')
    const issue = ['ca', '-batch', '-selfsign', '-notext', '-config', 'openssl.cnf', '-keyfile', 'key.pem']
    openssl(...issue, '-in', 'request.pem', '-out', 'cert.pem', '-startdate', from, '-enddate', to)
    return { key: readFileSync(join(folder, 'key.pem'), 'utf8'), cert: readFileSync(join(folder, 'cert.pem'), 'utf8') }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function config(names: string): string {
  return `
[req]
distinguished_name = name
prompt = no
[name]
CN = Octroi test
[ca]
default_ca = own
[own]
dir = .
new_certs_dir = .
database = index.txt
serial = serial
default_md = sha256
policy = any
x509_extensions = leaf
[any]
commonName = supplied
[leaf]
basicConstraints = critical, CA:true
subjectAltName = ${names}
`
}
