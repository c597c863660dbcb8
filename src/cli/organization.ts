import type { Output } from '../client/index.ts'
import { command, UsageError } from './command.ts'
import { confirmed, YES } from './confirm.ts'
import { collect, given, listOf, textOrNone } from './input.ts'
import { commands as members } from './organization_member.ts'
import { fields, table } from './table.ts'

type Organization = Output<'GET', '/organizations/{id}'>

const FIELDS = {
  siret: { type: 'string', value: 'SIRET', describes: 'Its 14 digits: by them the claims of providers find it; none.' },
  group: {
    type: 'string',
    multiple: true,
    value: 'GROUP',
    describes: 'A person is in it while he acts for the organization; none for no group.',
  },
} as const

const add = command({
  name: 'organization add',
  args: ['LABEL'],
  summary: 'Make an organization that people act for',
  examples: [
    "organization add 'Mairie de Lille' --siret '215 903 501 00017'",
    'organization add Volunteers --group asso',
  ],
  on: 'server',
  options: { id: { type: 'string', value: 'ID', describes: 'Its id; otherwise made of the label.' }, ...FIELDS },
  async run({ args: [label], options, terminal, server }) {
    const { id, siret } = options
    const body = { label, ...given({ id, siret: textOrNone(siret), groups: listOf(options.group) }) }
    const organization = await server.post('/organizations', { body })
    terminal.answer(organization, () => fields(organization))
  },
})

const ls = command({
  name: 'organization ls',
  args: [],
  summary: 'List the organizations',
  examples: ['organization ls'],
  on: 'server',
  options: {},
  async run({ terminal, server }) {
    const organizations = await collect(server.pages('/organizations', { query: { limit: 200 } }))
    terminal.answer(organizations, () =>
      table(
        ['ID', 'SIRET', 'LABEL', 'GROUPS'],
        organizations.map(({ id, siret, label, groups }) => [id, siret, label, groups.join(', ')]),
        'There is no organization.',
      ),
    )
  },
})

const show = command({
  name: 'organization show',
  args: ['ID'],
  summary: 'Read one organization',
  examples: ['organization show mairie-de-lille'],
  on: 'server',
  options: {},
  async run({ args: [id], terminal, server }) {
    const organization: Organization = await server.get('/organizations/{id}', { params: { id } })
    terminal.answer(organization, () => fields(organization))
  },
})

const set = command({
  name: 'organization set',
  args: ['ID'],
  summary: 'Change an organization',
  description: 'Only what is given changes; --group replaces all groups.',
  examples: [
    "organization set mairie --label 'Ville de Lille'",
    'organization set mairie --group agents --group lille',
  ],
  on: 'server',
  options: { label: { type: 'string', value: 'LABEL', describes: 'What people see.' }, ...FIELDS },
  async run({ args: [id], options, terminal, server }) {
    const { label, siret } = options
    const body = given({ label, siret: textOrNone(siret), groups: listOf(options.group) })
    if (Object.keys(body).length === 0)
      throw new UsageError('There is nothing to change.', ['See: octroi organization set --help'])
    const organization = await server.patch('/organizations/{id}', { params: { id }, body })
    terminal.answer(organization, () => fields(organization))
  },
})

const rm = command({
  name: 'organization rm',
  args: ['ID'],
  summary: 'Delete an organization that no application names: nobody acts for it any more',
  examples: ['organization rm mairie --yes'],
  on: 'server',
  options: YES,
  async run({ args: [id], options, terminal, server }) {
    const { label } = await server.get('/organizations/{id}', { params: { id } })
    await confirmed(terminal, options, `Delete the organization ${id} (${label})?`)
    await server.delete('/organizations/{id}', { params: { id } })
    terminal.answer({ deleted: id }, () => `${id} is deleted.`)
  },
})

export const commands = [add, ls, show, set, rm, ...members]
