import { z } from 'zod'
import type { Connector } from '../connectors/connector.ts'
import type { Scheme, SecretFields } from '../scheme.ts'
import { conditionSchema } from '../steps/conditions.ts'
import { pathSchema } from '../steps/paths.ts'
import { stepSchema } from '../steps/step.ts'
import { placementNames, placementsSchema, signPlacements } from './placements.ts'
import { stepsExchange } from './token_exchange/token_exchange_run.ts'
import {
  compileTokenExchange,
  type TokenExchange,
  type TokenExchangeText,
} from './token_exchange/token_exchange_section.ts'
import { exchangeFields, exchangeValues } from './token_exchange.ts'

const FIELDS: SecretFields = { api_key: { title: 'API key' } }

const JwtStep = stepSchema.omit({ extract: true })

export const jwtSection = z
  .strictObject({
    login: JwtStep.describe('The request that turns the API key into tokens'),
    refresh: JwtStep.optional().describe(
      'The request that turns the refresh token into new tokens; where it is missing, or its address is not given, it logs in again',
    ),
    response: z.strictObject({
      access_token: pathSchema,
      refresh_token: pathSchema.optional(),
      expires_in: pathSchema.optional().describe('Seconds'),
    }),
    ok: z.array(conditionSchema).min(1).optional().describe('For both requests; a step may say its own'),
    lifetime_s: z.number().positive().default(3600).describe('Where the answer does not say'),
    apply: placementsSchema.optional(),
  })
  .describe('An API key that is exchanged for an access token and a refresh token')

type JwtText = z.infer<typeof jwtSection>

/**
 * One lasting key → access and refresh token, as webCRM does it. The tokens may be opaque: the name of the scheme comes from the
 * services, not from RFC 7519.
 */
export const jwt: Scheme = {
  id: 'jwt',
  title: 'API key for a token (JWT)',
  section: {
    schema: jwtSection,
    compile(value, scope): TokenExchange {
      if (value === undefined) throw new Error('is required: it says where the API key goes and what comes back')
      return compileTokenExchange(asTokenExchange(value as JwtText), scope, Object.keys(FIELDS))
    },
    yields: (section) => (section as TokenExchange | undefined)?.yields ?? [],
  },
  requires: (connector) => exchangeFields(compiled(connector), connector, FIELDS),
  injects: (connection) => ({ ...exchangeValues(compiled(connection.connector), { ...connection, secrets: {} }) }),
  names: (connection) => placementNames(compiled(connection.connector).apply, connection),
  sign: (connection) => signPlacements(compiled(connection.connector).apply, connection),
  exchange: {
    durable: [],
    durableFor: (connector) => compiled(connector).durable,
    ...stepsExchange(({ connector }) => compiled(connector)),
  },
}

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: these are templates of a connector
const BEARER = [{ header: 'Authorization', value: 'bearer ${token.jwt_access_token}' }]

function asTokenExchange({ login, refresh, response, ok, lifetime_s, apply }: JwtText): TokenExchangeText {
  const extract = {
    jwt_access_token: { json: response.access_token },
    ...(response.refresh_token !== undefined && {
      jwt_refresh_token: { json: response.refresh_token, optional: true },
    }),
    ...(response.expires_in !== undefined && { expires_in: { json: response.expires_in, optional: true } }),
  }
  const step = (text: JwtText['login']) => ({ ...text, ok: text.ok ?? ok, extract })
  const tokens = ['jwt_access_token', ...(response.refresh_token === undefined ? [] : ['jwt_refresh_token'])]
  return {
    login: [step(login)],
    ...(refresh !== undefined && { refresh: [step(refresh)] }),
    ...(refresh !== undefined && { durable: ['jwt_refresh_token'] }),
    lifetime:
      response.expires_in === undefined
        ? { fixed_s: lifetime_s }
        : { expires_in: '${token.expires_in}', unit: 's', otherwise_s: lifetime_s },
    inject: tokens,
    apply: apply ?? BEARER,
  }
}
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: these are templates of a connector

function compiled(connector: Connector): TokenExchange {
  return connector.compiled.schemes.jwt as TokenExchange
}
