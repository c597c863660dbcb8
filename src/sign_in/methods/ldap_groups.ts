import type { Directory, DirectoryEntry } from './ldap_directory.ts'
import { comparableDn, filterFor, firstName } from './ldap_names.ts'
import type { LdapSettings } from './ldap_settings.ts'

/** Groups in groups in groups, and round in circles: whoever builds such trees must not be able to keep us busy. */
const MOST_GROUPS = 500
const DEEPEST = 10
const IN_CHAIN = '1.2.840.113556.1.4.1941'

/** Ids of our groups that the person is in by the mapping, with its whole range; null where nothing is mapped. */
export async function groupsOf(
  directory: Directory,
  entry: DirectoryEntry,
  login: string,
  settings: LdapSettings['groups'],
  baseDn: string,
): Promise<{ readonly named: readonly string[]; readonly range: readonly string[] } | null> {
  const range = [...new Set(Object.values(settings.map))]
  if (settings.from === 'none' || range.length === 0) return null
  const names = await allNames(directory, entry, login, settings, settings.base_dn ?? baseDn)
  const mapped = new Map(Object.entries(settings.map).map(([there, here]) => [keyOf(there), here]))
  const named = names.flatMap((dn) => mapped.get(comparableDn(dn)) ?? mapped.get(firstName(dn)) ?? [])
  return { named: [...new Set(named)], range }
}

/** A distinguished name, or the common name alone. */
function keyOf(text: string): string {
  return text.includes('=') ? comparableDn(text) : text.normalize('NFKC').toLowerCase()
}

async function allNames(
  directory: Directory,
  entry: DirectoryEntry,
  login: string,
  settings: LdapSettings['groups'],
  baseDn: string,
): Promise<readonly string[]> {
  const search = async (filter: string) => (await directory.names(baseDn, filter)).map(({ dn }) => dn)
  if (settings.in_chain) return search(filterFor(`(member:${IN_CHAIN}:={dn})`, { dn: entry.dn }))
  const above = (dn: string) =>
    settings.from === 'search'
      ? search(filterFor(settings.filter, { dn, login }))
      : directory.valuesAt(dn, settings.attribute)
  const direct = settings.from === 'search' ? await above(entry.dn) : entry.groups
  return settings.nested ? climb(direct, above) : direct
}

/** Each group once: circles end, and names that lead to nothing have nothing above them. */
async function climb(
  direct: readonly string[],
  above: (dn: string) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const known = new Map(direct.map((dn) => [comparableDn(dn), dn]))
  let level = [...known.values()]
  for (let depth = 0; depth < DEEPEST && level.length > 0; depth++) {
    const next: string[] = []
    for (const dn of level) {
      for (const found of await above(dn)) {
        if (known.has(comparableDn(found))) continue
        if (known.size >= MOST_GROUPS) throw new Error(`The person is in more than ${MOST_GROUPS} groups.`)
        known.set(comparableDn(found), found)
        next.push(found)
      }
    }
    level = next
  }
  return [...known.values()]
}
