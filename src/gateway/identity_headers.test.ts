import { describe, expect, it } from 'vitest'
import type { Principal } from '../core/program_types.ts'
import { BLANK_IDENTITY, headerText, identityHeaders } from './identity_headers.ts'

const PRINCIPAL: Principal = {
  kind: 'service',
  proof: 'basic',
  subject: 'till',
  key_id: null,
  account: 'till',
  name: 'Till',
  email: null,
  groups: ['night', 'shop'],
  permissions: [],
  grants: [],
  expires_at: null,
  cidrs: [],
}

describe('identity headers', () => {
  it('are the same seven, whoever it is', () => {
    const names = (headers: readonly string[]) => headers.filter((_, i) => i % 2 === 0)
    const found = identityHeaders(PRINCIPAL, 'a.b.c')
    expect(names(found)).toEqual(names(BLANK_IDENTITY))
    expect(found.filter((_, i) => i % 2 === 1)).toEqual(['till', 'service', 'Till', '', 'night,shop', '', 'a.b.c'])
    expect(BLANK_IDENTITY.filter((_, i) => i % 2 === 1).join('')).toBe('')
  })
})

describe('headerText', () => {
  it.each([
    ['plain ~ text; "quoted", 7', 'plain ~ text; "quoted", 7'],
    ['100 %', '100 %25'],
    ['a\r\nOctroi-Subject: root', 'a%0D%0AOctroi-Subject: root'],
    ['Zoë', 'Zo%C3%AB'],
    ['😀', '%F0%9F%98%80'],
    ['\u0000\u007f\u0085', '%00%7F%C2%85'],
    [' edges ', '%20edges%20'],
    ['half \ud83d', 'half %EF%BF%BD'],
    ['', ''],
  ])('%j is %s', (text, shown) => expect(headerText(text)).toBe(shown))

  it('is decoded to what it was', () => {
    for (const text of ['100 % Zoë, n° 2 😀', ' a%20b ', '%']) expect(decodeURIComponent(headerText(text))).toBe(text)
  })
})
