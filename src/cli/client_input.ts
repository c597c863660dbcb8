import type { Arguments, Output } from '../client/index.ts'
import { OPENID_FIELDS, openIdFields, openIdText } from './client_openid_input.ts'
import { UsageError, type Values } from './command.ts'
import { grantsOf, grantTexts } from './grants.ts'
import { given, isNone, listOf, seconds, yesOrNo } from './input.ts'
import { fields } from './table.ts'

/** How an application is written on the command line, and shown. */

export type Client = Output<'GET', '/clients/{id}'>
export type ClientCreating = NonNullable<Arguments<'POST', '/clients'>[0]>['body']

const SWITCH = { type: 'string', value: 'no', bare: 'yes' } as const

export const CLIENT_FIELDS = {
  description: { type: 'string', value: 'TEXT', describes: 'What it is for.' },
  'redirect-uri': {
    type: 'string',
    multiple: true,
    value: 'URL',
    describes: 'Where people come back to with a code; compared exactly.',
  },
  'post-logout-redirect-uri': {
    type: 'string',
    multiple: true,
    value: 'URL',
    describes: 'Where people may go after signing out.',
  },
  'allow-account': { type: 'string', multiple: true, value: 'ID', describes: 'This person may use it.' },
  'allow-group': { type: 'string', multiple: true, value: 'GROUP', describes: 'Who is in this group may use it.' },
  'allow-organization': { type: 'string', multiple: true, value: 'ID', describes: 'Who acts for it may use it.' },
  'allow-authenticated': { ...SWITCH, describes: 'Everybody who signs in may use it; =no takes it back.' },
  method: { type: 'string', multiple: true, value: 'ID', describes: 'Only by this sign-in method; none: by all.' },
  mfa: { ...SWITCH, describes: 'Two factors are asked for; =no takes it back.' },
  role: {
    type: 'string',
    multiple: true,
    value: 'GROUP=ROLE',
    describes: 'The role that the application is told of who is in the group; the first that fits.',
  },
  'default-role': { type: 'string', value: 'ROLE', describes: 'Of whoever is in none of these groups: user.' },
  tokens: { ...SWITCH, describes: 'Its back end gets an API key of the person for a code; =no takes it back.' },
  grant: { type: 'string', multiple: true, value: 'CONNECTION:RIGHT', describes: 'What that key may do.' },
  'grant-json': { type: 'string', multiple: true, value: 'JSON', describes: 'A whole grant, as the API takes it.' },
  'token-ttl': { type: 'string', value: 'TIME', describes: 'How long that key lives at most: 12h.' },
  'token-in-query': {
    ...SWITCH,
    describes: 'The key in the address of the browser, for an application that knows no better; =no takes it back.',
  },
  ...OPENID_FIELDS,
} as const

type Given = Values<typeof CLIENT_FIELDS>

type Before = Pick<Client, 'allow' | 'token' | 'openid'>

/** What is given of an application. `before` is what of `allow`, `token` and the network stays. */
export function clientFields(options: Given, before: Before = NOTHING) {
  return given({
    description: options.description,
    redirect_uris: options['redirect-uri'] && [...options['redirect-uri']],
    post_logout_redirect_uris: listOf(options['post-logout-redirect-uri']),
    allow: changed(before.allow, {
      accounts: listOf(options['allow-account']),
      groups: listOf(options['allow-group']),
      organizations: listOf(options['allow-organization']),
      authenticated: yesOrNo('allow-authenticated', options['allow-authenticated']),
    }),
    methods: listOf(options.method),
    mfa: yesOrNo('mfa', options.mfa),
    roles: rolesOf(options.role),
    default_role: options['default-role'],
    token: changed(before.token, {
      enabled: yesOrNo('tokens', options.tokens),
      grants: isNone(options.grant) ? [] : (grantsOf(options.grant, options['grant-json']) as never),
      ttl_s: options['token-ttl'] === undefined ? undefined : seconds('token-ttl', options['token-ttl']),
    }),
    token_in_query: yesOrNo('token-in-query', options['token-in-query']),
    openid: openIdFields(options, before.openid?.network),
  })
}

const NOTHING: Before = {
  allow: { accounts: [], groups: [], organizations: [], authenticated: false },
  token: { enabled: true, grants: [], ttl_s: 43_200 },
  openid: null,
}

function changed<T extends object>(before: T, changes: { [K in keyof T]: T[K] | undefined }): T | undefined {
  const fresh = given(changes)
  return Object.keys(fresh).length === 0 ? undefined : { ...before, ...fresh }
}

/** In the order in which they are given: the first that fits counts. */
function rolesOf(texts: readonly string[] | undefined): { group: string; role: string }[] | undefined {
  if (texts === undefined || isNone(texts)) return texts && []
  return texts.map((text) => {
    const at = text.indexOf('=')
    if (at < 1 || at === text.length - 1) throw new UsageError('--role takes GROUP=ROLE.')
    return { group: text.slice(0, at), role: text.slice(at + 1) }
  })
}

export function clientText(client: Client): string {
  const { id: _, client_id, allow, roles, token, openid, disabled_at, created_at, updated_at, ...rest } = client
  const named = [...allow.accounts, ...allow.groups.map((id) => `group ${id}`), ...allow.organizations.map(forIt)]
  const own = fields({
    client_id,
    ...rest,
    allow: allow.authenticated ? 'everybody who signs in' : named.length === 0 ? 'nobody' : named,
    roles: roles.map(({ group, role }) => `${group} → ${role}`),
    token: token.enabled ? `for ${token.ttl_s} s at most` : 'none',
    ...(token.enabled ? { token_grants: grantTexts(token.grants) } : {}),
    openid: openid === null ? 'no' : 'yes',
    disabled_at,
    created_at,
    updated_at,
  })
  return openid === null ? own : `${own}\n\n${openIdText(openid)}`
}

function forIt(id: string): string {
  return `organization ${id}`
}
