import { FilterParser } from 'ldapts'
import { z } from 'zod'
import { filterFor } from './ldap_names.ts'

/** What is known of a directory, as an administrator gives it. Names of attributes are those of the directory (RFC 4519, or Active Directory's). */

const Attribute = z.string().regex(/^[A-Za-z][A-Za-z0-9-]{0,63}$/, 'must be the name of an attribute')
const Dn = z.string().max(1_000)

const Url = z.string().superRefine((text, context) => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isPlain =
    url !== undefined && url.username === '' && url.search === '' && url.hash === '' && /^\/?$/.test(url.pathname)
  if (!isPlain || !/^ldaps?:$/.test(url.protocol) || url.hostname === '')
    context.addIssue({ code: 'custom', message: 'must be ldap://host[:port] or ldaps://host[:port], and nothing more' })
})

function filterWith(...names: readonly string[]) {
  return z
    .string()
    .max(1_000)
    .superRefine((text, context) => {
      const fault = filterFault(text, names)
      if (fault !== undefined) context.addIssue({ code: 'custom', message: fault })
    })
}

/** A filter is read when it is given: one that cannot be parsed is a fault then, not at the first sign-in. */
function filterFault(text: string, names: readonly string[]): string | undefined {
  const wanted = names.map((name) => `{${name}}`).join(' or ')
  if (!names.some((name) => text.includes(`{${name}}`))) return `must contain ${wanted}`
  const other = /\{(\w*)\}/g
  for (const [place, name] of text.matchAll(other)) {
    if (!names.includes(name as string)) return `has ${place}; known is ${wanted}`
  }
  try {
    const parsed = FilterParser.parseString(filterFor(text, { login: 'x', dn: 'cn=x' }))
    return parsed === undefined ? 'is not a filter (RFC 4515)' : undefined
  } catch {
    return 'is not a filter (RFC 4515)'
  }
}

const Groups = z.strictObject({
  from: z
    .enum(['none', 'member_of', 'search'])
    .default('none')
    .describe('Where groups come from: an attribute of the person, or a search for groups that name him'),
  attribute: Attribute.default('memberOf').describe('The attribute of a person that names his groups'),
  base_dn: Dn.optional().describe('Where groups are searched; the base of the people otherwise'),
  filter: filterWith('dn', 'login').default('(member={dn})').describe('Which groups a person is in'),
  nested: z.boolean().default(false).describe('Whether groups in groups count'),
  in_chain: z
    .boolean()
    .default(false)
    .describe('Active Directory resolves nested groups itself (LDAP_MATCHING_RULE_IN_CHAIN)'),
  map: z
    .record(z.string().min(1).max(1_000), z.string())
    .default({})
    .describe('Distinguished name, or common name, of a group there → id of a group here'),
})

export const LdapSettings = z
  .strictObject({
    preset: z.enum(['openldap', 'active_directory']).optional(),
    urls: z.array(Url).min(1).max(5).describe('Tried in this order until one answers'),
    start_tls: z
      .boolean()
      .default(true)
      .describe('With ldap://: TLS before anything else is said. Off only on loopback'),
    server_name: z
      .string()
      .max(253)
      .optional()
      .describe('The name in the certificate, where it is not that of the URL'),
    bind_dn: Dn.optional().describe('Who searches; nobody (anonymous) otherwise'),
    base_dn: Dn.min(1).describe('Where people are'),
    scope: z.enum(['sub', 'one']).default('sub'),
    user_filter: filterWith('login').describe('Which entry a login means'),
    id_attribute: Attribute.describe('What never changes and is never given again'),
    name_attribute: Attribute.default('cn'),
    email_attribute: Attribute.default('mail'),
    trust_email: z.boolean().default(false).describe('Whether an address in the directory counts as verified'),
    groups: Groups.prefault({}),
    timeout_s: z.int().min(1).max(30).default(5),
  })
  .superRefine(({ urls, start_tls }, context) => {
    const open = urls.findIndex((url) => url.startsWith('ldap:') && !start_tls && !isLoopback(url))
    if (open !== -1)
      context.addIssue({
        code: 'custom',
        path: ['urls', open],
        message: 'carries passwords in clear: use ldaps://, or start_tls; without TLS only on loopback',
      })
  })

export type LdapSettings = z.output<typeof LdapSettings>

function isLoopback(url: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(new URL(url).hostname)
}

/** What an administrator need not know of the two families; what he gives wins. */
export const LDAP_PRESETS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  openldap: {
    user_filter: '(&(objectClass=inetOrgPerson)(|(uid={login})(mail={login})))',
    id_attribute: 'entryUUID',
  },
  active_directory: {
    user_filter:
      '(&(objectCategory=person)(objectClass=user)(|(sAMAccountName={login})(userPrincipalName={login})(mail={login})))',
    id_attribute: 'objectGUID',
    name_attribute: 'displayName',
  },
}
