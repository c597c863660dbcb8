import { UsageError, type Values } from './command.ts'
import { givenNetwork, type Network, PLACE_OPTIONS } from './connection_giving.ts'
import { given, listOf, seconds, textOf, yesOrNo } from './input.ts'
import { fields } from './table.ts'

/** How an OpenID client is written on the command line, and shown. */

const SWITCH = { type: 'string', value: 'no', bare: 'yes' } as const
const { 'allow-private': allowPrivate, 'allow-http': allowHttp, 'ca-file': caFile } = PLACE_OPTIONS

export const OPENID_FIELDS = {
  openid: { ...SWITCH, describes: 'It signs its people in by OpenID Connect; =no takes it back.' },
  'auth-method': {
    type: 'string',
    value: 'METHOD',
    describes: 'client_secret_basic, client_secret_post, private_key_jwt, or none for one that can keep no secret.',
  },
  'jwks-file': { type: 'string', value: 'PATH', describes: 'Its public keys (a JWK Set), for private_key_jwt.' },
  'grant-type': {
    type: 'string',
    multiple: true,
    value: 'TYPE',
    describes: 'authorization_code, refresh_token, client_credentials, device_code; the first two unless given.',
  },
  pkce: { ...SWITCH, describes: 'PKCE is asked of it, as it is anyway; =no for an application that does not know it.' },
  'id-token-alg': {
    type: 'string',
    value: 'ALG',
    describes: 'What its ID tokens are signed with: ES256, or RS256 for one that knows nothing else.',
  },
  'id-token-claims': {
    ...SWITCH,
    describes: 'Its ID tokens say what userinfo says, for one that never asks there; =no takes it back.',
  },
  par: { ...SWITCH, describes: 'Its requests have to be pushed (PAR); =no takes it back.' },
  dpop: { ...SWITCH, describes: 'Its tokens are bound to a key of its own (DPoP); =no takes it back.' },
  scope: {
    type: 'string',
    multiple: true,
    value: 'SCOPE',
    describes: 'openid, profile, email, groups, organization, offline_access: all that it may ask for.',
  },
  'email-from': {
    type: 'string',
    value: 'WHICH',
    describes: 'Which address goes out: primary, or @example.org for his verified one there.',
  },
  'email-required': { ...SWITCH, describes: 'Who has no such address is not let in; =no takes it back.' },
  claim: {
    type: 'string',
    multiple: true,
    value: 'CLAIM=WHAT@SCOPE',
    describes: 'A claim more: profile.name=name@profile; none takes them back.',
  },
  consent: { ...SWITCH, describes: 'People are asked whether it may know them; =no: it is the organisation’s own.' },
  'max-age': { type: 'string', value: 'TIME', describes: 'Who proved himself longer ago does so again; none: never.' },
  resource: {
    type: 'string',
    multiple: true,
    value: "'ID SCOPE ...'",
    describes: 'An API that it asks tokens for, with its scopes behind it; none takes them back.',
  },
  'access-token-ttl': { type: 'string', value: 'TIME', describes: 'How long its access tokens live: 10m.' },
  'refresh-token-ttl': { type: 'string', value: 'TIME', describes: 'How long after a sign-in it renews them: 30d.' },
  'backchannel-logout-uri': {
    type: 'string',
    value: 'URL',
    describes: 'Where it is told that a session has ended; none: nowhere.',
  },
  'allow-private': allowPrivate,
  'allow-http': allowHttp,
  'ca-file': caFile,
} as const

type Given = Values<typeof OPENID_FIELDS>

