import type { Arguments, Output } from '../client/index.ts'
import { UsageError, type Values } from './command.ts'
import { givenNetwork, type Network, PLACE_OPTIONS } from './connection_giving.ts'
import { given, listOf, textOf, textOrNone, valuesByName, wholeNumber } from './input.ts'
import { fields } from './table.ts'

/** How a JWT issuer is written on the command line, and shown. */

export type Issuer = Output<'GET', '/issuers/{id}'>
export type IssuerCreating = NonNullable<Arguments<'POST', '/issuers'>[0]>['body']

const { 'allow-private': allowPrivate, 'allow-http': allowHttp, 'ca-file': caFile } = PLACE_OPTIONS

export const ISSUER_FIELDS = {
  name: { type: 'string', value: 'NAME', describes: 'What it is called.' },
  issuer: { type: 'string', value: 'ISS', describes: 'The iss of its tokens, compared exactly.' },
  'jwks-uri': { type: 'string', value: 'URL', describes: 'Where its keys are published.' },
  'jwks-file': { type: 'string', value: 'PATH', describes: 'Its public keys (a JWK Set), read here.' },
  audience: { type: 'string', multiple: true, value: 'AUD', describes: 'One of these must be in the aud of a token.' },
  algorithm: {
    type: 'string',
    multiple: true,
    value: 'ALG',
    describes: 'Only these, such as ES256; every asymmetric one unless given.',
  },
  typ: { type: 'string', value: 'TYP', describes: 'The typ of its tokens; JWT, at+jwt or none unless given.' },
  'subject-claim': { type: 'string', value: 'CLAIM', describes: 'The claim that says who calls: sub unless given.' },
  account: {
    type: 'string',
    value: 'ID',
    describes:
      'Every token is this account; otherwise the claim is the id of a service. Needs --subject or --condition.',
  },
  'for-account': {
    type: 'string',
    multiple: true,
    value: 'ID',
    describes: 'The services that its tokens may speak for where there is no --account; all unless given.',
  },
  subject: { type: 'string', multiple: true, value: 'TEXT', describes: 'What the subject claim may be, exactly.' },
  condition: {
    type: 'string',
    multiple: true,
    value: 'CLAIM=VALUE',
    describes: 'A claim that every token must have; several values of one claim: any of them.',
  },
  'clock-skew': { type: 'string', value: 'SECONDS', describes: 'How far clocks may differ: 60 unless given.' },
  'allow-private': allowPrivate,
  'allow-http': allowHttp,
  'ca-file': caFile,
} as const

type Given = Values<typeof ISSUER_FIELDS>

/** What is given of an issuer. */
export function issuerFields(options: Given, before?: Network) {
  if (options['jwks-uri'] !== undefined && options['jwks-file'] !== undefined)
    throw new UsageError('Give --jwks-uri or --jwks-file, not both.')
  const file = options['jwks-file']
  return given({
    name: options.name,
    issuer: options.issuer,
    jwks_uri: options['jwks-uri'],
    jwks: file === undefined ? undefined : jwksIn(file),
    audience: options.audience && [...options.audience],
    algorithms: options.algorithm && ([...options.algorithm] as never[]),
    typ: textOrNone(options.typ),
    subject_claim: options['subject-claim'],
    account: textOrNone(options.account),
    accounts: listOf(options['for-account']),
    subject: options.subject && [...options.subject],
    conditions: valuesByName('condition', options.condition),
    network: givenNetwork(options, before),
    clock_skew_s: wholeNumber('clock-skew', options['clock-skew'], 0),
  })
}

/** What stands in it is for the server to judge; a private key is refused there, and must not be repeated here. */
function jwksIn(path: string): { keys: Record<string, unknown>[] } {
  try {
    const value: unknown = JSON.parse(textOf('jwks-file', path))
    if (value !== null && typeof value === 'object' && 'keys' in value) return value as never
  } catch (error) {
    if (error instanceof UsageError) throw error
    // The parser's message would show a part of the text.
  }
  throw new UsageError(`--jwks-file ${path}: is not a JWK Set: {"keys": [{"kty": ..., "kid": ...}]}.`)
}

export function issuerText({ network: { ca, ...network }, jwks, conditions, algorithms, ...issuer }: Issuer): string {
  return fields({
    ...issuer,
    algorithms: algorithms.join(', '),
    jwks: jwks === null ? null : jwks.keys.map(({ kid, kty, crv }) => `${kid ?? 'no kid'} (${crv ?? kty})`),
    conditions: Object.entries(conditions).map(([claim, values]) => `${claim} is ${values.join(' or ')}`),
    network: { ...network, ...(ca === undefined ? {} : { ca: 'given' }) },
  })
}
