import { z } from 'zod'
import { OctroiError } from '../../core/errors.ts'
import type { Connector } from '../connectors/connector.ts'
import type { Template } from '../connectors/template.ts'
import { type Exchange, ExchangeError } from '../exchange.ts'
import type { ConnectionSettings, Scheme, SecretFields, Values } from '../scheme.ts'
import { endpointOf } from './endpoints.ts'
import { basicValue, declared } from './placing.ts'
import { sessionFromRefreshToken, sessionFromTokens } from './tripletex/tripletex_session.ts'

const FIELDS: SecretFields = {
  consumer_key: {
    title: 'Consumer token',
    description: 'Of the integration that is registered at Tripletex; the same for all its customers.',
    aliases: ['consumer_token'],
    scope: 'app',
  },
  employee_token: {
    title: 'Employee token',
    description:
      'Created by the administrator of the Tripletex account for this integration, and shown once. It can do what it was given rights to.',
  },
  refresh_token_jwt: {
    title: 'API token',
    description: 'Created in the Tripletex account under Company, API tokens; for an integration of one’s own.',
  },
}

const COMPANY = /^\d{1,12}$/
const DAYS = /^[2-7]$/
const BY_LOGIN = { tokens: ['consumer_key', 'employee_token'], refresh_token: ['refresh_token_jwt'] } as const

const tripletexSection = z
  .strictObject({
    url: z.string().min(1).describe('Address of the API with its version; a template over settings'),
    login: z
      .enum(['tokens', 'refresh_token'])
      .default('tokens')
      .describe('What a session is created from: consumer and employee token, or the API token of an own integration'),
    company: z.string().default('0').describe('In whose books; 0 is the own company. A template over settings'),
    days: z
      .string()
      .default('2')
      .describe('How many days after today a session ends, 2 to 7 (login: tokens). A template over settings'),
  })
  .describe('Where sessions are created, and how they are used.')

interface Compiled {
  readonly url: Template
  readonly login: keyof typeof BY_LOGIN
  readonly company: Template
  readonly days: Template
  readonly session: Template
}

const exchange: Exchange = {
  // A session is not renewed: the next one comes from the secrets.
  durable: [],
  endpoints: (connection) => [endpointOf(compiled(connection.connector).url, connection)],
  async run(connection, context) {
    const section = compiled(connection.connector)
    const url = endpointOf(section.url, connection)
    if (section.login === 'refresh_token') return sessionFromRefreshToken(connection, url, context)
    return sessionFromTokens(connection, url, daysOf(section, connection), context)
  },
  async revoke(connection, context) {
    const session = connection.token?.session_token
    if (session === undefined) return
    const { status } = await context.fetch({
      method: 'DELETE',
      url: `${endpointOf(compiled(connection.connector).url, connection)}/token/session/${encodeURIComponent(session)}`,
      headers: { Authorization: authorization('0', session) },
    })
    // 401 and 404: it is over already.
    if (status >= 300 && status !== 401 && status !== 404)
      throw new ExchangeError('transient', `Tripletex did not end the session (${status}).`)
  },
}

/** Tripletex API v2: a session from two tokens that last, used as the password of Basic with the company as the user name. */
export const tripletex: Scheme = {
  id: 'tripletex',
  title: 'Tripletex session',
  section: {
    schema: tripletexSection,
    compile(value, scope): Compiled {
      if (value === undefined) throw new Error('is required: url says where sessions are created')
      const { url, login, company, days } = tripletexSection.parse(value)
      const made: Compiled = {
        url: scope.public(url, 'endpoint'),
        login,
        company: scope.public(company, 'user_name'),
        days: scope.public(days, 'body'),
        // biome-ignore lint/suspicious/noTemplateCurlyInString: a template of a connector
        session: scope.private('${token.session_token}', 'password', [], ['session_token']),
      }
      literal(made.company, COMPANY, 'is not the number of a company')
      literal(made.days, DAYS, 'is not 2 to 7 days')
      return made
    },
  },
  requires: (connector) => declared(connector, FIELDS, BY_LOGIN[compiled(connector).login]),
  injects: ({ secrets, token }) => injected({ ...secrets, ...token }),
  names: () => ({ headers: ['authorization'], query: [] }),
  params: ['company'],
  sign(connection) {
    const { company, session } = compiled(connection.connector)
    const token = connection.token?.session_token ?? ''
    return {
      headers: ['Authorization', basicValue(company, session, connection)],
      query: '',
      perRequest: { needsBody: false, onlyWithParams: true, sign: ({ params }) => inCompany(params.company, token) },
    }
  },
  exchange,
}

/** One session serves all companies of an accountant: the caller says which, where its grant lists it. */
function inCompany(company: string | undefined, session: string) {
  if (company === undefined) return { headers: [], query: '' }
  if (!COMPANY.test(company)) throw invalid('Octroi-Param-Company', 'must be the number of a company at Tripletex')
  return { headers: ['Authorization', authorization(company, session)], query: '' }
}

function authorization(company: string, session: string): string {
  return `Basic ${Buffer.from(`${company}:${session}`).toString('base64')}`
}

/** Under both names of the consumer token. */
function injected(values: Values): Values {
  const { consumer_key, employee_token, refresh_token_jwt, session_token } = values
  const all = { consumer_key, consumer_token: consumer_key, employee_token, refresh_token_jwt, session_token }
  return Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined))
}

function daysOf({ days }: Compiled, { settings }: ConnectionSettings): number {
  const text = days.render({ settings }) ?? ''
  if (DAYS.test(text)) return Number(text)
  throw invalid(days.references[0] ?? 'settings', 'must be 2 to 7 days')
}

/** What stands in the file itself is judged when it is loaded. */
function literal({ text, references }: Template, pattern: RegExp, message: string): void {
  if (references.length === 0 && !pattern.test(text)) throw new Error(`"${text}" ${message}`)
}

function invalid(path: string, message: string): OctroiError {
  return new OctroiError('invalid_request', `${path} ${message}.`, { errors: [{ path, message }] })
}

function compiled(connector: Connector): Compiled {
  return connector.compiled.schemes.tripletex as Compiled
}
