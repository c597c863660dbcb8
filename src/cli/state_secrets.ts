import { readFileSync, realpathSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'

/** `${env:NAME}` and `${file:/path}` in secret fields, resolved on the machine of the CLI (D11). */

const REFERENCE = /\$\{(env|file):([^}]*)\}/g

export function hasReference(text: string): boolean {
  return /\$\{(env|file):/.test(text)
}

/** What is wrong with the references of a text, whether or not they are ever resolved. */
export function referenceFaults(text: string): string[] {
  const faults = [...text.matchAll(REFERENCE)].flatMap(([, kind, name = '']) => {
    if (kind === 'file') return name === '' ? ['a reference names no file'] : []
    if (/^OCTROI_/i.test(name)) return [`${name} is a setting of Octroi itself, and is never sent`]
    return /^[A-Za-z_]\w*$/.test(name) ? [] : [`\${env:${name}} names no variable`]
  })
  return hasReference(text.replaceAll(REFERENCE, '')) ? [...faults, 'has a reference that is not closed'] : faults
}

export interface Resolution {
  readonly value: string
  readonly faults: readonly string[]
}

export function resolveReferences(
  text: string,
  stateFile: string,
  env: Readonly<Record<string, string | undefined>>,
): Resolution {
  const faults = [...referenceFaults(text)]
  if (faults.length > 0) return { value: '', faults }
  const value = text.replaceAll(REFERENCE, (_, kind: string, name: string) => {
    const found = kind === 'env' ? env[name] : fileText(resolve(dirname(stateFile), name), env)
    if (found === undefined || found === '')
      faults.push(`\${${kind}:${name}} ${kind === 'env' ? 'is not set' : 'cannot be read'}`)
    return found ?? ''
  })
  if (hasReference(text) && holdsOurs(value, env)) faults.push('would send one of Octroi’s own secrets')
  return { value, faults }
}

/** The environment is a file, too (`/proc/self/environ`); and the master key usually is one. */
function fileText(path: string, env: Readonly<Record<string, string | undefined>>): string | undefined {
  try {
    const real = realpathSync(path)
    if (/^\/(proc|sys|dev)\//.test(real) || basename(real) === 'master.key') return undefined
    if (env.OCTROI_MASTER_KEY_FILE && real === realpathSync(env.OCTROI_MASTER_KEY_FILE)) return undefined
    return readFileSync(real, 'utf8').replace(/\r?\n$/, '')
  } catch {
    return undefined
  }
}

function holdsOurs(value: string, env: Readonly<Record<string, string | undefined>>): boolean {
  return ['OCTROI_MASTER_KEY', 'OCTROI_KEY', 'OCTROI_DATABASE_URL'].some((name) => {
    const own = env[name]?.trim()
    return own !== undefined && own !== '' && value.includes(own)
  })
}
