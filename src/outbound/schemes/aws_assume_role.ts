import { z } from 'zod'
import type { Connector } from '../connectors/connector.ts'
import type { Template } from '../connectors/template.ts'
import { type Exchange, ExchangeError, type Obtained, type StepAnswer } from '../exchange.ts'
import { valueAt } from '../json_path.ts'
import type { ConnectionSecrets, OutgoingRequest, Scheme, SecretFields } from '../scheme.ts'
import { parseXml, xmlText } from '../steps/xml.ts'
import { AWS_NAMES, awsCredentials, awsSection, awsSigning, type CompiledAws, compileAws } from './aws/aws_section.ts'
import { awsSigner } from './aws/aws_signature.ts'
import { endpointOf } from './endpoints.ts'
import { declared, rendered } from './placing.ts'

const FIELDS: SecretFields = {
  access_key_id: { title: 'Access key id', secret: false, scope: 'app', aliases: ['aws_access_key_id'] },
  secret_access_key: { title: 'Secret access key', scope: 'app', aliases: ['aws_secret_access_key'] },
  external_id: {
    title: 'External id',
    description: 'Where the role belongs to somebody else and its trust policy asks for one.',
    optional: true,
  },
}
const TOKEN = ['access_key_id', 'secret_access_key', 'session_token']

const sectionSchema = awsSection.extend({
  sts_url: z.string().min(1).describe('https://sts.REGION.amazonaws.com, a template over settings'),
  role_arn: z.string().min(1).describe('The role that is taken on: a template over settings'),
  session_name: z
    .string()
    .regex(/^[\w+=,.@-]{2,64}$/)
    .default('octroi')
    .describe('How the calls are named in CloudTrail'),
  duration_s: z.int().min(900).max(43_200).default(3600),
})

interface Compiled {
  readonly aws: CompiledAws
  readonly url: Template
  readonly role: Template
  readonly sessionName: string
  readonly duration: number
}

const exchange: Exchange = {
  // A session is not renewed: the next one comes from the secrets.
  durable: [],
  endpoints: (connection) => [endpointOf(compiled(connection.connector).url, connection)],
  async run(connection, context) {
    const url = new URL(endpointOf(compiled(connection.connector).url, connection))
    const body = form(connection)
    const request: OutgoingRequest = {
      method: 'POST',
      origin: url.origin,
      path: url.pathname,
      query: url.search.slice(1),
      headers: ['Content-Type', 'application/x-www-form-urlencoded'],
      body: Buffer.from(body),
      params: {},
      now: context.now(),
    }
    const signing = { ...awsSigning(compiled(connection.connector).aws, connection), ...STS }
    const { headers } = awsSigner(awsCredentials(connection, connection.secrets), signing).sign(request)
    const all = [...request.headers, ...headers]
    const sent = Object.fromEntries(all.flatMap((name, i) => (i % 2 === 0 ? [[name, all[i + 1] as string]] : [])))
    return obtained(await context.fetch({ method: 'POST', url: url.href, headers: sent, body }))
  },
}

const STS = { service: 'sts', unsignedPayload: false, doubleEncodePath: true, contentSha256: false, signedHeaders: [] }

/** The temporary credentials of a role (AWS STS AssumeRole), renewed before they end; requests are signed as in `aws_sigv4`. */
export const awsAssumeRole: Scheme = {
  id: 'aws_assume_role',
  title: 'AWS role (STS AssumeRole)',
  section: {
    schema: sectionSchema,
    compile(value, scope): Compiled {
      if (value === undefined) throw new Error('is required: it says the role, the service and the region')
      const section = sectionSchema.parse(value)
      return {
        aws: compileAws(section, scope),
        url: scope.public(section.sts_url, 'endpoint'),
        role: scope.public(section.role_arn, 'body'),
        sessionName: section.session_name,
        duration: section.duration_s,
      }
    },
  },
  requires: (connector) => declared(connector, FIELDS, Object.keys(FIELDS)),
  injects: ({ token = {} }) => Object.fromEntries(TOKEN.flatMap((name) => (token[name] ? [[name, token[name]]] : []))),
  names: () => AWS_NAMES,
  sign(connection) {
    const signing = awsSigning(compiled(connection.connector).aws, connection)
    const credentials = awsCredentials(connection, connection.token ?? {})
    return { headers: [], query: '', perRequest: awsSigner(credentials, signing) }
  },
  exchange,
}

function form(connection: ConnectionSecrets): string {
  const { role, sessionName, duration } = compiled(connection.connector)
  const fields = new URLSearchParams({
    Action: 'AssumeRole',
    Version: '2011-06-15',
    RoleArn: rendered(role, connection) ?? '',
    RoleSessionName: sessionName,
    DurationSeconds: String(duration),
  })
  const { external_id } = connection.secrets
  if (external_id !== undefined) fields.set('ExternalId', external_id)
  return fields.toString()
}

const RESULT = ['AssumeRoleResponse', 'AssumeRoleResult']

/** In XML: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
function obtained(answer: StepAnswer): Obtained {
  const document = parseXml(answer.text)
  if (answer.status !== 200) throw refusal(answer, xmlText(valueAt(document, ['ErrorResponse', 'Error', 'Code'])))
  const at = (...path: string[]) => xmlText(valueAt(document, [...RESULT, ...path]))
  const [id, secret, session] = ['AccessKeyId', 'SecretAccessKey', 'SessionToken'].map((key) => at('Credentials', key))
  const end = Date.parse(at('Credentials', 'Expiration') ?? '')
  if (!id || !secret || !session || Number.isNaN(end))
    throw new ExchangeError('transient', 'The answer of STS has no whole Credentials.')
  const identity = at('AssumedRoleUser', 'Arn')
  const values = { access_key_id: id, secret_access_key: secret, session_token: session }
  return { values, expiresAt: end, ...(identity === undefined ? {} : { identity }) }
}

const KNOWN = ['AccessDenied', 'InvalidClientTokenId', 'SignatureDoesNotMatch', 'ExpiredToken', 'ValidationError']

function refusal({ status, headers }: StepAnswer, code: string | undefined): ExchangeError {
  const named = code !== undefined && KNOWN.includes(code) ? ` (${code})` : ''
  if (status === 429 || code === 'Throttling') {
    const after = headers.get('retry-after') ?? ''
    const retryAfter = /^\d{1,6}$/.test(after) ? Number(after) : undefined
    return new ExchangeError('limited', `STS wants fewer requests (${status}).`, { retryAfter })
  }
  return new ExchangeError(status >= 500 ? 'transient' : 'human', `STS answered ${status}${named}.`)
}

function compiled(connector: Connector): Compiled {
  return connector.compiled.schemes.aws_assume_role as Compiled
}
