/** A member as far as a login goes: `email` is his login field. */
export interface PahekoMember {
  readonly name: string
  readonly email: string
}

/** Letters of another script as those of ours (ICU's `Any-Latin`): here as many as a test needs. */
const IN_LATIN: Readonly<Record<string, string>> = { а: 'a', е: 'e', о: 'o', п: 'p', р: 'r', с: 's', т: 't', ё: 'e' }

/** How Paheko compares logins: neither case nor accents count, nor the script, nor the shape of an apostrophe. */
export function foldedLogin(login: string): string {
  const bare = login.trim().toLowerCase().normalize('NFKD').replace(/\p{M}/gu, '').replaceAll('’', "'")
  return [...bare].map((letter) => IN_LATIN[letter] ?? letter).join('')
}

/** A login field is unique: there is one at most. */
export function memberOf(members: readonly PahekoMember[], email: string): PahekoMember | undefined {
  const wanted = foldedLogin(email)
  return members.find((member) => foldedLogin(member.email) === wanted)
}
