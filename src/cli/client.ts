import { CLIENT_TEMPLATE_NAMES } from '../api/client_templates/index.ts'
import type { Output } from '../client/index.ts'
import { CLIENT_FIELDS, type ClientCreating, clientFields, clientText } from './client_input.ts'
import { command, UsageError } from './command.ts'
import { confirmed, YES } from './confirm.ts'
import { collect, given, lasting, seconds } from './input.ts'
import { table } from './table.ts'
import type { Terminal } from './terminal.ts'

type Made = Output<'POST', '/clients'>

const add = command({
  name: 'client add',
  args: ['[NAME]'],
  summary: 'Register an application whose people sign in through Octroi',
  description:
    'stdout holds the secret and nothing else; it is shown this once. With a template it holds the lines to set at the application, the secret among them. One that speaks OpenID Connect finds everything at the issuer (--openid); another sends people to /sign-in?app=ID and exchanges the code that they come back with at /session/exchange.',
  examples: [
    'client add --template paheko --app-url https://compta.example.org --allow-group volunteers',
    'client add Wiki --openid --redirect-uri https://wiki.example.org/callback --allow-group staff',
    'client add Till --openid --auth-method none --redirect-uri http://localhost:5173/cb --allow-authenticated',
    'client add Catalogue --redirect-uri https://catalogue.example.org/callback --allow-authenticated',
    "client add Shop --redirect-uri https://shop.example.org/cb --allow-group staff --role managers=ADMIN --tokens --grant 'paheko:accounting-read' --token-ttl 8h",
  ],
  on: 'server',
  options: {
    id: { type: 'string', value: 'ID', describes: 'The client_id; otherwise made of the name.' },
    template: {
      type: 'string',
      value: 'TEMPLATE',
      describes: `Fills in what the application needs: ${CLIENT_TEMPLATE_NAMES.join(', ')}.`,
    },
    'app-url': { type: 'string', value: 'URL', describes: 'Where the application is, for the template.' },
    ...CLIENT_FIELDS,
  },
  async run({ args: [name], options, terminal, server }) {
    const { template, 'app-url': url } = options
    if (template !== undefined) requireAddress(url)
    const more = clientFields(options)
    if (template === undefined) requireOwn(name, more)
    const body: ClientCreating = { ...more, ...given({ id: options.id, name, template: template as never, url }) }
    const made = await server.post('/clients', { body })
    const { client_secret, warnings, instructions, ...client } = made
    if (!terminal.json) terminal.say(`${clientText(client)}\n`)
    warn(terminal, warnings)
    if (instructions.length > 0) tellInstructions(terminal, made)
    else if (client_secret === null) tellNoSecret(terminal, made)
    else terminal.say('The secret, shown this once:\n')
    terminal.answer(made, () => shownOnce(made))
  },
})

/** `--url` is the server, which is sent the key: the application must not be. */
function requireAddress(url: string | undefined): void {
  if (url === undefined)
    throw new UsageError('--template needs --app-url URL, where the application is; --url is where Octroi is.')
}

function requireOwn(name: string | undefined, { redirect_uris, openid }: ReturnType<typeof clientFields>): void {
  if (name === undefined) throw new UsageError('octroi client add needs NAME, or --template and --app-url.')
  if (redirect_uris === undefined && openid?.grant_types === undefined)
    throw new UsageError('octroi client add needs --redirect-uri URL.')
}

function tellInstructions(terminal: Terminal, { client_secret }: Made): void {
  const secret = client_secret === null ? '' : ', with the secret, shown this once'
  terminal.say(`What to set at the application${secret}:\n`)
}

function tellNoSecret(terminal: Terminal, { openid }: Made): void {
  const how = openid?.auth_method === 'none' ? 'PKCE holds its codes' : 'its own keys prove who it is'
  terminal.say(`It has no secret: ${how}. Its client_id:\n`)
}

/** Only here, on the machine of whoever asked, are the secret and the lines put together. */
function shownOnce({ instructions, client_id, client_secret }: Made): string {
  if (instructions.length === 0) return client_secret ?? client_id
  return instructions.map((line) => line.replaceAll('{client_secret}', client_secret ?? '')).join('\n')
}

