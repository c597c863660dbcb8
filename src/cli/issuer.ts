import { command, UsageError } from './command.ts'
import { confirmed, YES } from './confirm.ts'
import { collect, given } from './input.ts'
import { ISSUER_FIELDS, type IssuerCreating, issuerFields, issuerText } from './issuer_input.ts'
import { table } from './table.ts'

const add = command({
  name: 'issuer add',
  args: [],
  summary: 'Trust an issuer of JWTs to say who calls',
  description:
    'Its tokens are a credential like a key, for the account that they speak for: the one of --account, or the service whose id stands in the subject claim. With --account the tokens that count must be told apart: anybody may have an account at a public issuer.',
  examples: [
    'issuer add --issuer https://id.example.org --jwks-uri https://id.example.org/jwks --audience https://octroi.example.org',
    "issuer add --id ci --issuer https://ci.example.org --jwks-file ci.jwks --audience octroi --algorithm ES256 --account deploy --subject 'repo:shop:main'",
    'issuer add --issuer https://ci.example.org --jwks-uri https://ci.example.org/jwks --audience octroi --account deploy --condition project=shop --condition ref=main --condition ref=release',
  ],
  on: 'server',
  options: { id: { type: 'string', value: 'ID', describes: 'Its id; otherwise made of the name.' }, ...ISSUER_FIELDS },
  async run({ options, terminal, server }) {
    const { issuer: iss, audience, ...more } = issuerFields(options)
    const missing = [
      ...(iss === undefined ? ['--issuer ISS'] : []),
      ...(audience === undefined ? ['--audience AUD'] : []),
      ...(more.jwks_uri === undefined && more.jwks === undefined ? ['--jwks-uri URL or --jwks-file PATH'] : []),
    ]
    if (iss === undefined || audience === undefined || missing.length > 0)
      throw new UsageError(`octroi issuer add needs ${missing.join(', ')}.`, ['See: octroi issuer add --help'])
    const body: IssuerCreating = { issuer: iss, audience, ...more, ...given({ id: options.id }) }
    const made = await server.post('/issuers', { body })
    terminal.answer(made, () => issuerText(made))
  },
})

const ls = command({
  name: 'issuer ls',
  args: [],
  summary: 'List the issuers',
  examples: ['issuer ls'],
  on: 'server',
  options: {},
  async run({ terminal, server }) {
    const issuers = await collect(server.pages('/issuers', { query: { limit: 200 } }))
    terminal.answer(issuers, () =>
      table(
        ['ID', 'NAME', 'STATE', 'ISSUER', 'AUDIENCE', 'SPEAKS FOR'],
        issuers.map(({ id, name, disabled_at, issuer, audience, account, accounts }) => [
          id,
          name,
          disabled_at === null ? 'active' : 'disabled',
          issuer,
          audience.join(', '),
          account ?? (accounts.join(', ') || 'every service'),
        ]),
        'There is no issuer.',
      ),
    )
  },
})

const show = command({
  name: 'issuer show',
  args: ['ID'],
  summary: 'Read one issuer',
  examples: ['issuer show ci'],
  on: 'server',
  options: {},
  async run({ args: [id], terminal, server }) {
    const issuer = await server.get('/issuers/{id}', { params: { id } })
    terminal.answer(issuer, () => issuerText(issuer))
  },
})

const set = command({
  name: 'issuer set',
  args: ['ID'],
  summary: 'Change an issuer',
  description:
    'Only what is given changes; a list that is given replaces the whole list. none empties --condition and --for-account, and takes back --account and --typ.',
  examples: ['issuer set ci --condition project=shop --condition ref=main', 'issuer set ci --jwks-file new.jwks'],
  on: 'server',
  options: ISSUER_FIELDS,
  async run({ args: [id], options, terminal, server }) {
    const asked = issuerFields(options)
    if (Object.keys(asked).length === 0)
      throw new UsageError('There is nothing to change.', ['See: octroi issuer set --help'])
    const before = asked.network === undefined ? undefined : await server.get('/issuers/{id}', { params: { id } })
    const body = before === undefined ? asked : issuerFields(options, before.network)
    const issuer = await server.patch('/issuers/{id}', { params: { id }, body })
    terminal.answer(issuer, () => issuerText(issuer))
  },
})

const disable = switching('disable', true, 'Take no token of an issuer any more, from the next request', 'is disabled')
const enable = switching('enable', false, 'Take the tokens of an issuer again', 'is enabled')

function switching(verb: string, disabled: boolean, summary: string, outcome: string) {
  return command({
    name: `issuer ${verb}`,
    args: ['ID'],
    summary,
    examples: [`issuer ${verb} ci`],
    on: 'server',
    options: {},
    async run({ args: [id], terminal, server }) {
      const issuer = await server.patch('/issuers/{id}', { params: { id }, body: { disabled } })
      terminal.answer(issuer, () => `${id} ${outcome}.`)
    },
  })
}

const rm = command({
  name: 'issuer rm',
  args: ['ID'],
  summary: 'Delete an issuer: its tokens count no more from the next request',
  examples: ['issuer rm ci --yes'],
  on: 'server',
  options: YES,
  async run({ args: [id], options, terminal, server }) {
    const { name, issuer } = await server.get('/issuers/{id}', { params: { id } })
    await confirmed(terminal, options, `Delete the issuer ${id} (${name}, ${issuer})?`)
    await server.delete('/issuers/{id}', { params: { id } })
    terminal.answer({ deleted: id }, () => `${id} is deleted.`)
  },
})

export const commands = [add, ls, show, set, disable, enable, rm]
