import type { Connector } from '../connectors/connector.ts'
import type { Scheme, SecretFields } from '../scheme.ts'
import { AWS_NAMES, awsCredentials, awsSection, awsSigning, type CompiledAws, compileAws } from './aws/aws_section.ts'
import { awsSigner } from './aws/aws_signature.ts'
import { declared } from './placing.ts'

const FIELDS: SecretFields = {
  access_key_id: {
    title: 'Access key id',
    secret: false,
    aliases: ['aws_access_key_id'],
  },
  secret_access_key: { title: 'Secret access key', aliases: ['aws_secret_access_key'] },
  session_token: {
    title: 'Session token',
    description: 'Only with temporary credentials; they end after some hours.',
    aliases: ['aws_session_token'],
    optional: true,
  },
}

/** AWS Signature Version 4: each request is signed with a key that is made of the secret, the day, the region and the service. */
export const awsSigv4: Scheme = {
  id: 'aws_sigv4',
  title: 'AWS Signature Version 4',
  section: {
    schema: awsSection,
    compile(value, scope): CompiledAws {
      if (value === undefined) throw new Error('is required: it says the service and the region')
      return compileAws(awsSection.parse(value), scope)
    },
  },
  requires: (connector) => declared(connector, FIELDS, Object.keys(FIELDS)),
  injects: ({ secrets }) => ({ ...secrets }),
  names: () => AWS_NAMES,
  sign(connection) {
    const perRequest = awsSigner(
      awsCredentials(connection, connection.secrets),
      awsSigning(compiled(connection.connector), connection),
    )
    return { headers: [], query: '', perRequest }
  },
}

function compiled(connector: Connector): CompiledAws {
  return connector.compiled.schemes.aws_sigv4 as CompiledAws
}
