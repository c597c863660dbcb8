import type { z } from 'zod'
import type { Connector } from '../connectors/connector.ts'
import type { Scheme, SecretFields } from '../scheme.ts'
import {
  compilePlacements,
  type Placements,
  placementNames,
  placementsSchema,
  placementTemplates,
  signPlacements,
} from './placements.ts'
import { declared, referenced } from './placing.ts'

const FIELDS: SecretFields = { api_key: { title: 'API key' } }

/** One or more fixed secrets, each put where the connector says: a header, a query parameter, Basic. */
export const apiKey: Scheme = {
  id: 'api_key',
  title: 'API key',
  section: {
    schema: placementsSchema,
    compile(value, scope): Placements {
      if (value === undefined) throw new Error('is required: it says where the key goes')
      return compilePlacements(value as z.infer<typeof placementsSchema>, scope, Object.keys(FIELDS))
    },
  },
  requires: (connector) => declared(connector, FIELDS, referenced(placementTemplates(compiled(connector)))),
  injects: ({ secrets }) => ({ ...secrets }),
  names: (connection) => placementNames(compiled(connection.connector), connection),
  sign: (connection) => signPlacements(compiled(connection.connector), connection),
}

function compiled(connector: Connector): Placements {
  return connector.compiled.schemes.api_key as Placements
}
