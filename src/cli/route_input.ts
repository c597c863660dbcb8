import type { Arguments, Output } from '../client/index.ts'
import { UsageError, type Values } from './command.ts'
import { given, listOf, seconds, yesOrNo } from './input.ts'
import { fields } from './table.ts'

/** How a route is written on the command line, and shown. */

export type Route = Output<'GET', '/routes/{id}'>
export type RouteCreating = NonNullable<Arguments<'POST', '/routes'>[0]>['body']
type Accept = RouteCreating['accept']
type Allow = Route['allow']

export const ROUTE_FIELDS = {
  name: { type: 'string', value: 'NAME', describes: 'What it is called.' },
  description: { type: 'string', value: 'TEXT', describes: 'What it is for.' },
  method: { type: 'string', multiple: true, value: 'METHOD', describes: 'Only these; every method unless given.' },
  any: {
    type: 'string',
    multiple: true,
    value: 'KIND',
    describes: 'One of these kinds is enough: api_key, basic, jwt, mtls, session, anonymous.',
  },
  all: {
    type: 'string',
    multiple: true,
    value: 'KIND',
    describes:
      'Each of these kinds has to be proved: api_key, basic, jwt, mtls; not basic and jwt, which share a header.',
  },
  'allow-group': { type: 'string', multiple: true, value: 'GROUP', describes: 'Who is in this group passes.' },
  'allow-key': { type: 'string', multiple: true, value: 'ID', describes: 'This key passes.' },
  'allow-account': { type: 'string', multiple: true, value: 'ID', describes: 'This account passes, and all its keys.' },
  'allow-authenticated': {
    type: 'string',
    value: 'no',
    bare: 'yes',
    describes: 'Everybody passes who proved who he is; =no takes it back.',
  },
  cors: {
    type: 'string',
    multiple: true,
    value: 'ORIGIN',
    describes: 'Preflight requests of this origin pass without a credential.',
  },
  mfa: {
    type: 'string',
    value: 'no',
    bare: 'yes',
    describes: 'A session needs two factors; =no takes it back.',
  },
  'max-age': {
    type: 'string',
    value: 'TIME',
    describes: 'A session needs a proof of who it is that is no older: 3600, 60m, 8h; none takes it back.',
  },
} as const

type Given = Values<typeof ROUTE_FIELDS>

/** What is given of a route. `before` is what of `allow` and `session` stays. */
export function routeFields(options: Given, before: Pick<Route, 'allow' | 'session'> = NOTHING) {
  return given({
    name: options.name,
    description: options.description,
    methods: options.method && [...options.method],
    accept: acceptOf(options),
    allow: allowOf(options, before.allow),
    cors: options.cors && { origins: listOf(options.cors) as string[] },
    session: sessionOf(options, before.session),
  })
}

const NOBODY: Allow = { keys: [], accounts: [], groups: [], authenticated: false }
const NOTHING = { allow: NOBODY, session: { mfa: false, max_age_s: null } }

function acceptOf({ any, all }: Given): Accept | undefined {
  if (any !== undefined && all !== undefined)
    throw new UsageError('--any and --all exclude each other: one of the kinds is enough, or each has to be proved.')
  // The server knows the kinds.
  if (any !== undefined) return { any: [...any] } as Accept
  return all && ({ all: [...all] } as Accept)
}

function allowOf(options: Given, before: Allow): Allow | undefined {
  const changes = given({
    keys: listOf(options['allow-key']),
    accounts: listOf(options['allow-account']),
    groups: listOf(options['allow-group']),
    authenticated: yesOrNo('allow-authenticated', options['allow-authenticated']),
  })
  return Object.keys(changes).length === 0 ? undefined : { ...before, ...changes }
}

function sessionOf(options: Given, before: Route['session']): Route['session'] | undefined {
  const changes = given({ mfa: yesOrNo('mfa', options.mfa), max_age_s: ageOf(options['max-age']) })
  return Object.keys(changes).length === 0 ? undefined : { ...before, ...changes }
}

function ageOf(text: string | undefined): number | null | undefined {
  if (text === undefined) return undefined
  return text === 'none' ? null : seconds('max-age', text)
}

/** `any of api_key, basic` */
export function acceptText(accept: Route['accept']): string {
  if ('all' in accept) return `all of ${accept.all.join(', ')}`
  return accept.any.length === 1 ? (accept.any[0] as string) : `any of ${accept.any.join(', ')}`
}

const FULL = { anonymous: 'anybody without a credential', authenticated: 'everybody who proved who he is' }
/** For a line of a list, in the words of the options. */
export const BRIEF = { anonymous: 'anonymous', authenticated: 'authenticated' }

/** Who passes, a text each; nobody: none. */
export function allowTexts({ accept, allow }: Pick<Route, 'accept' | 'allow'>, words = FULL): string[] {
  const kinds: readonly string[] = 'all' in accept ? accept.all : accept.any
  // Where nothing else is accepted, `allow` is not asked.
  if (kinds.every((kind) => kind === 'anonymous')) return ['anybody']
  return [
    ...(kinds.includes('anonymous') ? [words.anonymous] : []),
    ...(allow.authenticated ? [words.authenticated] : []),
    ...allow.groups.map((id) => `group ${id}`),
    ...allow.accounts.map((id) => `account ${id}`),
    ...allow.keys.map((id) => `key ${id}`),
  ]
}

export function routeText(route: Route): string {
  const { methods, accept, allow: _, cors, session, ...rest } = route
  const passes = allowTexts(route)
  return fields({
    ...rest,
    methods: methods.join(', '),
    accept: acceptText(accept),
    allow: passes.length === 0 ? 'nobody' : passes,
    cors: cors.origins,
    session: sessionTexts(session),
  })
}

/** What a session has to have besides, a text each. */
function sessionTexts({ mfa, max_age_s }: Route['session']): string[] {
  return [...(mfa ? ['two factors'] : []), ...(max_age_s === null ? [] : [`a proof of the last ${max_age_s} s`])]
}
