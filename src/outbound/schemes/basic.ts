import { z } from 'zod'
import type { Connector } from '../connectors/connector.ts'
import type { Template } from '../connectors/template.ts'
import type { Scheme, SecretFields } from '../scheme.ts'
import { basicValue, declared, referenced } from './placing.ts'

const FIELDS: SecretFields = {
  username: { title: 'User name', secret: false },
  password: { title: 'Password' },
}

export const basicSection = z
  .strictObject({ username: z.string().optional(), password: z.string().optional() })
  .describe('Where the user name and the password come from; by default the secrets username and password.')

interface Compiled {
  readonly username: Template
  readonly password: Template
}

/** `Authorization: Basic base64(user name ":" password)`, UTF-8 (RFC 7617), sent with the first request. */
export const basic: Scheme = {
  id: 'basic',
  title: 'User name and password (Basic)',
  section: {
    schema: basicSection,
    compile(value, scope): Compiled {
      const { username, password } = (value ?? {}) as z.infer<typeof basicSection>
      // biome-ignore-start lint/suspicious/noTemplateCurlyInString: these are templates of a connector
      return {
        username: scope.private(username ?? '${secrets.username}', 'user_name', Object.keys(FIELDS)),
        password: scope.private(password ?? '${secrets.password}', 'password', Object.keys(FIELDS)),
      }
      // biome-ignore-end lint/suspicious/noTemplateCurlyInString: these are templates of a connector
    },
  },
  requires: (connector) =>
    declared(connector, FIELDS, referenced([compiled(connector).username, compiled(connector).password])),
  injects: ({ secrets }) => ({ ...secrets }),
  names: () => ({ headers: ['authorization'], query: [] }),
  sign(connection) {
    const { username, password } = compiled(connection.connector)
    return { headers: ['Authorization', basicValue(username, password, connection)], query: '' }
  },
}

function compiled(connector: Connector): Compiled {
  return connector.compiled.schemes.basic as Compiled
}