/** `undefined`: nothing is said of it; `null`: it is to be none. `network`: as it is, for the options change parts of it. */
export function openIdFields(options: Given, network: Network = {}) {
  const consent = yesOrNo('consent', options.consent)
  const email = given({ from: options['email-from'], required: yesOrNo('email-required', options['email-required']) })
  const said = given({
    auth_method: options['auth-method'] as never,
    jwks: options['jwks-file'] === undefined ? undefined : jwksIn(options['jwks-file']),
    grant_types: options['grant-type'] && ([...options['grant-type']] as never[]),
    pkce: yesOrNo('pkce', options.pkce),
    id_token_alg: options['id-token-alg'] as never,
    id_token_claims: yesOrNo('id-token-claims', options['id-token-claims']),
    par: yesOrNo('par', options.par),
    dpop: yesOrNo('dpop', options.dpop),
    scopes: options.scope && ([...options.scope] as never[]),
    email: Object.keys(email).length === 0 ? undefined : email,
    claims: listOf(options.claim)?.map(claimOf),
    first_party: consent === undefined ? undefined : !consent,
    max_age_s: durationOrNone('max-age', options['max-age']),
    resources: listOf(options.resource)?.map(resourceOf),
    access_token_ttl_s: durationOf('access-token-ttl', options['access-token-ttl']),
    refresh_token_ttl_s: durationOf('refresh-token-ttl', options['refresh-token-ttl']),
    backchannel_logout_uri: options['backchannel-logout-uri'] === 'none' ? null : options['backchannel-logout-uri'],
    network: givenNetwork(options, network),
  })
  const openid = yesOrNo('openid', options.openid)
  const isNothing = Object.keys(said).length === 0
  if (openid === false && !isNothing) throw new UsageError('--openid=no goes with no other option of an OpenID client.')
  if (openid === false) return null
  return openid === undefined && isNothing ? undefined : said
}

function durationOf(option: string, text: string | undefined): number | undefined {
  return text === undefined ? undefined : seconds(option, text)
}

function durationOrNone(option: string, text: string | undefined): number | null | undefined {
  return text === 'none' ? null : durationOf(option, text)
}

/** `profile.name=name@profile`. */
function claimOf(text: string): { claim: string; from: never; scope: never } {
  const [, claim, from, scope] = /^([^=@]+)=([^=@]+)@([^=@]+)$/.exec(text) ?? []
  if (claim === undefined) throw new UsageError('--claim takes CLAIM=WHAT@SCOPE, such as profile.name=name@profile.')
  return { claim, from: from as never, scope: scope as never }
}

function resourceOf(text: string): { id: string; scopes: string[] } {
  const [id = '', ...scopes] = text.trim().split(/ +/)
  return { id, scopes }
}

/** What stands in it is for the server to judge; a private key is refused there, and must not be repeated here. */
function jwksIn(path: string): { keys: Record<string, unknown>[] } {
  const value = parsed(textOf('jwks-file', path))
  if (value !== null && typeof value === 'object' && 'keys' in value) return value as never
  throw new UsageError(`--jwks-file ${path}: is not a JWK Set: {"keys": [{"kty": ..., "kid": ...}]}.`)
}

/** The parser's message would show a part of the text. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export interface ShownOpenId {
  readonly jwks: { readonly keys: readonly Readonly<Record<string, unknown>>[] } | null
  readonly email: { readonly from: string; readonly required: boolean }
  readonly claims: readonly { readonly claim: string; readonly from: string; readonly scope: string }[]
  readonly resources: readonly { readonly id: string; readonly scopes: readonly string[] }[]
  readonly grant_types: readonly string[]
  readonly scopes: readonly string[]
  readonly network: Network
}

/** A line for each member, as `client show` has them. */
export function openIdText({ network: { ca, ...network }, ...openid }: ShownOpenId): string {
  const { jwks, email, claims, resources, grant_types, scopes } = openid
  const shown = {
    ...openid,
    jwks: jwks === null ? null : jwks.keys.map(({ kid, kty, crv }) => `${kid ?? 'no kid'} (${crv ?? kty})`),
    grant_types: grant_types.join(' '),
    scopes: scopes.join(' '),
    email: `${email.from}${email.required ? ', required' : ''}`,
    claims: claims.map(({ claim, from, scope }) => `${claim} = ${from}, with ${scope}`),
    resources: resources.map(({ id, scopes: own }) => [id, ...own].join(' ')),
    network: { ...network, ...(ca === undefined ? {} : { ca: 'given' }) },
  }
  return fields(Object.fromEntries(Object.entries(shown).map(([name, value]) => [`openid.${name}`, value])))
}
