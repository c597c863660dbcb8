import { type ItemOf, OctroiApiError, type OctroiClient, type Output } from '../client/index.ts'
import { command, UsageError, type Values } from './command.ts'
import { confirmed, YES } from './confirm.ts'
import { grantsOf, grantTexts } from './grants.ts'
import { collect, given, isNone } from './input.ts'
import { fields, table } from './table.ts'
import type { Terminal } from './terminal.ts'

type Group = Output<'GET', '/groups/{id}'>

const FIELDS = {
  description: { type: 'string', value: 'TEXT', describes: 'What it is for.' },
  grant: {
    type: 'string',
    multiple: true,
    value: 'CONNECTION:RIGHT',
    describes: 'What its accounts may do when they call in by themselves; never its keys, which have their own.',
  },
  'grant-json': { type: 'string', multiple: true, value: 'JSON', describes: 'A whole grant, as the API takes it.' },
} as const

function givenFields(options: Values<typeof FIELDS>) {
  return given({
    description: options.description,
    grants: isNone(options.grant) ? [] : (grantsOf(options.grant, options['grant-json']) as never),
  })
}

const add = command({
  name: 'group add',
  args: ['NAME'],
  summary: 'Make a group',
  description:
    'Routes allow groups by their id. Accounts and keys are put in it: octroi account set ID --group GROUP, octroi key set ID --group GROUP. A key that is not told otherwise is in the groups of its account.',
  examples: ['group add Partners', "group add 'Tills of the shop' --id tills --grant 'paheko:accounting-post'"],
  on: 'server',
  options: {
    id: { type: 'string', value: 'ID', describes: 'The code that routes name; otherwise made of the name.' },
    ...FIELDS,
  },
  async run({ args: [name], options, terminal, server }) {
    const group = await server.post('/groups', {
      body: { name, ...given({ id: options.id }), ...givenFields(options) },
    })
    terminal.answer(group, () => groupFields(group))
    terminal.say(`\nPut accounts in it with: octroi account set ID --group ${group.id}`)
  },
})

const ls = command({
  name: 'group ls',
  args: [],
  summary: 'List the groups',
  examples: ['group ls'],
  on: 'server',
  options: {},
  async run({ terminal, server }) {
    const groups = await collect(server.pages('/groups', { query: { limit: 200 } }))
    terminal.answer(groups, () =>
      table(
        ['ID', 'NAME', 'DESCRIPTION', 'GRANTS'],
        groups.map(({ id, name, description, grants }) => [id, name, description, grants.length]),
        'There is no group.',
      ),
    )
  },
})

const show = command({
  name: 'group show',
  args: ['ID'],
  summary: 'Read one group, with the accounts and the keys that are in it',
  examples: ['group show partners', 'group show partners --json'],
  on: 'server',
  options: {},
  async run({ args: [id], terminal, server }) {
    const group = await server.get('/groups/{id}', { params: { id } })
    const members = await membersOf(server, id, terminal)
    terminal.answer({ ...group, ...members }, () => {
      const keys = members.keys?.map((key) => `${key.id} (${key.name}, of ${key.account}${by(key)})`)
      return groupFields(group, { accounts: members.accounts ?? 'not known', keys: keys ?? 'not known' })
    })
  },
})

interface Member {
  readonly id: string
  readonly name: string
  readonly account: string
  /** Because its account is in the group. */
  readonly inherited: boolean
}

function by({ inherited }: Member): string {
  return inherited ? '; by its account' : ''
}

/** `null`: this key may not read them. */
async function membersOf(server: OctroiClient, group: string, terminal: Terminal) {
  const limit = 200
  const all = await readable(() => collect(server.pages('/accounts', { query: { limit } })), 'accounts', terminal)
  const accounts = all?.filter(({ groups }) => groups.includes(group)).map(({ id }) => id) ?? null
  const keys = await readable(() => collect(server.pages('/keys', { query: { group, limit } })), 'keys', terminal)
  return { accounts, keys: keys?.flatMap(member) ?? null }
}

/** Keys that are over are in no group any more. */
function member({ id, name, account, groups, state }: ItemOf<'/keys'>): Member[] {
  return state === 'revoked' || state === 'expired' ? [] : [{ id, name, account, inherited: groups === null }]
}

async function readable<T>(read: () => Promise<T>, what: string, terminal: Terminal): Promise<T | undefined> {
  try {
    return await read()
  } catch (error) {
    if (!(error instanceof OctroiApiError) || error.code !== 'not_granted') throw error
    terminal.say(`Note: your key may not read ${what} (${what}.read).`)
    return undefined
  }
}

function groupFields({ grants, ...rest }: Group, members: object = {}): string {
  return fields({ ...rest, grants: grantTexts(grants), ...members })
}

const set = command({
  name: 'group set',
  args: ['ID'],
  summary: 'Change a group',
  description: 'Only what is given changes; --grant replaces all grants, and none takes them all away. The id stays.',
  examples: ["group set partners --name 'Our partners'", "group set tills --grant 'paheko:accounting-read'"],
  on: 'server',
  options: { name: { type: 'string', value: 'NAME', describes: 'What it is called.' }, ...FIELDS },
  async run({ args: [id], options, terminal, server }) {
    const body = { ...given({ name: options.name }), ...givenFields(options) }
    if (Object.keys(body).length === 0)
      throw new UsageError('There is nothing to change.', ['See: octroi group set --help'])
    const group = await server.patch('/groups/{id}', { params: { id }, body })
    terminal.answer(group, () => groupFields(group))
  },
})

const rm = command({
  name: 'group rm',
  args: ['ID'],
  summary: 'Delete a group that nothing uses',
  description: 'Refused while accounts or keys are in it, or a route allows it.',
  examples: ['group rm partners --yes'],
  on: 'server',
  options: YES,
  async run({ args: [id], options, terminal, server }) {
    const { name } = await server.get('/groups/{id}', { params: { id } })
    await confirmed(terminal, options, `Delete the group ${id} (${name})?`)
    await server.delete('/groups/{id}', { params: { id } })
    terminal.answer({ deleted: id }, () => `${id} is deleted.`)
  },
})

export const commands = [add, ls, show, set, rm]
