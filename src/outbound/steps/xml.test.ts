import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { escapeXml } from '../connectors/template_functions.ts'
import { valueAt } from '../json_path.ts'
import { parseXml, xmlText } from './xml.ts'

const at = (xml: string, ...path: string[]) => xmlText(valueAt(parseXml(xml), path))

describe('answers in XML', () => {
  it('reads elements without prefixes, attributes, lists and CDATA', () => {
    const xml =
      '<?xml version="1.0"?><s:E xmlns:s="u" n="1&amp;2"><s:T id="5"> 007 &lt;&#65;&#x42; </s:T><L>1</L><L>2</L><C><![CDATA[a&amp;b]]></C><e/></s:E>'
    expect(at(xml, 'E', 'T')).toBe('007 <AB')
    expect(at(xml, 'E', '@n')).toBe('1&2')
    expect(at(xml, 'E', 'T', '@id')).toBe('5')
    expect(at(xml, 'E', 'L', '1')).toBe('2')
    expect(at(xml, 'E', 'C')).toBe('a&amp;b')
    expect(at('<a><!-- & <![CDATA[ --><b>1<!-- > --></b></a>', 'a', 'b')).toBe('1')
    expect(at('<a><![CDATA[<!-- ]]>&amp;</a>', 'a')).toContain('<!-- ')
    expect(at(xml, 'E', 'e')).toBe('')
    expect(at(xml, 'E', 'nothing')).toBeUndefined()
    expect(at(xml, 'E', 'L')).toBeUndefined()
    expect(at(xml, 'E')).toBeUndefined()
  })

  it.each([
    '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
    '<!doctype a SYSTEM "file:///etc/passwd"><a>1</a>',
    '<a>&x;</a>',
    '<a>&constructor;</a>',
    '<a>1 & 2</a>',
    '<a><b></a>',
    '<a>',
    'text',
    '',
    '<__proto__>1</__proto__>',
    '<a>1</a><![CDATA[',
    `<a>${'<![CDATA['.repeat(100_000)}</a>`,
    `<a>${'<!--'.repeat(200_000)}</a>`,
  ])('refuses %.60s', (xml) => {
    expect(parseXml(xml)).toBeUndefined()
  })

  it('what was escaped comes out as it went in', () => {
    const text = fc.string({ unit: 'grapheme-ascii', minLength: 1 }).filter((value) => value.trim() === value)
    fc.assert(
      fc.property(text, (value) => {
        expect(at(`<a b="${escapeXml(value)}"><c>${escapeXml(value)}</c></a>`, 'a', 'c')).toBe(value)
      }),
    )
  })

  it('any text is read or refused, never an exception', () => {
    const piece = fc.constantFrom(
      '<',
      '>',
      '/',
      'a',
      '="',
      '&',
      ';',
      '#',
      '<![CDATA[',
      ']]>',
      '<!--',
      '-->',
      '<?xml ',
      '!',
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string({ maxLength: 2 })), { maxLength: 30 }), (parts) => {
        expect(() => parseXml(parts.join(''))).not.toThrow()
      }),
    )
  })
})
