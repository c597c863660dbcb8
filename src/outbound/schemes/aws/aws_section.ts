import { z } from 'zod'
import { headerNameFault, headerValueFault } from '../../connectors/places.ts'
import type { Template, TemplateScope } from '../../connectors/template.ts'
import type { ConnectionSecrets, ConnectionSettings, SignedNames, Values } from '../../scheme.ts'
import { unusable } from '../placing.ts'
import type { AwsCredentials, AwsSigning } from './aws_signature.ts'

/** What the schemes that sign for AWS have in common: where the service is, and the three parts of a credential. */

export const awsSection = z.strictObject({
  service: z
    .string()
    .min(1)
    .describe('The signing name of the service (s3, ses, execute-api): a template over settings'),
  region: z.string().min(1).describe('The region (eu-west-3): a template over settings'),
  unsigned_payload: z
    .boolean()
    .default(false)
    .describe('S3 over https: bodies are streamed and not part of the signature'),
  double_encode_path: z.boolean().default(true).describe('false for S3, whose paths are signed as they are sent'),
  content_sha256: z.boolean().default(false).describe('Send X-Amz-Content-Sha256; S3 wants it'),
  signed_headers: z
    .array(z.string().min(1))
    .default([])
    .describe('Headers of the caller that are signed where present, besides Host, Content-Type and X-Amz-*'),
})

export interface CompiledAws
  extends Pick<AwsSigning, 'doubleEncodePath' | 'unsignedPayload' | 'contentSha256' | 'signedHeaders'> {
  readonly service: Template
  readonly region: Template
}

/** The query parameters of a presigned request: beside our header they would be a second signature. */
const PRESIGNED = ['algorithm', 'credential', 'date', 'expires', 'signedheaders', 'signature', 'security-token']

export const AWS_NAMES: SignedNames = {
  headers: ['authorization', 'x-amz-date', 'x-amz-security-token', 'x-amz-content-sha256'],
  query: PRESIGNED.map((name) => `x-amz-${name}`),
}

export function compileAws(section: z.infer<typeof awsSection>, scope: TemplateScope): CompiledAws {
  // Both are sent as headers: what a header cannot carry is refused when it is given.
  for (const name of ['access_key_id', 'session_token']) scope.private(`\${secrets.${name}}`, 'header_value', [name])
  return {
    service: scope.public(section.service, 'header_value'),
    region: scope.public(section.region, 'header_value'),
    doubleEncodePath: section.double_encode_path,
    unsignedPayload: section.unsigned_payload,
    contentSha256: section.content_sha256,
    signedHeaders: section.signed_headers.map(signable),
  }
}

export function awsSigning({ service, region, ...signing }: CompiledAws, connection: ConnectionSettings): AwsSigning {
  const { settings } = connection
  return { ...signing, service: service.render({ settings }) ?? '', region: region.render({ settings }) ?? '' }
}

/** From secrets, or from a token. Throws `reconnect_required` for what is missing or cannot be sent. */
export function awsCredentials(connection: ConnectionSecrets, values: Values): AwsCredentials {
  const { access_key_id = '', secret_access_key = '', session_token } = values
  for (const [name, value] of Object.entries({
    access_key_id,
    secret_access_key,
    session_token: session_token ?? '-',
  })) {
    if (value === '') throw unusable(connection, `The secret ${name} is missing.`)
    const fault = name === 'secret_access_key' ? undefined : headerValueFault(value)
    if (fault !== undefined) throw unusable(connection, `The secret ${name} ${fault}.`)
  }
  return { accessKeyId: access_key_id, secretAccessKey: secret_access_key, sessionToken: session_token }
}

/** What a proxy on the way may change or drop makes a signature that is refused now and then. */
const UNSIGNABLE = new Set(['authorization', 'host', 'user-agent', 'x-amzn-trace-id', 'expect', 'connection'])

function signable(name: string): string {
  const lower = name.toLowerCase()
  const fault = UNSIGNABLE.has(lower) ? 'is not a header to be signed by name' : headerNameFault(name)
  if (fault !== undefined && lower !== 'content-length') throw new Error(`signed_headers: ${name} ${fault}`)
  return lower
}
