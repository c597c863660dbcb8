import { generateKeyPairSync, sign, verify } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { rsaPrivateKey } from './rsa_key.ts'

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const pkcs8 = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
const pkcs1 = privateKey.export({ format: 'pem', type: 'pkcs1' }).toString()
const jwk = privateKey.export({ format: 'jwk' }) as Record<string, string>

function xml(names: readonly string[], line = '') {
  const members = { Modulus: 'n', Exponent: 'e', P: 'p', Q: 'q', DP: 'dp', DQ: 'dq', InverseQ: 'qi', D: 'd' }
  const parts = Object.entries(members)
    .filter(([name]) => names.includes(name))
    .map(
      ([name, member]) => `${line}<${name}>${Buffer.from(jwk[member] ?? '', 'base64url').toString('base64')}</${name}>`,
    )
  return `<RSAKeyValue>${parts.join('')}${line}</RSAKeyValue>`
}
const ALL = ['Modulus', 'Exponent', 'P', 'Q', 'DP', 'DQ', 'InverseQ', 'D']

describe('rsaPrivateKey', () => {
  it.each([
    ['PKCS#8', pkcs8],
    ['PKCS#1', pkcs1],
    ['PEM with Windows line ends and space around it', `\uFEFF  ${pkcs8.replaceAll('\n', '\r\n')}  \n`],
    ['PEM on one line with \\n written out', pkcs8.trim().replaceAll('\n', '\\n')],
    ['XML', xml(ALL)],
    ['XML over several lines', `<?xml version="1.0"?>\n${xml(ALL, '\n  ')}`],
  ])('reads %s: it signs what the public half verifies', (_, text) => {
    const signature = sign('sha256', Buffer.from('data'), rsaPrivateKey(text))
    expect(verify('sha256', Buffer.from('data'), publicKey, signature)).toBe(true)
  })

  it.each([
    [
      'a public key',
      publicKey.export({ format: 'pem', type: 'spki' }).toString(),
      'is a public key, not a private key',
    ],
    ['the public half as XML', xml(['Modulus', 'Exponent']), 'only the public half'],
    ['XML without a part', xml(ALL.filter((name) => name !== 'DQ')), '<DQ> is missing'],
    ['other XML', '<Key>1</Key>', 'is XML, but not <RSAKeyValue>'],
    ['XML whose parts are not a key', xml(ALL).replace(/<P>.{20}/, '<P>'), 'cannot be read'],
    [
      'a key with a passphrase',
      privateKey.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'p' }).toString(),
      'protected by a passphrase',
    ],
    [
      'an old key with a passphrase',
      privateKey.export({ format: 'pem', type: 'pkcs1', cipher: 'aes-256-cbc', passphrase: 'p' }).toString(),
      'protected by a passphrase',
    ],
    [
      'a key on a curve',
      generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
      'another kind than RSA',
    ],
    ['a cut PEM', pkcs8.slice(0, 300), 'cannot be read as a private key'],
    ['any other text', 'golden-secret', 'is neither PEM nor <RSAKeyValue> XML'],
  ])('refuses %s without a word of it', (_, text, message) => {
    expect(() => rsaPrivateKey(text)).toThrow(message)
    try {
      rsaPrivateKey(text)
    } catch (error) {
      expect(String(error)).not.toContain('golden-secret')
      expect(String(error)).not.toContain(jwk.n?.slice(0, 20))
      expect((error as Error).cause).toBeUndefined()
    }
  })
})