const ls = command({
  name: 'client ls',
  args: [],
  summary: 'List the applications',
  examples: ['client ls'],
  on: 'server',
  options: {},
  async run({ terminal, server }) {
    const clients = await collect(server.pages('/clients', { query: { limit: 200 } }))
    terminal.answer(clients, () =>
      table(
        ['ID', 'NAME', 'STATE', 'OPENID', 'TOKEN', 'REDIRECT URIS'],
        clients.map(({ id, name, disabled_at, openid, token, redirect_uris }) => [
          id,
          name,
          disabled_at === null ? 'active' : 'disabled',
          openid !== null,
          token.enabled,
          redirect_uris.join(', '),
        ]),
        'There is no application.',
      ),
    )
  },
})

const show = command({
  name: 'client show',
  args: ['ID'],
  summary: 'Read one application',
  examples: ['client show catalogue'],
  on: 'server',
  options: {},
  async run({ args: [id], terminal, server }) {
    const client = await server.get('/clients/{id}', { params: { id } })
    terminal.answer(client, () => clientText(client))
  },
})

const set = command({
  name: 'client set',
  args: ['ID'],
  summary: 'Change, disable or enable an application',
  description: 'Only what is given changes; a list that is given replaces the whole list, and none empties it.',
  examples: [
    'client set shop --redirect-uri https://shop.example.org/cb --redirect-uri http://localhost:5173/cb',
    'client set shop --disable',
    'client set wiki --scope openid --scope email --email-from @example.org',
  ],
  on: 'server',
  options: {
    name: { type: 'string', value: 'NAME', describes: 'What people see.' },
    ...CLIENT_FIELDS,
    disable: { type: 'boolean', describes: 'Nobody signs in to it any more.' },
    enable: { type: 'boolean', describes: 'People sign in to it again.' },
  },
  async run({ args: [id], options, terminal, server }) {
    if (options.enable && options.disable) throw new UsageError('--enable and --disable exclude each other.')
    const disabled = options.disable === true ? true : options.enable === true ? false : undefined
    const asked = { ...given({ name: options.name, disabled }), ...clientFields(options) }
    if (Object.keys(asked).length === 0)
      throw new UsageError('There is nothing to change.', ['See: octroi client set --help'])
    const isPartly = asked.allow !== undefined || asked.token !== undefined || asked.openid?.network !== undefined
    const before = isPartly ? await server.get('/clients/{id}', { params: { id } }) : undefined
    const body = { ...asked, ...clientFields(options, before) }
    const changed = await server.patch('/clients/{id}', { params: { id }, body })
    const { warnings, ...client } = changed
    warn(terminal, warnings)
    terminal.answer(changed, () => clientText(client))
  },
})

const rotate = command({
  name: 'client rotate',
  args: ['ID'],
  summary: 'Give an application a new secret',
  description: 'stdout holds the new secret and nothing else; it is shown this once.',
  examples: ['client rotate shop', 'client rotate shop --overlap 1d'],
  on: 'server',
  options: {
    overlap: { type: 'string', value: 'TIME', describes: 'How long the old secret works on: 1h unless given.' },
  },
  async run({ args: [id], options, terminal, server }) {
    const overlap_s = options.overlap === undefined ? 3_600 : seconds('overlap', options.overlap)
    const made = await server.post('/clients/{id}/rotate', { params: { id }, body: { overlap_s } })
    terminal.say(overlap_s === 0 ? 'The old secret has ended.' : `The old secret works for ${lasting(overlap_s)} more.`)
    terminal.say('The secret, shown this once:\n')
    terminal.answer(made, () => made.client_secret ?? '')
  },
})

const rm = command({
  name: 'client rm',
  args: ['ID'],
  summary: 'Delete an application: its secret and the tokens that it was given stop working',
  examples: ['client rm shop --yes'],
  on: 'server',
  options: YES,
  async run({ args: [id], options, terminal, server }) {
    const { name } = await server.get('/clients/{id}', { params: { id } })
    await confirmed(terminal, options, `Delete the application ${id} (${name})?`)
    await server.delete('/clients/{id}', { params: { id } })
    terminal.answer({ deleted: id }, () => `${id} is deleted.`)
  },
})

function warn(terminal: Terminal, warnings: readonly string[]): void {
  for (const warning of warnings) terminal.say(`Note: ${warning}.`)
}

export const commands = [add, ls, show, set, rotate, rm]
