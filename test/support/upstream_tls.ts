import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'

export interface TestCertificate {
  readonly key: string
  readonly cert: string
  /** The authority that signed it, as PEM and as a file. */
  readonly ca: string
  readonly caFile: string
}

const PERIOD_DAYS = 20
const VALID_DAYS = 2 * PERIOD_DAYS

const CONFIG = `
[req]
distinguished_name = name
prompt = no
[name]
CN = Octroi test
[authority]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:localhost, IP:127.0.0.1, IP:::1
authorityKeyIdentifier = keyid
`

/** A certificate for localhost and 127.0.0.1 by an authority that nobody trusts; made once per period, then reused. */
export function testCertificate(): TestCertificate {
  const period = Math.floor(Date.now() / (PERIOD_DAYS * 86_400_000))
  const folder = join(tmpdir(), `octroi-test-tls-${userInfo().username}-${period}`)
  if (!existsSync(folder)) make(folder)
  const read = (name: string) => readFileSync(join(folder, name), 'utf8')
  return { key: read('leaf.key'), cert: read('leaf.pem'), ca: read('ca.pem'), caFile: join(folder, 'ca.pem') }
}

/** Made aside and moved into place whole: test files run in parallel, and the first one there wins. */
function make(folder: string): void {
  const aside = mkdtempSync(`${folder}-`)
  try {
    generate(aside)
    renameSync(aside, folder)
  } catch (error) {
    rmSync(aside, { recursive: true, force: true })
    if (!existsSync(folder)) throw error
  }
}

function generate(folder: string): void {
  writeFileSync(join(folder, 'openssl.cnf'), CONFIG)
  const openssl = (command: string, subject: string[] = []) =>
    execFileSync('openssl', [...command.split(' '), ...subject], { cwd: folder, stdio: 'pipe' })
  const newKey = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -config openssl.cnf'
  openssl(`req -x509 ${newKey} -extensions authority -days ${VALID_DAYS} -keyout ca.key -out ca.pem`, [
    '-subj',
    '/CN=Octroi test authority',
  ])
  openssl(`req ${newKey} -keyout leaf.key -out leaf.csr`, ['-subj', '/CN=localhost'])
  openssl(
    `x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days ${VALID_DAYS} -extfile openssl.cnf -extensions leaf -out leaf.pem`,
  )
}
