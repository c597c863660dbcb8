import type { Output } from '../client/index.ts'
import { command, UsageError } from './command.ts'
import type { Terminal } from './terminal.ts'

/** Links by which people come to a password, or to another way in. */

const GIVING = {
  link: { type: 'boolean', describes: 'Print the link, also where mail could be sent.' },
  language: { type: 'string', value: 'LANGUAGE', describes: 'en or fr: of the mail; otherwise in both.' },
} as const

export const invite = command({
  name: 'account invite',
  args: ['ID'],
  summary: 'Invite a person to choose a password, or to sign in with what he has',
  description:
    'By mail where OCTROI_SMTP_URL is set and the account has an address; otherwise stdout holds the link and nothing else. It works once, for 7 days, and ends the invitation before it.',
  examples: ['account invite ada', 'account invite ada --language fr', 'account invite ada --link --method proconnect'],
  on: 'server',
  options: {
    ...GIVING,
    method: {
      type: 'string',
      multiple: true,
      value: 'METHOD',
      describes: 'A sign-in method by which it may be accepted; otherwise all.',
    },
  },
  async run({ args: [id], options, terminal, server }) {
    const methods = options.method === undefined ? {} : { methods: [...options.method] }
    const body = { ...givingOf(options), ...methods }
    told(terminal, id, await server.post('/accounts/{id}/invite', { params: { id }, body }))
  },
})

export const reset = command({
  name: 'account reset',
  args: ['ID'],
  summary: 'Give a person a link to choose a new password',
  description:
    'By mail where that is possible; otherwise stdout holds the link and nothing else. It works once, for an hour. Until it is used nothing changes; then all sessions of the person end, and a second factor is asked for as before.',
  examples: ['account reset ada', 'account reset ada --link'],
  on: 'server',
  options: GIVING,
  async run({ args: [id], options, terminal, server }) {
    told(terminal, id, await server.post('/accounts/{id}/reset-password', { params: { id }, body: givingOf(options) }))
  },
})

function givingOf({ link, language }: { readonly link?: boolean | undefined; readonly language?: string | undefined }) {
  if (language !== undefined && language !== 'en' && language !== 'fr')
    throw new UsageError('--language takes en or fr.')
  return {
    ...(link === true ? { deliver: 'link' as const } : {}),
    ...(language === undefined ? {} : { language: language as 'en' | 'fr' }),
  }
}

function told(terminal: Terminal, id: string, given: Output<'POST', '/accounts/{id}/invite'>): void {
  const { url, expires_at } = given
  if (url !== null) terminal.say(`The link for ${id}, shown this once. It works once, until ${expires_at}:\n`)
  terminal.answer(given, () => url ?? `${id} was sent a link that works once, until ${expires_at}.`)
}
