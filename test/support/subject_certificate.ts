import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** PEM of a self-signed certificate whose subject is given as `openssl req -subj` takes it. */
export async function makeCertificate(subject: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'octroi-subject-'))
  try {
    const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
    const files = ['-keyout', key, '-out', certificate, '-days', '1']
    await run('openssl', ['req', '-x509', ...curve, ...files, '-utf8', '-subj', subject])
    return await readFile(certificate, 'utf8')
  } finally {
    await rm(folder, { recursive: true })
  }
}
