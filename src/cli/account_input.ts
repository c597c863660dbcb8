import type { Output } from '../client/index.ts'
import type { Values } from './command.ts'
import { grantsOf, grantTexts } from './grants.ts'
import { given, isNone, listOf, textOrNone } from './input.ts'
import { fields } from './table.ts'

/** How an account is written on the command line, and shown. */

export const ACCOUNT_FIELDS = {
  description: { type: 'string', value: 'TEXT', describes: 'What it is for.' },
  email: { type: 'string', value: 'ADDRESS', describes: 'Passed on to applications behind a route.' },
  group: { type: 'string', multiple: true, value: 'GROUP', describes: 'A group that it is in, with its keys.' },
  grant: {
    type: 'string',
    multiple: true,
    value: 'CONNECTION:RIGHT',
    describes: 'What it may do when it calls in by itself (Basic, JWT, certificate); its keys have their own.',
  },
  'grant-json': { type: 'string', multiple: true, value: 'JSON', describes: 'A whole grant, as the API takes it.' },
  'certificate-subject': {
    type: 'string',
    multiple: true,
    value: 'DN',
    describes: 'The subject of a client certificate that is this account, such as CN=till,O=Shop.',
  },
} as const

export const PASSWORD_FIELDS = {
  'password-file': { type: 'string', value: 'PATH', describes: 'A file that holds the password.' },
  'password-env': { type: 'string', value: 'VARIABLE', describes: 'A variable that holds the password.' },
} as const

export function accountFields(options: Values<typeof ACCOUNT_FIELDS>) {
  return given({
    description: options.description,
    email: textOrNone(options.email),
    groups: listOf(options.group),
    grants: isNone(options.grant) ? [] : (grantsOf(options.grant, options['grant-json']) as never),
    certificate_subjects: listOf(options['certificate-subject']),
  })
}

export function accountText({ grants, ...account }: Output<'GET', '/accounts/{id}'>): string {
  return fields({ ...account, grants: grantTexts(grants) })
}
