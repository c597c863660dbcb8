import { describe, expect, it } from 'vitest'
import { newSigningKey, signatureHeaders, signingKeyFault } from './signing.ts'

/** The example that the libraries of Standard Webhooks test themselves with. */
const VECTOR = {
  key: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  message: { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', body: '{"test": 2432232314}' },
  at: new Date(1_614_265_330_000),
  signature: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
}

describe('signatureHeaders', () => {
  it('makes the signature of the standard’s example', () => {
    expect(signatureHeaders([VECTOR.key], VECTOR.message, VECTOR.at)).toEqual([
      ...['webhook-id', 'msg_p5jXN8AQM9LWM0D4loKWxJek'],
      ...['webhook-timestamp', '1614265330'],
      ...['webhook-signature', VECTOR.signature],
    ])
  })
  it('signs with each secret, the newest first', () => {
    const other = newSigningKey()
    const [, , , , , signatures = ''] = signatureHeaders([other, VECTOR.key], VECTOR.message, VECTOR.at)
    expect(signatures.split(' ')).toEqual([expect.stringMatching(/^v1,/), VECTOR.signature])
  })
  it('signs the bytes of the text, not its characters', () => {
    const headers = (body: string) => signatureHeaders([VECTOR.key], { ...VECTOR.message, body }, VECTOR.at)[5]
    expect(headers('é')).not.toBe(headers('\u00c3\u00a9'))
  })
  it('says whole seconds', () => {
    const at = new Date(1_614_265_330_999)
    expect(signatureHeaders([VECTOR.key], VECTOR.message, at)[3]).toBe('1614265330')
  })
})

describe('signingKeyFault', () => {
  it('takes what is made here, and every length that the standard allows', () => {
    const of = (bytes: number) => `whsec_${Buffer.alloc(bytes, 7).toString('base64')}`
    for (const key of [newSigningKey(), VECTOR.key, of(24), of(64)]) expect(signingKeyFault(key)).toBeUndefined()
    expect(newSigningKey()).not.toBe(newSigningKey())
    for (const key of [of(0), of(23), of(65)]) expect(signingKeyFault(key)).toContain('24 to 64 bytes')
  })
  it.each([
    ['no prefix', VECTOR.key.slice(6), 'whsec_'],
    ['base64url', 'whsec_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_', 'base64'],
    ['a character that is none', `${VECTOR.key}!`, 'base64'],
    ['missing padding', `whsec_${Buffer.alloc(25).toString('base64').replaceAll('=', '')}`, 'base64'],
    ['a space', `${VECTOR.key} `, 'base64'],
  ])('refuses %s, and does not say the text', (_, key, why) => {
    expect(signingKeyFault(key)).toContain(why)
    expect(signingKeyFault(key)).not.toContain(key.slice(10))
  })
})
