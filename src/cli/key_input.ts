import type { Values } from './command.ts'
import { grantsOf, grantTexts, permissionsOf } from './grants.ts'
import { given, rateLimit, time } from './input.ts'
import { fields } from './table.ts'

/** What a key may do and when: the same options for making, importing and changing one. */
export const RIGHTS = {
  grant: {
    type: 'string',
    multiple: true,
    value: 'CONNECTION:RIGHT',
    describes: 'What it may do: a right that the connector names, or METHOD /path.',
  },
  'grant-json': { type: 'string', multiple: true, value: 'JSON', describes: 'A whole grant, as the API takes it.' },
  permission: {
    type: 'string',
    multiple: true,
    value: 'NAME',
    describes: 'What it may do in the management API, such as connections.read.',
  },
  expires: { type: 'string', value: 'TIME', describes: 'When it ends: 90d, 2027-01-31T12:00:00Z, or never.' },
  cidr: { type: 'string', multiple: true, value: 'CIDR', describes: 'Where it may be used from.' },
  rate: { type: 'string', value: 'N/TIME', describes: 'How often: 100/60s, 5000/h, or none.' },
  description: { type: 'string', value: 'TEXT', describes: 'What it is for.' },
  'usable-when-owner-inactive': { type: 'boolean', describes: 'It goes on when its account is disabled.' },
} as const

export function rightsOf(options: Values<typeof RIGHTS>, now: number) {
  return given({
    grants: isNone(options.grant) ? [] : (grantsOf(options.grant, options['grant-json']) as never),
    permissions: isNone(options.permission) ? [] : permissionsOf(options.permission),
    expires_at: options.expires === undefined ? undefined : expiry(options.expires, now),
    cidrs: isNone(options.cidr) ? [] : options.cidr && [...options.cidr],
    rate_limit: options.rate === undefined ? undefined : options.rate === 'none' ? null : rateLimit(options.rate),
    description: options.description,
    usable_when_owner_inactive: options['usable-when-owner-inactive'],
  })
}

/** `none` alone empties a list. */
function isNone(given: readonly string[] | undefined): boolean {
  return given?.length === 1 && given[0] === 'none'
}

function expiry(text: string, now: number): string | null {
  return text === 'never' ? null : time('expires', text, now, 1)
}

interface Shown {
  readonly grants: readonly object[]
  readonly permissions: readonly unknown[]
}

export function keyFields({ grants, permissions, ...rest }: Shown): string {
  return fields({ ...rest, grants: grantTexts(grants), permissions })
}
