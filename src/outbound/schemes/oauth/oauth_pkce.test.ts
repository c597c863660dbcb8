import { describe, expect, it } from 'vitest'
import { randomText, s256 } from './oauth_pkce.ts'

describe('PKCE', () => {
  it('S256 of RFC 7636 appendix B', () => {
    const octets = [
      116, 24, 223, 180, 151, 153, 224, 37, 79, 250, 96, 125, 216, 173, 187, 186, 22, 212, 37, 77, 105, 214, 191, 240,
      91, 88, 5, 88, 83, 132, 141, 121,
    ]
    const verifier = Buffer.from(octets).toString('base64url')
    expect(verifier).toBe('dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk')
    expect(s256(verifier)).toBe('E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM')
  })

  it('a verifier has 256 bits in 43 unreserved characters, and is another one each time', () => {
    const verifiers = Array.from({ length: 50 }, randomText)
    for (const verifier of verifiers) expect(verifier).toMatch(/^[A-Za-z0-9_-]{43}$/)
    expect(new Set(verifiers).size).toBe(50)
  })
})
