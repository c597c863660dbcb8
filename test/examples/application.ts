import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Program, startProgram } from '../proxies/program.ts'

/** The examples as they are run: processes of their own on loopback, with their settings in the environment and in files. */

const EXAMPLES = join(import.meta.dirname, '../../examples')
/** Debian's: another python3 of the PATH does not know Debian's packages. */
export const PYTHON = '/usr/bin/python3'

export type ExampleName = 'fastapi' | 'typescript'

export interface ExampleOptions {
  readonly name: ExampleName
  readonly port: number
  readonly octroiUrl: string
  readonly clientId: string
  readonly clientSecret: string
  /** For Paheko through the gate. */
  readonly octroiKey?: string
  /** Where browsers find it; here, unless it stands behind a proxy. */
  readonly appUrl?: string
  /** `aud` of tokens for its API. */
  readonly audience?: string
}

export interface Example extends Program {
  readonly url: string
}

export async function startExample(options: ExampleOptions): Promise<Example> {
  const { name, port, octroiUrl, clientId } = options
  if (name === 'fastapi') demandDebianPackages()
  const folder = mkdtempSync(join(tmpdir(), 'octroi-example-'))
  const secret = (file: string, value: string) => {
    writeFileSync(join(folder, file), `${value}\n`, { mode: 0o600 })
    return join(folder, file)
  }
  const url = `http://127.0.0.1:${port}`
  const env = {
    APP_URL: options.appUrl ?? url,
    OCTROI_URL: octroiUrl,
    CLIENT_ID: clientId,
    CLIENT_SECRET_FILE: secret('client-secret', options.clientSecret),
    OCTROI_KEY_FILE: secret('octroi-key', options.octroiKey ?? 'no key'),
    API_AUDIENCE: options.audience ?? '',
    PORT: String(port),
    PYTHONDONTWRITEBYTECODE: '1',
  }
  const settings = Object.entries(env).map(([key, value]) => `${key}=${value}`)
  const program = await startProgram(['/usr/bin/env', ...settings, ...commands[name](port)], folder, port)
  return {
    url,
    log: program.log,
    async stop() {
      await program.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const commands: Readonly<Record<ExampleName, (port: number) => readonly string[]>> = {
  fastapi: (port) => {
    const uvicorn = [
      PYTHON,
      '-m',
      'uvicorn',
      '--app-dir',
      join(EXAMPLES, 'fastapi'),
      '--factory',
      'till.main:create_app',
    ]
    return [...uvicorn, '--host', '127.0.0.1', '--port', String(port), '--no-access-log']
  },
  typescript: () => [process.execPath, '--no-warnings', join(EXAMPLES, 'typescript/main.ts')],
}

/** Module → package, as `scripts/system-packages` installs them. */
const PACKAGES = {
  fastapi: 'python3-fastapi',
  httpx: 'python3-httpx',
  uvicorn: 'python3-uvicorn',
  authlib: 'python3-authlib',
  jwt: 'python3-jwt',
  cryptography: 'python3-cryptography',
}

/** What is missing fails the tests, by its name. */
export function demandDebianPackages(): void {
  const ask = `import importlib.util,sys;print(*[n for n in sys.argv[1:] if importlib.util.find_spec(n) is None])`
  let missing = Object.keys(PACKAGES)
  try {
    const answer = execFileSync(PYTHON, ['-c', ask, ...missing], { encoding: 'utf8' })
    missing = answer.split(/\s+/).filter(Boolean)
  } catch {
    // No python3 of Debian at all: everything is missing.
  }
  const packages = missing.map((name) => PACKAGES[name as keyof typeof PACKAGES])
  if (packages.length > 0) throw new Error(`Debian packages are missing: apt-get install ${packages.join(' ')}`)
}
