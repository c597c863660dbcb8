import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileTemplate, TemplateScope } from './template.ts'

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: these are templates of a connector
describe('template', () => {
  const allowed = new Set(['settings.host', 'secrets.key'])

  it('puts settings and secrets in their places', () => {
    const template = compileTemplate('https://${settings.host}/x?${secrets.key}', allowed)
    expect(template.render({ settings: { host: 'h' }, secrets: { key: 'k' } })).toBe('https://h/x?k')
    expect(template.references).toEqual(['settings.host', 'secrets.key'])
  })

  it.each([
    '${settings.hots}',
    '${secret.key}',
    '${host}',
    '${}',
    '${settings.host',
    '${settings.host || 1}',
    '${settings.__proto__}',
  ])('refuses %s when it is loaded', (text) => {
    expect(() => compileTemplate(text, allowed)).toThrow(/is not/)
  })

  it('is absent as a whole when a value is absent', () => {
    expect(compileTemplate('a ${settings.host}', allowed).render({ settings: {} })).toBeUndefined()
  })

  it('does not take a value from the prototype', () => {
    const template = compileTemplate('${settings.constructor}', new Set(['settings.constructor']))
    expect(template.render({ settings: {} })).toBeUndefined()
  })

  it('does not read a value as a template', () => {
    const values = { settings: { host: '${secrets.key}' }, secrets: { key: 'k' } }
    expect(compileTemplate('${settings.host}', allowed).render(values)).toBe('${secrets.key}')
  })

  it('a text without ${ is itself, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        fc.pre(!text.includes('${'))
        expect(compileTemplate(text, allowed).render({ settings: {} })).toBe(text)
      }),
    )
  })
})

describe('template scope', () => {
  it('keeps secrets out of everything public', () => {
    const scope = new TemplateScope(['host'], ['key'])
    expect(() => scope.public('https://x/${secrets.key}', 'url')).toThrow('${secrets.key} is not known here')
    expect(() => scope.private('${secrets.key}', 'header_value')).not.toThrow()
  })

  it('remembers where each value goes', () => {
    const scope = new TemplateScope(['host'], [])
    scope.public('${settings.host}', 'url')
    scope.public('${settings.host}', 'header_value')
    expect([...(scope.places.get('settings.host') ?? [])]).toEqual(['url', 'header_value'])
  })

  it('refuses what a place cannot carry when the file itself writes it', () => {
    const scope = new TemplateScope(['x'], [])
    expect(() => scope.public('Host', 'header_name')).toThrow('may not be the header host')
    expect(() => scope.public('a\nb ${settings.x}', 'header_value')).toThrow('line break')
    expect(() => scope.public('ftp://x', 'url')).toThrow('http')
  })
})
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: these are templates of a connector
