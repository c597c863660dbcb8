import type { Connector } from '../connectors/connector.ts'
import type { ConnectionSecrets, OutgoingRequest, Scheme, SecretFields, Signature, Values } from '../scheme.ts'
import { placementNames, signPlacements } from './placements.ts'
import { declared, referenced, rendered, unusable } from './placing.ts'
import { formPairs, headerValue, hostOf, pairsOf, sortedPairs } from './signatures/canonical.ts'
import {
  type CompiledHmac,
  type CompiledPart,
  compileHmac,
  hmacSection,
  hmacTemplates,
} from './signatures/hmac_section.ts'
import { digest, keyBytes, mac, type Nonce, nonce, timestamp, written } from './signatures/hmac_values.ts'

const FIELDS: SecretFields = {
  key_id: { title: 'Key id', secret: false },
  secret: { title: 'Signing secret' },
}

/** A signature by a recipe: an HMAC (RFC 2104), or a plain hash that has the secret in it, over parts of the request. */
export const hmac: Scheme = {
  id: 'hmac',
  title: 'Signed requests (HMAC)',
  section: {
    schema: hmacSection,
    compile: (value, scope): CompiledHmac => compileHmac(value, scope, Object.keys(FIELDS)),
  },
  requires: (connector) => declared(connector, FIELDS, referenced(hmacTemplates(compiled(connector)))),
  injects: ({ secrets }) => ({ ...secrets }),
  names(connection) {
    const { before, after } = compiled(connection.connector)
    return placementNames([...before, ...after], connection)
  },
  sign(connection) {
    const recipe = compiled(connection.connector)
    const key = recipe.key === undefined ? undefined : keyOf(recipe, connection)
    return {
      headers: [],
      query: '',
      perRequest: { needsBody: recipe.needsBody, sign: (request) => signed(recipe, key, connection, request) },
    }
  },
}

function signed(
  recipe: CompiledHmac,
  key: Buffer | undefined,
  connection: ConnectionSecrets,
  request: OutgoingRequest,
): Pick<Signature, 'headers' | 'query'> {
  const random = nonce(recipe.nonce)
  const values = {
    timestamp: timestamp(recipe.timestamp, request.now),
    nonce: random.text,
    body_hash: recipe.needsBody ? bodyHash(recipe, request.body) : '',
  }
  const before = signPlacements(recipe.before, { ...connection, token: values })
  const query = [request.query, before.query].filter((pairs) => pairs !== '').join('&')
  const sent = { ...request, headers: [...before.headers, ...request.headers], query }
  const canonical = canonicalBytes(recipe, sent, connection, values, random)
  const raw = key === undefined ? digest(recipe.algorithm, canonical) : mac(recipe.algorithm, key, canonical)
  const token = { ...values, signature: written(raw, recipe.encoding) }
  const after = signPlacements(recipe.after, { ...connection, token })
  return {
    headers: [...before.headers, ...after.headers],
    query: [before.query, after.query].filter((pairs) => pairs !== '').join('&'),
  }
}

function canonicalBytes(
  { canonical, separator }: CompiledHmac,
  request: OutgoingRequest,
  connection: ConnectionSecrets,
  values: Values,
  random: Nonce,
): Buffer {
  const bytes = canonical.flatMap((part, index) => {
    const text = partOf(part, request, { ...connection, token: values }, random)
    return index === 0 ? [Buffer.from(text)] : [Buffer.from(separator), Buffer.from(text)]
  })
  return Buffer.concat(bytes)
}

function partOf(
  part: CompiledPart,
  request: OutgoingRequest,
  connection: ConnectionSecrets,
  random: Nonce,
): string | Uint8Array {
  if ('header' in part) return headerValue(request.headers, part.header) ?? ''
  if ('text' in part) return rendered(part.text, connection) ?? ''
  switch (part.part) {
    case 'method':
      return request.method
    case 'origin':
      return request.origin
    case 'host':
      return hostOf(request)
    case 'path':
      return request.path === '' ? '/' : request.path
    case 'query':
      return request.query
    case 'sorted_query':
      return sortedPairs(pairsOf(request.query))
    case 'sorted_params':
      return sortedPairs([...pairsOf(request.query), ...formPairs(request)])
    case 'target':
      return `${request.path === '' ? '/' : request.path}${request.query === '' ? '' : `?${request.query}`}`
    case 'body':
      return request.body ?? ''
    case 'nonce_bytes':
      return random.bytes
    default:
      return connection.token?.[part.part] ?? ''
  }
}

function bodyHash({ body_hash: { algorithm, encoding, empty } }: CompiledHmac, body: Uint8Array | null): string {
  if (empty === 'nothing' && (body === null || body.length === 0)) return ''
  return written(digest(algorithm, body ?? ''), encoding)
}

function keyOf({ key, key_encoding }: CompiledHmac, connection: ConnectionSecrets): Buffer {
  const text = key === undefined ? '' : (rendered(key, connection) ?? '')
  try {
    return keyBytes(text, key_encoding)
  } catch (error) {
    throw unusable(connection, `The signing key ${error instanceof Error ? error.message : 'cannot be used'}.`)
  }
}

function compiled(connector: Connector): CompiledHmac {
  return connector.compiled.schemes.hmac as CompiledHmac
}
