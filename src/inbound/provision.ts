import { ID_PATTERN } from '../core/ids.ts'
import type { HotReads } from '../core/stores.ts'
import { isWellFormed, looksLikeOurs } from './key_format.ts'
import { type KeysText, readKeysFiles } from './keys_files.ts'
import { keysOfServerEnv } from './server_env.ts'

export interface ProvisionSources {
  /** Files and folders. */
  readonly files: readonly string[]
  /** `OCTROI_ENVIRONMENT`: which part of a folder is read. */
  readonly environment: string
  /** Texts of the environment; they win over files, later ones over earlier. */
  readonly texts: readonly KeysText[]
}

/** What the sources provide now. With a fault nothing of it counts. */
export interface Provision {
  /** Hash of the secret → the `tech_name` of the stored key that it belongs to. Of the secrets nothing else stays. */
  readonly byHash: ReadonlyMap<string, string>
  /** Every `tech_name` that is provided, also with an empty key, which works for nobody. */
  readonly names: ReadonlySet<string>
  /** The files that were read. */
  readonly read: readonly string[]
  readonly faults: readonly string[]
  readonly warnings: readonly ProvisionWarning[]
}

export interface ProvisionWarning {
  readonly kind: 'open' | 'weak' | 'unused'
  readonly message: string
}

export interface ProvisionParts {
  readonly hashKey: (secret: string) => string
  readonly hot: Pick<HotReads, 'findKey' | 'findTechName'>
}

interface Given {
  readonly techName: string
  readonly value: string | null
  /** `keys.conf: line 7`. */
  readonly place: string
}

const LONGEST = 255
const SHORTEST = 8
const STRONG_LENGTH = 20

/** Reads all sources and holds them against the store. Rejects only when the store cannot be read. */
export async function readProvision(
  { files, environment, texts }: ProvisionSources,
  parts: ProvisionParts,
): Promise<Provision> {
  const fromFiles = readKeysFiles(files, environment)
  const faults = [...fromFiles.faults]
  const warnings: ProvisionWarning[] = fromFiles.open.map((file) => ({
    kind: 'open',
    message: `${file}: every user of this machine can read the keys in it`,
  }))
  const byHash = new Map<string, string>()
  const names = new Set<string>()
  for (const given of merged([...fromFiles.texts, ...texts], faults)) {
    const fault = faultOf(given)
    if (fault !== undefined) {
      faults.push(`${given.place}: ${fault}`)
      continue
    }
    const { techName, place } = given
    const value = given.value as string
    names.add(techName)
    const stored = await parts.hot.findTechName(techName)
    if (stored === undefined)
      warnings.push({ kind: 'unused', message: `${place}: no stored key has the tech_name ${techName}` })
    if (value === '') continue
    if (value.length < STRONG_LENGTH)
      warnings.push({
        kind: 'weak',
        message: `${place}: the key has under ${STRONG_LENGTH} characters and can be guessed`,
      })
    const hash = parts.hashKey(value)
    const clash = byHash.get(hash) ?? (await parts.hot.findKey(hash).then((found) => anotherKey(found?.key, techName)))
    if (clash !== undefined) faults.push(`${place}: is the key of ${clash} as well; each has its own`)
    byHash.set(hash, techName)
  }
  return { byHash, names, read: fromFiles.texts.map(({ name }) => name), faults, warnings }
}

function anotherKey(key: { id: string; tech_name: string | null } | undefined, techName: string): string | undefined {
  return key === undefined || key.tech_name === techName ? undefined : `the stored key ${key.id}`
}

/** By name, the last text wins; faults of the texts are added to `faults`. */
function merged(texts: readonly KeysText[], faults: string[]): Iterable<Given> {
  const all = new Map<string, Given>()
  for (const { name, text } of texts) {
    const read = keysOfServerEnv(text)
    faults.push(...read.faults.map(({ line, message }) => `${name}: line ${line} ${message}`))
    for (const { techName, value, line } of read.keys) {
      const before = all.get(techName)
      // A section without a key takes none away from an earlier text.
      if (value === null && before !== undefined) continue
      all.set(techName, { techName, value, place: `${name}: line ${line}` })
    }
  }
  return all.values()
}

function faultOf({ techName, value }: Given): string | undefined {
  const section = `[api_key_${techName.slice(0, 64)}]`
  if (!ID_PATTERN.test(techName))
    return `${section} cannot be the tech_name of a key: 1 to 64 of a-z, 0-9, ".", "_", "-"`
  if (value === null)
    return `${section} has no option key (small letters); to let the key not work, give it an empty one`
  if (value === '') return undefined
  if (!/^[\x21-\x7e]+$/.test(value))
    return 'the key is not printable ASCII without spaces (comments stand on lines of their own)'
  if (value.length < SHORTEST || value.length > LONGEST) return `the key has not ${SHORTEST} to ${LONGEST} characters`
  if (looksLikeOurs(value) && !isWellFormed(value)) return 'the key begins like one of Octroi, and is mistyped'
  return undefined
}
