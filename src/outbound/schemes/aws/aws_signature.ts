import { createHash, createHmac } from 'node:crypto'
import { OctroiError } from '../../../core/errors.ts'
import type { OutgoingRequest, RequestSigner } from '../../scheme.ts'
import { headerValue, hostOf, order, pairsOf, reencode, sortedPairs } from '../signatures/canonical.ts'

/** Signature Version 4 of AWS, in the Authorization header. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */

export interface AwsCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
}

export interface AwsSigning {
  readonly service: string
  readonly region: string
  /** Every service but S3 wants the path of the request encoded once more, with `.`, `..` and `//` resolved. */
  readonly doubleEncodePath: boolean
  /** The body is left out of the signature and streamed; only what TLS protects it with is left. */
  readonly unsignedPayload: boolean
  /** S3 wants the hash of the body in a header too. */
  readonly contentSha256: boolean
  /** Signed where present, besides Host, Content-Type and X-Amz-*. Lower case. */
  readonly signedHeaders: readonly string[]
}

export function awsSigner(credentials: AwsCredentials, signing: AwsSigning): RequestSigner {
  let kept: { readonly day: string; readonly key: Buffer } | undefined
  const keyOf = (day: string) => {
    if (kept?.day !== day) kept = { day, key: signingKey(credentials.secretAccessKey, day, signing) }
    return kept.key
  }
  return {
    needsBody: !signing.unsignedPayload,
    sign: (request) => ({ headers: signedHeaders(request, credentials, signing, keyOf), query: '' }),
  }
}

const UNSIGNED = 'UNSIGNED-PAYLOAD'

function signedHeaders(
  request: OutgoingRequest,
  { accessKeyId, sessionToken }: AwsCredentials,
  signing: AwsSigning,
  keyOf: (day: string) => Buffer,
): string[] {
  refuseUnsignable(request, signing)
  const time = amzDate(request.now)
  const payload = signing.unsignedPayload ? UNSIGNED : sha256(request.body ?? '')
  const added = ['X-Amz-Date', time]
  if (sessionToken !== undefined) added.push('X-Amz-Security-Token', sessionToken)
  if (signing.contentSha256 || signing.unsignedPayload) added.push('X-Amz-Content-Sha256', payload)

  const headers = canonicalHeaders(request, added, signing.signedHeaders)
  const names = headers.map(([name]) => name).join(';')
  const day = time.slice(0, 8)
  const scope = `${day}/${signing.region}/${signing.service}/aws4_request`
  const canonical = [
    request.method,
    canonicalPath(request.path, signing.doubleEncodePath),
    sortedPairs(pairsOf(request.query)),
    ...headers.map(([name, value]) => `${name}:${value}`),
    '',
    names,
    payload,
  ].join('\n')
  const signature = hmac(keyOf(day), ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n')).toString('hex')
  const authorization = `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`
  return [...added, 'Authorization', authorization]
}

function refuseUnsignable(request: OutgoingRequest, signing: AwsSigning): void {
  if (signing.unsignedPayload && !request.origin.startsWith('https:'))
    throw new OctroiError(
      'upstream_refused_address',
      'The body is not part of the signature: it is only sent over https.',
    )
  // Each chunk carries a signature of the caller's own, under a key that the service does not know.
  if (headerValue(request.headers, 'content-encoding')?.toLowerCase().includes('aws-chunked'))
    throw new OctroiError('invalid_request', 'A body in aws-chunked encoding cannot be signed: send it as it is.')
}

/** Lower-case names in their order, values with single spaces. */
function canonicalHeaders(
  request: OutgoingRequest,
  added: readonly string[],
  wanted: readonly string[],
): (readonly [string, string])[] {
  const all = [...request.headers, ...added]
  const present = new Set<string>()
  for (let i = 0; i < all.length; i += 2) {
    const name = (all[i] as string).toLowerCase()
    if (name === 'content-type' || name.startsWith('x-amz-') || wanted.includes(name)) present.add(name)
  }
  const values = [...present].map((name) => [name, collapsed(headerValue(all, name, ',') ?? '')] as const)
  return [['host', hostOf(request)] as const, ...values].sort(([a], [b]) => order(a, b))
}

function collapsed(value: string): string {
  return value.replace(/ +/g, ' ').trim()
}

function canonicalPath(path: string, twice: boolean): string {
  if (!twice)
    return path === ''
      ? '/'
      : path
          .split('/')
          .map((segment) => reencode(segment, false))
          .join('/')
  // The path is encoded already: every `%` of it becomes `%25`.
  return resolved(path)
    .split('/')
    .map((segment) => reencode(segment.replaceAll('%', '%25'), false))
    .join('/')
}

/** RFC 3986 §5.2.4, and no empty segments. */
function resolved(path: string): string {
  const kept: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop()
    else if (segment !== '' && segment !== '.') kept.push(segment)
  }
  const isFolder = kept.length > 0 && /(^|\/)\.{0,2}$/.test(path)
  return `/${kept.join('/')}${isFolder ? '/' : ''}`
}

function signingKey(secret: string, day: string, { region, service }: AwsSigning): Buffer {
  return [day, region, service, 'aws4_request'].reduce(hmac, Buffer.from(`AWS4${secret}`))
}

/** `20150830T123600Z` */
function amzDate(now: number): string {
  return `${new Date(now).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}
