import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { testCertificate } from './upstream_tls.ts'

/** A real OpenLDAP (Debian's slapd) with the overlays memberOf and ppolicy, on free ports of loopback. */
export interface Slapd {
  /** `ldap://127.0.0.1:PORT`, also with StartTLS. */
  readonly url: string
  readonly secureUrl: string
  readonly port: number
  readonly ca: string
  readonly base: string
  readonly searcher: { readonly dn: string; readonly password: string }
  /** Adds, changes or deletes entries, as the directory's administrator (`ldapmodify`). */
  modify(ldif: string): void
  stop(): Promise<void>
}

const BASE = 'dc=example,dc=org'
const ROOT = { dn: `cn=admin,${BASE}`, password: 'root-of-the-directory' }
const SEARCHER = { dn: `cn=octroi,ou=services,${BASE}`, password: 'searcher-password' }

/** `entries`: LDIF of what is in it besides the base, `ou=people`, `ou=groups` and the searcher. */
export async function startSlapd(entries: string): Promise<Slapd> {
  const folder = mkdtempSync(join(tmpdir(), 'octroi-slapd-'))
  const [port, securePort] = [await freePort(), await freePort()]
  const { key, cert, ca } = testCertificate()
  mkdirSync(join(folder, 'db'))
  for (const [name, text] of Object.entries({ 'key.pem': key, 'cert.pem': cert, 'ca.pem': ca }))
    writeFileSync(join(folder, name), text)
  writeFileSync(join(folder, 'slapd.conf'), configuration(folder))
  const [url, secureUrl] = [`ldap://127.0.0.1:${port}`, `ldaps://127.0.0.1:${securePort}`]
  const program = existsSync('/usr/sbin/slapd') ? '/usr/sbin/slapd' : 'slapd'
  const child = spawn(program, ['-d', '0', '-f', join(folder, 'slapd.conf'), '-h', `${url} ${secureUrl}`], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (chunk) => {
    said += chunk
  })
  await listening(port, () => (child.exitCode === null ? undefined : said))
  const modify = (ldif: string) => change(url, folder, ldif)
  modify(BEGINNING)
  modify(entries)
  return {
    url,
    secureUrl,
    port,
    ca,
    base: BASE,
    searcher: SEARCHER,
    modify,
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function configuration(folder: string): string {
  return `
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include /etc/ldap/schema/nis.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
moduleload ppolicy
TLSCertificateFile ${folder}/cert.pem
TLSCertificateKeyFile ${folder}/key.pem
TLSCACertificateFile ${folder}/ca.pem
sizelimit 500
database mdb
maxsize 16777216
suffix "${BASE}"
rootdn "${ROOT.dn}"
rootpw ${ROOT.password}
directory ${folder}/db
overlay memberof
overlay ppolicy
ppolicy_default "cn=default,ou=policies,${BASE}"
access to attrs=userPassword by anonymous auth by self write by * none
access to * by dn.exact="${SEARCHER.dn}" read by self read by anonymous auth by * none
`
}

const BEGINNING = `
dn: ${BASE}
changetype: add
objectClass: dcObject
objectClass: organization
o: Example
dc: example

${['people', 'groups', 'services', 'policies']
  .map((name) => `dn: ou=${name},${BASE}\nchangetype: add\nobjectClass: organizationalUnit\nou: ${name}\n`)
  .join('\n')}
dn: cn=default,ou=policies,${BASE}
changetype: add
objectClass: person
objectClass: pwdPolicy
cn: default
sn: default
pwdAttribute: userPassword
pwdMustChange: TRUE
pwdLockout: TRUE

dn: ${SEARCHER.dn}
changetype: add
objectClass: person
cn: octroi
sn: octroi
userPassword: ${SEARCHER.password}
`

function change(url: string, folder: string, ldif: string): void {
  const file = join(folder, 'change.ldif')
  writeFileSync(file, `${ldif.trim()}\n`)
  execFileSync('ldapmodify', ['-x', '-H', url, '-D', ROOT.dn, '-w', ROOT.password, '-f', file], { stdio: 'pipe' })
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject).listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}

async function listening(port: number, died: () => string | undefined): Promise<void> {
  for (;;) {
    const reason = died()
    if (reason !== undefined) throw new Error(`slapd ended: ${reason}`)
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1')
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
      socket.once('close', () => undefined).setTimeout(1_000, () => socket.destroy())
      socket.once('connect', () => socket.destroy())
    })
    if (isOpen) return
    await wait(20)
  }
}
