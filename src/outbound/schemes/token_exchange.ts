import type { Connector } from '../connectors/connector.ts'
import type { ConnectionSecrets, Scheme, SecretFields, Values } from '../scheme.ts'
import { placementNames, signPlacements } from './placements.ts'
import { declared, referenced } from './placing.ts'
import { stepsExchange } from './token_exchange/token_exchange_run.ts'
import {
  compileTokenExchange,
  type TokenExchange,
  type TokenExchangeText,
  tokenExchangeSection,
} from './token_exchange/token_exchange_section.ts'

/**
 * A token that is asked for with one or several HTTP requests, written down in the connector: what a service wants, what it answers,
 * how long it lasts, where it goes.
 */
export const tokenExchange: Scheme = {
  id: 'token_exchange',
  title: 'Token from a login',
  section: {
    schema: tokenExchangeSection,
    compile(value, scope): TokenExchange {
      if (value === undefined) throw new Error('is required: it says how the token is obtained')
      return compileTokenExchange(value as TokenExchangeText, scope, [])
    },
    yields: (section) => (section as TokenExchange | undefined)?.yields ?? [],
  },
  requires: (connector) => exchangeFields(compiled(connector), connector, {}),
  injects: (connection) => exchangeValues(compiled(connection.connector), connection),
  names: (connection) => placementNames(compiled(connection.connector).apply, connection),
  sign: (connection) => signPlacements(compiled(connection.connector).apply, connection),
  exchange: {
    durable: [],
    durableFor: (connector) => compiled(connector).durable,
    ...stepsExchange(({ connector }) => compiled(connector)),
  },
}

/** The secrets that a section uses. */
export function exchangeFields(section: TokenExchange, connector: Connector, defaults: SecretFields): SecretFields {
  return declared(connector, defaults, referenced(section.templates))
}

/** Secrets and values of the token, as programs receive them. */
export function exchangeValues({ inject }: TokenExchange, { secrets, token = {} }: ConnectionSecrets): Values {
  const values = Object.entries(token).filter(([name]) => inject.includes(name))
  return { ...secrets, ...Object.fromEntries(values) }
}

function compiled(connector: Connector): TokenExchange {
  return connector.compiled.schemes.token_exchange as TokenExchange
}
