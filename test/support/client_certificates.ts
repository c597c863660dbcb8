import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { testCertificate } from './upstream_tls.ts'

export interface ClientPair {
  readonly cert: string
  readonly key: string
}

/** Signs certificates of clients; nobody else knows it. */
export interface ClientAuthority {
  readonly ca: string
  /** With `CN` = `name`. */
  issue(name: string): ClientPair
}

const EXTENSIONS =
  'basicConstraints=critical,CA:false\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth\n'

export function clientAuthority(title: string): ClientAuthority {
  const ca = inFolder((run, read) => {
    const subject = ['-subj', `/CN=${title}`, '-addext', 'keyUsage=critical,keyCertSign']
    run(`req -x509 ${NEW_KEY} -days 2 -keyout ca.key -out ca.pem`, ...subject)
    return { cert: read('ca.pem'), key: read('ca.key') }
  })
  return {
    ca: ca.cert,
    issue: (name) =>
      inFolder((run, read, write) => {
        write('ca.pem', ca.cert)
        write('ca.key', ca.key)
        write('extensions', EXTENSIONS)
        run(`req ${NEW_KEY} -keyout client.key -out client.csr`, '-subj', `/CN=${name}`)
        const sign = 'x509 -req -in client.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2'
        run(`${sign} -extfile extensions -out client.pem`)
        return { cert: read('client.pem'), key: read('client.key') }
      }),
  }
}

const NEW_KEY = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'

type Run = (command: string, ...more: string[]) => void

function inFolder<T>(work: (run: Run, read: (n: string) => string, write: (n: string, t: string) => void) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'octroi-test-clients-'))
  try {
    return work(
      (command, ...more) =>
        void execFileSync('openssl', [...command.split(' '), ...more], { cwd: folder, stdio: 'pipe' }),
      (name) => readFileSync(join(folder, name), 'utf8'),
      (name, text) => writeFileSync(join(folder, name), text),
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

export interface AlertingServer {
  readonly url: string
  /** The authority of its own certificate. */
  readonly ca: string
  stop(): Promise<void>
}

/**
 * A server that tells a client by a TLS alert that its certificate will not do, as most do; Node's own closes without a word. It
 * answers GET with a page about the handshake.
 */
export async function startAlertingServer(clientCa: string, version: 'tls1_2' | 'tls1_3'): Promise<AlertingServer> {
  const folder = mkdtempSync(join(tmpdir(), 'octroi-test-alerts-'))
  const own = testCertificate()
  for (const [name, text] of Object.entries({ 's.key': own.key, 's.pem': own.cert, 'clients.pem': clientCa }))
    writeFileSync(join(folder, name), text)
  const demands = '-CAfile clients.pem -Verify 1 -verify_return_error'
  const args = `s_server -accept 127.0.0.1:0 -key s.key -cert s.pem ${demands} -www -${version}`
  const child = spawn('openssl', args.split(' '), { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] })
  const exited = once(child, 'exit')
  const port = await portOf(createInterface(child.stdout))
  return {
    url: `https://127.0.0.1:${port}`,
    ca: own.ca,
    async stop() {
      child.kill('SIGKILL')
      await exited
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function portOf(lines: AsyncIterable<string>): Promise<number> {
  for await (const line of lines) {
    const found = /^ACCEPT .*:(\d+)$/.exec(line.trim())
    if (found !== null) return Number(found[1])
  }
  throw new Error('openssl did not say where it listens')
}
