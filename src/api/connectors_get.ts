import { Connector, presentConnector } from './connectors_presenting.ts'
import { endpoint } from './endpoint.ts'
import { notFound } from './presenting.ts'
import { IdParams } from './schemas.ts'

export const connectorsGet = endpoint({
  name: 'connectors.get',
  method: 'GET',
  path: '/connectors/{id}',
  summary: 'Read a catalogue entry: what it asks for, what can be granted',
  permission: 'connectors.read',
  params: IdParams,
  response: Connector,
  errors: ['not_found'],
  async handle({ params, parts }) {
    const entry = parts.catalogue.list().find(({ connector }) => connector.id === params.id)
    if (entry === undefined) throw notFound('connector', params.id)
    return presentConnector(entry)
  },
})
