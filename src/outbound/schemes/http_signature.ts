import { createPrivateKey, createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { Connector } from '../connectors/connector.ts'
import { headerNameFault, headerValueFault } from '../connectors/places.ts'
import type { Template } from '../connectors/template.ts'
import type { ConnectionSecrets, OutgoingRequest, Scheme, SecretFields } from '../scheme.ts'
import { declared, referenced, rendered, unusable } from './placing.ts'
import { KEY_ENCODINGS, type KeyEncoding, keyBytes } from './signatures/hmac_values.ts'
import {
  contentDigest,
  DERIVED,
  SIGNATURE_ALGORITHMS,
  type SignatureAlgorithm,
  signatureBase,
  signBase,
} from './signatures/http_message.ts'

const FIELDS: SecretFields = {
  key_id: { title: 'Key id', description: 'Under which the service knows the key.', secret: false },
  private_key: { title: 'Private key', description: 'PEM. The service has the public half.', multiline: true },
  secret: { title: 'Shared secret' },
}
const NAMES = Object.keys(FIELDS)

const sectionSchema = z.strictObject({
  algorithm: z.enum(SIGNATURE_ALGORITHMS),
  key: z.string().min(1).optional().describe('A template; by default the secret private_key, with hmac-sha256: secret'),
  key_encoding: z.enum(KEY_ENCODINGS).default('utf8').describe('How the key is written (hmac-sha256)'),
  key_id: z.string().min(1).optional().describe('A template; by default the secret key_id'),
  components: z
    .array(z.string().min(1))
    .min(1)
    .describe(`Headers, and of ${DERIVED.join(', ')}`),
  label: z
    .string()
    .regex(/^[a-z*][a-z0-9_.*-]{0,63}$/)
    .default('sig1'),
  content_digest: z.enum(['sha-256', 'sha-512']).optional().describe('Send Content-Digest of every body (RFC 9530)'),
  expires_s: z.int().min(1).max(86_400).optional().describe('For how many seconds the signature holds'),
  alg: z.boolean().default(true).describe('Say the algorithm'),
  nonce: z.boolean().default(false).describe('Say a random value, so that no signature holds twice'),
  tag: z
    .string()
    .regex(/^[\x20-\x7e]{1,200}$/)
    .optional(),
})

type Section = z.infer<typeof sectionSchema>
interface Compiled extends Omit<Section, 'key' | 'key_id'> {
  readonly key: Template
  readonly key_id: Template
}

/** HTTP Message Signatures (RFC 9421), with a private key or a shared secret. */
export const httpSignature: Scheme = {
  id: 'http_signature',
  title: 'HTTP message signature (RFC 9421)',
  section: {
    schema: sectionSchema,
    compile(value, scope): Compiled {
      if (value === undefined) throw new Error('is required: it says the algorithm and what is signed')
      const section = sectionSchema.parse(value)
      const components = section.components.map((name) => name.toLowerCase())
      for (const name of components) refuseComponent(name, section.content_digest !== undefined)
      if (new Set(components).size < components.length) throw new Error('components: one is named twice')
      const own = `\${secrets.${section.algorithm === 'hmac-sha256' ? 'secret' : 'private_key'}}`
      return {
        ...section,
        components,
        key: scope.private(section.key ?? own, 'body', NAMES),
        key_id: scope.private(section.key_id ?? `\${secrets.key_id}`, 'header_value', NAMES),
      }
    },
  },
  requires: (connector) => {
    const { key, key_id } = compiled(connector)
    return declared(connector, FIELDS, referenced([key_id, key]))
  },
  injects: ({ secrets }) => ({ ...secrets }),
  names: ({ connector }) => ({
    headers: ['signature', 'signature-input', ...(compiled(connector).content_digest ? ['content-digest'] : [])],
    query: [],
  }),
  sign(connection) {
    const section = compiled(connection.connector)
    const key = keyOf(section, connection)
    const keyid = rendered(section.key_id, connection)
    const fault = headerValueFault(keyid ?? '')
    if (fault !== undefined) throw unusable(connection, `The key id ${fault}.`)
    return {
      headers: [],
      query: '',
      perRequest: {
        needsBody: section.content_digest !== undefined,
        sign: (request) => ({ headers: signed(section, key, keyid, request), query: '' }),
      },
    }
  },
}

function signed(section: Compiled, key: KeyObject, keyid: string | undefined, request: OutgoingRequest): string[] {
  const { algorithm, components, label, content_digest, expires_s, alg, nonce, tag } = section
  const added = digestHeader(section, request)
  const created = Math.floor(request.now / 1000)
  const parameters = {
    created,
    expires: expires_s === undefined ? undefined : created + expires_s,
    keyid,
    alg: alg ? algorithm : undefined,
    nonce: nonce ? randomBytes(16).toString('base64') : undefined,
    tag,
  }
  // Without a body there is nothing to hash, and nothing to cover.
  const covered = components.filter(
    (name) => content_digest === undefined || name !== 'content-digest' || added.length > 0,
  )
  const { base, input } = signatureBase({ ...request, headers: [...request.headers, ...added] }, covered, parameters)
  const signature = signBase(base, algorithm, key).toString('base64')
  return [...added, 'Signature-Input', `${label}=${input}`, 'Signature', `${label}=:${signature}:`]
}

function digestHeader({ content_digest }: Compiled, { body }: OutgoingRequest): string[] {
  return content_digest === undefined || body === null ? [] : ['Content-Digest', contentDigest(content_digest, body)]
}

function refuseComponent(name: string, hasDigest: boolean): void {
  if ((DERIVED as readonly string[]).includes(name)) return
  if (name.startsWith('@')) throw new Error(`components: ${name} is not one of ${DERIVED.join(', ')}`)
  const fault = name === 'content-length' ? undefined : headerNameFault(name)
  if (fault !== undefined) throw new Error(`components: ${name} ${fault}`)
  if (name === 'content-digest' && !hasDigest) throw new Error('components: content-digest needs content_digest')
}

function keyOf({ algorithm, key, key_encoding }: Compiled, connection: ConnectionSecrets): KeyObject {
  const text = rendered(key, connection) ?? ''
  try {
    return algorithm === 'hmac-sha256' ? sharedKey(text, key_encoding) : privateKey(text, algorithm)
  } catch (error) {
    throw unusable(connection, `The signing key ${error instanceof Error ? error.message : 'cannot be used'}.`)
  }
}

function sharedKey(text: string, encoding: KeyEncoding): KeyObject {
  return createSecretKey(keyBytes(text, encoding))
}

const KINDS = {
  ed25519: ['ed25519'],
  'rsa-pss-sha512': ['rsa', 'rsa-pss'],
  'rsa-v1_5-sha256': ['rsa'],
  'ecdsa-p256-sha256': ['ec'],
} as const

function privateKey(text: string, algorithm: Exclude<SignatureAlgorithm, 'hmac-sha256'>): KeyObject {
  const key = readPem(text)
  const kind = key.asymmetricKeyType as string
  const curve = key.asymmetricKeyDetails?.namedCurve
  // As RFC 7518 §3.3 and §3.5 have it for the same algorithms: 2048 bits or more. Into much less no PSS signature fits.
  const isSmall = (key.asymmetricKeyDetails?.modulusLength ?? 2048) < 2048
  if (!(KINDS[algorithm] as readonly string[]).includes(kind) || (kind === 'ec' && curve !== 'prime256v1') || isSmall)
    throw new Error(`is not a key for ${algorithm}`)
  return key
}

function readPem(text: string): KeyObject {
  try {
    // A key that went through an environment variable has `\n` written out.
    return createPrivateKey(text.includes('\n') ? text : text.replaceAll('\\n', '\n'))
  } catch {
    // What OpenSSL says may quote the input.
    throw new Error('cannot be read as a private key in PEM')
  }
}

function compiled(connector: Connector): Compiled {
  return connector.compiled.schemes.http_signature as Compiled
}
