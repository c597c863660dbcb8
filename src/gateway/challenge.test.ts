import { describe, expect, it } from 'vitest'
import { MissingKinds } from '../inbound/places.ts'
import { challengeFor, withChallenge } from './challenge.ts'

describe('challengeFor', () => {
  it('names each scheme of the kinds that are taken, once', () => {
    expect(challengeFor(['jwt', 'api_key'], undefined)).toBe('Bearer realm="octroi"')
    expect(challengeFor(['basic', 'anonymous'], undefined)).toBe('Basic realm="octroi", charset="UTF-8"')
    expect(challengeFor(['session'], undefined)).toBe('Cookie realm="octroi"')
  })
  it('names those that are missing alone', () => {
    expect(challengeFor(['basic', 'api_key', 'mtls'], new MissingKinds(['mtls']))).toBe('Certificate realm="octroi"')
  })
})

describe('withChallenge', () => {
  const headers = ['Cache-Control', 'no-store', 'WWW-Authenticate', 'everything']
  it('takes the place of what stands there, and adds nothing where nothing stands', () => {
    expect(withChallenge(headers, 'Bearer')).toEqual(['Cache-Control', 'no-store', 'WWW-Authenticate', 'Bearer'])
    expect(withChallenge(headers.slice(0, 2), 'Bearer')).toEqual(['Cache-Control', 'no-store'])
    expect(withChallenge(headers, '')).toBe(headers)
  })
})
