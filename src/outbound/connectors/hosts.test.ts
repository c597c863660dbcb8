import { describe, expect, it } from 'vitest'
import { hostAllowed } from './hosts.ts'

describe('hosts that a connector names', () => {
  it.each([
    ['sod2.superoffice.com', true],
    ['a.b.superoffice.com', true],
    ['SOD.SuperOffice.com', true],
    ['superoffice.com', false],
    ['evilsuperoffice.com', false],
    ['superoffice.com.evil.example', false],
    ['api.example.com', true],
    ['x.api.example.com', false],
  ])('%s: %s', (host, allowed) => {
    expect(hostAllowed(['*.superoffice.com', 'api.example.com'], host)).toBe(allowed)
  })
})
