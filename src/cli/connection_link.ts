import { OctroiApiError, type OctroiClient } from '../client/index.ts'
import { command, UsageError } from './command.ts'
import { givenNetwork, PLACE_OPTIONS } from './connection_giving.ts'
import { given, pairs } from './input.ts'

export const link = command({
  name: 'connection link',
  args: ['CONNECTOR|ID'],
  summary: 'Get a link with which somebody else connects an account',
  description:
    'Of a connection: the same account is connected again. Of a connector: a new connection is made. The link works once, for 30 minutes, in one browser. Without --return-url the page itself ends it, so send it only to somebody you know; an application gives its own address and redeems the code that comes back (docs/connect.md).',
  examples: [
    'connection link superoffice',
    'connection link fiken --new --id fiken-42 --tag customer=42',
    'connection link fiken --new --return-url https://app.example.org/connected',
  ],
  on: 'server',
  options: {
    new: { type: 'boolean', describes: 'A new connection, even if there is one of that name.' },
    id: { type: 'string', value: 'ID', describes: 'The id of the new connection.' },
    name: { type: 'string', value: 'NAME', describes: 'What people call the new connection.' },
    scheme: {
      type: 'string',
      value: 'SCHEME',
      describes: 'Where the connector offers several; otherwise the person chooses.',
    },
    ...PLACE_OPTIONS,
    tag: { type: 'string', multiple: true, value: 'NAME=VALUE', describes: 'A tag of the new connection.' },
    'return-url': {
      type: 'string',
      value: 'URL',
      describes: 'Where the person is sent back to, with session and code.',
    },
  },
  async run({ args: [named], options, terminal, server }) {
    const connector = options.new ? undefined : await connectorOf(server, named)
    const fresh = given({
      name: options.name,
      scheme: options.scheme,
      settings: options.set === undefined ? undefined : pairs('set', options.set),
      tags: options.tag === undefined ? undefined : pairs('tag', options.tag),
      network: givenNetwork(options),
    })
    if (connector !== undefined && (options.id !== undefined || Object.keys(fresh).length > 0))
      throw new UsageError(`${named} is a connection that exists; with --new another one is made.`)
    const ids = connector === undefined ? given({ connection_id: options.id }) : { connection_id: named }
    const session = await server.post('/connect-sessions', {
      body: { connector: connector ?? named, ...ids, ...fresh, ...given({ return_url: options['return-url'] }) },
    })
    const what = connector === undefined ? 'A new connection' : 'Again the connection'
    terminal.say(`${what} ${session.connection_id}; the link ends at ${session.expires_at}.`)
    if (session.redirect_uri !== null) terminal.say(`To be registered at the service: ${session.redirect_uri}`)
    terminal.answer(session, () => session.url)
  },
})

/** Of the connection of that id, if there is one that this key may see. */
async function connectorOf(server: OctroiClient, id: string): Promise<string | undefined> {
  try {
    return (await server.get('/connections/{id}', { params: { id } })).connector
  } catch (error) {
    if (error instanceof OctroiApiError && ['not_found', 'not_granted'].includes(error.code)) return undefined
    throw error
  }
}
