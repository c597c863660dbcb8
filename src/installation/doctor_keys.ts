import { keysSources, type Settings } from '../config/settings.ts'
import { PURPOSES } from '../core/purposes.ts'
import { hashOfKey } from '../inbound/admissions.ts'
import { type ProvisionWarning, readProvision } from '../inbound/provision.ts'
import type { Finding } from './doctor_finding.ts'
import type { Installation } from './open.ts'

const ADVICE: Readonly<Record<ProvisionWarning['kind'], string>> = {
  open: 'chmod o-r, so that only the user and the group of Octroi can.',
  weak: 'Give it a longer one, or a CIDR list and an end.',
  unused: 'Make the key (--tech-name), or take the section away: it works for nobody.',
}

/** The keys that the environment and files provide, as a gate that starts now would read them. */
export async function providedKeyFindings(settings: Settings, { open, ring }: Installation): Promise<Finding[]> {
  const sources = keysSources(settings)
  if (sources.files.length === 0 && sources.texts.length === 0) return []
  const hashKey = ring.derivedKey(PURPOSES.keyHash)
  const { faults, warnings, names } = await readProvision(sources, {
    hashKey: (secret) => hashOfKey(hashKey, secret),
    hot: open.hot,
  })
  const found: Finding[] = faults.map((message) => ({
    level: 'problem',
    code: 'provided_keys.faulty',
    message,
    advice: 'A gate that runs goes on with the keys that it read before; one that starts refuses to.',
  }))
  for (const { kind, message } of warnings) {
    found.push({ level: 'warning', code: `provided_keys.${kind}`, message: `${message}.`, advice: ADVICE[kind] })
  }
  if (faults.length > 0) return found
  return [
    ...found,
    { level: 'ok', code: 'provided_keys', message: `Keys that the environment provides: ${names.size}.` },
  ]
}
