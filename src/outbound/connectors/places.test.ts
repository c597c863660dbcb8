import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { baseUrlFault, headerNameFault, headerValueFault, normaliseBaseUrl, pathFault } from './places.ts'

describe('base URL', () => {
  it.each([
    ['https://asso.example.org', 'https://asso.example.org'],
    ['https://asso.example.org/', 'https://asso.example.org'],
    ['HTTP://Asso.Example.org:8080/paheko/', 'http://asso.example.org:8080/paheko'],
    ['http://127.0.0.1:9', 'http://127.0.0.1:9'],
    ['http://[::1]:9/a', 'http://[::1]:9/a'],
  ])('%s is %s', (text, address) => {
    expect(baseUrlFault(text)).toBeUndefined()
    expect(normaliseBaseUrl(text)).toBe(address)
  })

  it.each([
    '',
    'asso.example.org',
    '//asso.example.org',
    'ftp://asso.example.org',
    'https:/asso.example.org',
    'https:///asso.example.org',
    'https://user@asso.example.org',
    'https://user:pass@asso.example.org',
    'https://@asso.example.org',
    'https://asso.example.org?x=1',
    'https://asso.example.org/#a',
    'https://asso.example.org\\evil.example',
    'https://asso.example.org/a/../b',
    'https://asso.example.org/a/%2e%2E/b',
    'https://asso.example.org//b',
    'https://asso.exa\tmple.org',
    'https://asso.example.org/a b',
    ' https://asso.example.org',
    'https://asso.example.org:99999',
    `https://asso.example.org/${'a'.repeat(2048)}`,
  ])('refuses %j', (text) => {
    expect(baseUrlFault(text)).toBeDefined()
  })

  it('what is accepted keeps its host and stays accepted', () => {
    const host = fc.constantFrom('a.example', 'a.example:81', '127.0.0.1')
    fc.assert(
      fc.property(host, fc.string(), (name, tail) => {
        const text = `https://${name}/${tail}`
        fc.pre(baseUrlFault(text) === undefined)
        const address = normaliseBaseUrl(text)
        expect(new URL(address).host).toBe(name)
        expect(baseUrlFault(address)).toBeUndefined()
        expect(normaliseBaseUrl(address)).toBe(address)
      }),
    )
  })
})

describe('header', () => {
  it.each(['X-API-Key', 'tb-key', 'Authorization', 'Cookie'])('%s may be set', (name) => {
    expect(headerNameFault(name)).toBeUndefined()
  })

  it.each([
    '',
    'a b',
    'a:',
    'é',
    'Host',
    'content-length',
    'Transfer-Encoding',
    'Connection',
    'Octroi-Subject',
    'a\r\nb',
  ])('%j may not be set', (name) => {
    expect(headerNameFault(name)).toBeDefined()
  })

  it.each(['a\r\nEvil: 1', 'a\nb', 'a\0', 'a\u007f', 'clé'])('the value %j is refused', (value) => {
    expect(headerValueFault(value)).toBeDefined()
  })
})

describe('path', () => {
  it('takes the odd characters that services use', () => {
    expect(pathFault('/v2/token/session/%3EwhoAmI?x=a//b')).toBeUndefined()
    expect(pathFault('/v2/token/session/:create')).toBeUndefined()
  })

  it.each(['', 'a', '//a', '/a/../b', '/a/.', '/a b', '/a#b', '/a\\b'])('refuses %j', (path) => {
    expect(pathFault(path)).toBeDefined()
  })
})
