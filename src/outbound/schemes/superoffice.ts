import { z } from 'zod'
import type { TemplateScope } from '../connectors/template.ts'
import type { ConnectionSecrets, Scheme, SecretFields } from '../scheme.ts'
import { endpoint } from './oauth/oauth_values.ts'
import {
  compilePlacements,
  type Placements,
  placementNames,
  placementsSchema,
  placementTemplates,
  signPlacements,
} from './placements.ts'
import { declared, referenced } from './placing.ts'
import { superofficeExchange } from './superoffice/superoffice_exchange.ts'
import { hasKey } from './superoffice/superoffice_sign_in.ts'
import { type SuperofficeSection, superofficeOf } from './superoffice/superoffice_site.ts'

const FIELDS: SecretFields = {
  client_id: { title: 'Application id (client id)', secret: false, scope: 'app' },
  client_secret: {
    title: 'Application token (client secret)',
    description: 'Sent with every call of the system user, too.',
    scope: 'app',
  },
  private_key: {
    title: 'RSA private key of the application',
    description:
      'As the developer portal gives it (RSAKeyValue XML), or PEM. With it calls are made as the system user, with a ticket; without it as the person who signed in.',
    scope: 'app',
    optional: true,
    multiline: true,
  },
  oauth_refresh_token: {
    title: 'Refresh token',
    description: 'Only where one was obtained elsewhere; otherwise somebody signs in at SuperOffice.',
    aliases: ['refresh_token'],
    optional: true,
    begins: 'refresh_token',
  },
}

const superofficeSection = z
  .strictObject({
    url: z.string().min(1).describe('Where people sign in, without /login; a template over settings'),
    login_url: z.string().optional().describe('Takes the place of url where its setting is given: a sandbox'),
    tenant: z.string().default('').describe('Which tenant to sign in to, where it is known: Cust12345. A template'),
    apply: placementsSchema.optional(),
  })
  .describe('Where to sign in, and what goes on a call.')

const TOKEN = ['access_token', 'so_ticket', 'api', 'ctx']
/** The header of each call that names the application; SuperOffice compares names of headers without regard to case. */
// biome-ignore-start lint/suspicious/noTemplateCurlyInString: these are templates of a connector
const TICKET = [
  { header: 'Authorization', value: 'SOTicket ${token.so_ticket}' },
  { header: 'SO-AppToken', value: '${secrets.client_secret}' },
]
const BEARER = [{ header: 'Authorization', value: 'Bearer ${token.access_token}' }]
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: these are templates of a connector

/** SuperOffice Online: sign-in of a person, and from it tickets of the application's system user in that person's tenant. */
export const superoffice: Scheme = {
  id: 'superoffice',
  title: 'SuperOffice system user',
  section: {
    schema: superofficeSection,
    compile(value, scope): SuperofficeSection {
      if (value === undefined) throw new Error('is required: url says where to sign in')
      const { url, login_url, tenant, apply } = superofficeSection.parse(value)
      const place = (placements: z.infer<typeof placementsSchema>) => placed(placements, scope)
      return {
        url: scope.public(url, 'endpoint'),
        loginUrl: endpoint(scope, 'login_url', login_url, 'optional_endpoint'),
        tenant: scope.public(tenant, 'body'),
        ticket: place(apply ?? TICKET),
        bearer: place(apply ?? BEARER),
      }
    },
    yields: () => ['api', 'ctx'],
  },
  requires(connector) {
    const { ticket, bearer } = superofficeOf(connector)
    const used = referenced(placementTemplates([...ticket, ...bearer]))
    return declared(connector, FIELDS, [...new Set([...Object.keys(FIELDS), ...used])])
  },
  injects({ secrets, token }) {
    const all = {
      oauth_access_token: token?.access_token,
      oauth_client_id: secrets.client_id,
      oauth_client_secret: secrets.client_secret,
      oauth_refresh_token: token?.refresh_token,
      so_ticket: token?.so_ticket,
      'SO-Apptoken': secrets.client_secret,
    }
    return Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined))
  },
  names(connection) {
    const { ticket, bearer } = superofficeOf(connection.connector)
    const all = [placementNames(ticket, connection), placementNames(bearer, connection)]
    return {
      headers: [...new Set(all.flatMap(({ headers }) => headers))],
      query: [...new Set(all.flatMap(({ query }) => query))],
    }
  },
  sign: (connection) => signPlacements(placements(connection), connection),
  exchange: superofficeExchange,
}

function placements(connection: ConnectionSecrets): Placements {
  const { ticket, bearer } = superofficeOf(connection.connector)
  return hasKey(connection) ? ticket : bearer
}

function placed(value: z.infer<typeof placementsSchema>, scope: TemplateScope): Placements {
  return compilePlacements(value, scope, ['client_id', 'client_secret'], TOKEN)
}
