import { describe, expect, it } from 'vitest'
import type { OutgoingRequest } from '../../scheme.ts'
import { type AwsSigning, awsSigner } from './aws_signature.ts'

/** The vectors of the AWS Signature Version 4 test suite, and the examples of the reference of S3. */

const CREDENTIALS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' }
const SIGNING: AwsSigning = {
  service: 'service',
  region: 'us-east-1',
  doubleEncodePath: true,
  unsignedPayload: false,
  contentSha256: false,
  signedHeaders: ['my-header1', 'my-header2'],
}
const REQUEST: OutgoingRequest = {
  method: 'GET',
  origin: 'https://example.amazonaws.com',
  path: '/',
  query: '',
  headers: [],
  body: null,
  params: {},
  now: Date.UTC(2015, 7, 30, 12, 36),
}

/** name | method | target | headers, parted by a backslash | signature */
const SUITE = String.raw`
get-header-key-duplicate | GET | / | My-Header1:value2 \ My-Header1:value2 \ My-Header1:value1 | c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea
get-header-value-order | GET | / | My-Header1:value4 \ My-Header1:value1 \ My-Header1:value3 \ My-Header1:value2 | 08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01
get-header-value-trim | GET | / | My-Header1: value1 \ My-Header2: "a   b   c" | acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736
get-unreserved | GET | /-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz | - | 07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f
get-vanilla | GET | / | - | 5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31
get-vanilla-empty-query-key | GET | /?Param1=value1 | - | a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb
get-vanilla-query | GET | / | - | 5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31
get-vanilla-query-order-key | GET | /?Param1=value2&Param1=Value1 | - | eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1
get-vanilla-query-order-key-case | GET | /?Param2=value2&Param1=value1 | - | b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500
get-vanilla-query-order-value | GET | /?Param1=value2&Param1=value1 | - | 5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694
get-vanilla-query-unreserved | GET | /?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz | - | 9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197
get-vanilla-utf8-query | GET | /?ሴ=bar | - | 2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04
post-header-key-case | POST | / | - | 5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b
post-header-key-sort | POST | / | My-Header1:value1 | c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c
post-header-value-case | POST | / | My-Header1:VALUE1 | cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d
post-vanilla | POST | / | - | 5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b
post-vanilla-empty-query-value | POST | /?Param1=value1 | - | 28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11
post-vanilla-query | POST | /?Param1=value1 | - | 28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11
get-relative | GET | /example/.. | - | 5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31
get-relative-relative | GET | /example1/example2/../.. | - | 5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31
get-slash | GET | // | - | 5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31
get-slash-dot-slash | GET | /./ | - | 5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31
get-slash-pointless-dot | GET | /./example | - | ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5
get-slashes | GET | //example// | - | 9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84

`
  .trim()
  .split('\n')
  .map((line) => line.split(' | ') as [string, string, string, string, string])

function authorization(
  request: Partial<OutgoingRequest>,
  signing: Partial<AwsSigning> = {},
  credentials: Parameters<typeof awsSigner>[0] = CREDENTIALS,
): string {
  const { headers } = awsSigner(credentials, { ...SIGNING, ...signing }).sign({ ...REQUEST, ...request })
  return headers[headers.indexOf('Authorization') + 1] as string
}

function signature(...parts: Parameters<typeof authorization>): string | undefined {
  return /Signature=([0-9a-f]{64})$/.exec(authorization(...parts))?.[1]
}

function target(text: string): { path: string; query: string } {
  const [path = '', query = ''] = text.split('?')
  return { path, query }
}

describe('the suite of AWS', () => {
  it.each(SUITE)('%s', (_, method, line, headers, expected) => {
    const pairs = headers === '-' ? [] : headers.split(' \\ ').flatMap((text) => text.split(/:(.*)/s).slice(0, 2))
    expect(signature({ method, ...target(line), headers: pairs })).toBe(expected)
  })

  it('get-vanilla: the whole header', () => {
    expect(authorization({})).toBe(
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
    )
  })

  it('get-utf8: a path that was not encoded', () => {
    expect(signature({ path: '/ሴ' })).toBe('8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85')
  })

  it('post-x-www-form-urlencoded', () => {
    const body = Buffer.from('Param1=value1')
    const type = 'application/x-www-form-urlencoded'
    const headers = ['Content-Type', type, 'Content-Length', '13']
    expect(signature({ method: 'POST', headers, body })).toBe(
      'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
    )
    const withCharset = ['Content-Type', `${type}; charset=utf8`, 'Content-Length', '13']
    expect(signature({ method: 'POST', headers: withCharset, body })).toBe(
      '1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe',
    )
  })

  it('as botocore signs it: escapes in the path, duplicate and empty values, a plus sign, a port', () => {
    const json = { method: 'POST', headers: ['Content-Type', 'application/json'], body: Buffer.from('{"x":1}') }
    expect(signature({ ...json, path: '/caf%C3%A9/a%20b/x%3Ay', query: 'q=%C3%A9&q=&a%20b=%2B' })).toBe(
      '69623071b0ac84fc087489ecad28ebb6342cd6d48f2842a03bee61d4d1e36cc5',
    )
    expect(signature({ method: 'DELETE', origin: 'https://example.amazonaws.com:8443', path: '/a' })).toBe(
      '01028255fabb5fea713c688742692a680e3372321f4e323699391d034ca8dc5d',
    )
  })

  it('post-sts-header-before: a session token is sent and signed', () => {
    const sessionToken =
      'AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=='
    expect(signature({ method: 'POST' }, {}, { ...CREDENTIALS, sessionToken })).toBe(
      '85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead',
    )
  })
})

describe('the examples of S3', () => {
  const S3: Partial<AwsSigning> = {
    service: 's3',
    doubleEncodePath: false,
    contentSha256: true,
    signedHeaders: ['range', 'date'],
  }
  const KEY = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' }
  const bucket = { origin: 'https://examplebucket.s3.amazonaws.com', now: Date.UTC(2013, 4, 24) }

  it('GET of a part of an object', () => {
    expect(signature({ ...bucket, path: '/test.txt', headers: ['Range', 'bytes=0-9'] }, S3, KEY)).toBe(
      'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    )
  })

  it('PUT of an object whose name has a $', () => {
    const headers = ['Date', 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class', 'REDUCED_REDUNDANCY']
    const body = Buffer.from('Welcome to Amazon S3.')
    expect(signature({ ...bucket, method: 'PUT', path: '/test$file.text', headers, body }, S3, KEY)).toBe(
      '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
    )
  })

  it('as botocore signs it: the path as it is sent', () => {
    const signing = { ...S3, signedHeaders: [] }
    const own = { origin: 'https://bucket.s3.amazonaws.com' }
    expect(signature({ ...own, path: '/caf%C3%A9/a%20b//c' }, signing)).toBe(
      'd97e51b9f03b9f377c874b9d3bb3cf003a6585938ab3f16b1ece38c3cad813a5',
    )
    const put = { method: 'PUT', path: '/a%2Bb', headers: ['Content-Type', 'text/plain'], body: Buffer.from('body') }
    expect(signature({ ...own, ...put }, signing)).toBe(
      'c149e9278c35feeb3a0b26f56768748346df696dfab0dae0c34dbd0cb72b6ff6',
    )
  })

  it('GET of a sub-resource, whose query has no value, and of a list', () => {
    expect(signature({ ...bucket, query: 'lifecycle' }, S3, KEY)).toBe(
      'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
    )
    expect(signature({ ...bucket, query: 'max-keys=2&prefix=J' }, S3, KEY)).toBe(
      '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
    )
  })
})
