import { UsageError, type Values } from './command.ts'
import { grantsOf, grantTexts, permissionsOf } from './grants.ts'
import { given, isNone, listOf, rateLimit, textOrNone, time, yesOrNo } from './input.ts'
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
  group: {
    type: 'string',
    multiple: true,
    value: 'GROUP',
    describes: 'A group that it is in, in place of those of its account.',
  },
  'no-groups': { type: 'boolean', describes: 'It is in no group, whatever its account is in.' },
  'inherit-groups': { type: 'boolean', describes: 'It is in the groups of its account; so it is unless said.' },
  'tech-name': {
    type: 'string',
    value: 'NAME',
    describes: 'The name by which the environment or a file provides its secret ([api_key_NAME]), or none.',
  },
  'usable-when-owner-inactive': {
    type: 'string',
    value: 'no',
    bare: 'yes',
    describes: 'It goes on when its account is disabled; =no takes it back.',
  },
} as const

export function rightsOf(options: Values<typeof RIGHTS>, now: number) {
  return given({
    grants: isNone(options.grant) ? [] : (grantsOf(options.grant, options['grant-json']) as never),
    permissions: isNone(options.permission) ? [] : permissionsOf(options.permission),
    expires_at: options.expires === undefined ? undefined : expiry(options.expires, now),
    cidrs: listOf(options.cidr),
    rate_limit: options.rate === undefined ? undefined : options.rate === 'none' ? null : rateLimit(options.rate),
    description: options.description,
    usable_when_owner_inactive: yesOrNo('usable-when-owner-inactive', options['usable-when-owner-inactive']),
    groups: groupsOf(options),
    tech_name: textOrNone(options['tech-name']),
  })
}

/** A list, even an empty one, is in place of the account's groups; null: those. */
function groupsOf(options: Values<typeof RIGHTS>): string[] | null | undefined {
  const { group, 'no-groups': none, 'inherit-groups': inherit } = options
  if ([group !== undefined, none, inherit].filter(Boolean).length > 1)
    throw new UsageError('--group, --no-groups and --inherit-groups exclude one another.')
  if (inherit) return null
  return none ? [] : listOf(group)
}

function expiry(text: string, now: number): string | null {
  return text === 'never' ? null : time('expires', text, now, 1)
}

interface Shown {
  readonly grants: readonly object[]
  readonly permissions: readonly unknown[]
  readonly groups: readonly string[] | null
}

export function keyFields({ grants, permissions, groups, ...rest }: Shown): string {
  return fields({ ...rest, groups: groups ?? 'those of its account', grants: grantTexts(grants), permissions })
}
