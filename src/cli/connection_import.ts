import { type ItemOf, OctroiApiError } from '../client/index.ts'
import { type Call, command, UsageError } from './command.ts'
import { connectorOf, givenNetwork, PLACE_OPTIONS, schemeOf } from './connection_giving.ts'
import { secretsOfFile } from './import_file.ts'
import { type ImportField, type Mapping, mapSecrets } from './import_mapping.ts'
import { given, pairs, textOf } from './input.ts'
import { table } from './table.ts'

type Connection = ItemOf<'/connections'>

export const importConnection = command({
  name: 'connection import',
  args: ['FILE'],
  summary: 'Connect an account with the secrets that another system has',
  description:
    'FILE is an .authconfig of Sesam (name=value on each line) or a JSON object. Both spellings of a name are known (client_id and oauth_client_id, consumer_token and consumer_key). Says which keys were taken, which were not and why; never a value. Tokens that were obtained elsewhere (oauth_refresh_token) begin the connection where the scheme can go on with them. With the --id of a connection that is there, that connection gets the secrets.',
  examples: [
    'connection import .authconfig --connector tripletex',
    'connection import secrets.json --connector hubspot --id hubspot-42 --dry-run',
    'connection import secrets.json --id hubspot-42',
  ],
  on: 'server',
  options: {
    connector: { type: 'string', value: 'ID', describes: 'The service; not needed with the --id of a connection.' },
    scheme: { type: 'string', value: 'SCHEME', describes: 'Where the connector offers several.' },
    id: { type: 'string', value: 'ID', describes: 'A connection that gets new secrets, or the id of the new one.' },
    name: { type: 'string', value: 'NAME', describes: 'What people call it.' },
    ...PLACE_OPTIONS,
    'dry-run': { type: 'boolean', describes: 'Only say which keys would be taken.' },
    'no-verify': { type: 'boolean', describes: 'Do not try it at the service first.' },
  },
  async run(call) {
    const { args, options, terminal, server } = call
    const found = secretsOfFile(textOf('FILE', args[0]), args[0])
    const before = options.id === undefined ? undefined : await existing(server, options.id)
    const id = options.connector ?? before?.connector
    if (id === undefined) throw new UsageError('octroi connection import needs --connector ID: which service is it?')
    if (before !== undefined && id !== before.connector) {
      throw new UsageError(`${before.id} is a connection of ${before.connector}, not of ${id}.`)
    }
    const connector = await connectorOf(server, id)
    const scheme = before?.scheme ?? schemeOf(connector, options.scheme)
    const fields = (connector.secrets[scheme] ?? {}) as Readonly<Record<string, ImportField>>
    const mapping = mapped(found, fields, ['base_url', ...Object.keys(connector.settings)])
    if (options['dry-run'] === true) {
      terminal.answer({ taken: mapping.taken, left: mapping.left }, () => rows(mapping, fields))
      return
    }
    terminal.say(rows(mapping, fields))
    if (Object.keys(mapping.secrets).length === 0) {
      throw new UsageError(`${args[0]} has nothing that ${connector.id} (${scheme}) asks for.`)
    }
    const { name } = options
    const { secrets, taken, left } = mapping
    const changes = { ...given({ name, network: givenNetwork(options, before?.network) }), secrets }
    const settings = options.set === undefined ? {} : { settings: pairs('set', options.set) }
    const body = { ...changes, ...settings, verify: options['no-verify'] !== true }
    const connection =
      before === undefined
        ? await server.post('/connections', { body: { connector: id, scheme, ...given({ id: options.id }), ...body } })
        : await server.patch('/connections/{id}', { params: { id: before.id }, body })
    terminal.answer({ connection, taken, left }, () => `${connection.id} is ${connection.state}.`)
  },
})

async function existing(server: Call['server'], id: string): Promise<Connection | undefined> {
  try {
    return await server.get('/connections/{id}', { params: { id } })
  } catch (error) {
    if (error instanceof OctroiApiError && error.code === 'not_found') return undefined
    throw error
  }
}

function mapped(...input: Parameters<typeof mapSecrets>): Mapping {
  try {
    return mapSecrets(...input)
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

function rows({ taken, left }: Mapping, fields: Readonly<Record<string, ImportField>>): string {
  const lines = [
    ...Object.entries(taken).map(([key, field]) => [key, field, beginning(fields[field])]),
    ...Object.entries(left).map(([key, reason]) => [key, '-', reason]),
  ]
  return table(['KEY', 'TAKEN AS', 'NOTE'], lines, 'The file is empty.')
}

function beginning(field: ImportField | undefined): string {
  return field?.begins === undefined ? '' : 'the connection begins with it'
}
