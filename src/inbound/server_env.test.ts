import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { keysOfServerEnv } from './server_env.ts'

const keys = (text: string) => keysOfServerEnv(text).keys.map(({ techName, value }) => [techName, value])
const faults = (text: string) => keysOfServerEnv(text).faults.map(({ line, message }) => `${line}: ${message}`)
const clean = (text: string) => {
  expect(faults(text)).toEqual([])
  return keys(text)
}

describe('server_env', () => {
  it.each([
    ['an equals sign', '[api_key_till]\nkey = abc'],
    ['a colon', '[api_key_till]\nkey: abc'],
    ['no spaces', '[api_key_till]\nkey=abc'],
    ['CRLF', '[api_key_till]\r\nkey = abc\r\n'],
    ['a byte order mark', '\uFEFF[api_key_till]\nkey = abc'],
    ['an indented option', '[api_key_till]\n    key = abc'],
    ['comments and empty lines', '# x\n; y\n\n[api_key_till]\n  # z\n\nkey = abc\n   ; inside\n'],
    ['something behind the header', '[api_key_till] ; the one by the door\nkey = abc'],
    ['options of others', '[api_key_till]\nname = Till\nKEY = other\nkey = abc\nuser = x'],
  ])('reads a key with %s', (_, text) => {
    expect(clean(text)).toEqual([['till', 'abc']])
  })

  it('keeps what ConfigParser keeps: quotes, percent signs, equals signs, hashes', () => {
    expect(clean('[api_key_a]\nkey = "a%(b)s%%=:#;"')).toEqual([['a', '"a%(b)s%%=:#;"']])
    // No comment behind a value: it is part of it, and a key with spaces is refused by who takes it.
    expect(clean('[api_key_a]\nkey = abc # old')).toEqual([['a', 'abc # old']])
  })

  it('tells an empty key from none', () => {
    expect(clean('[api_key_a]\nkey =\n[api_key_b]\nname = x')).toEqual([
      ['a', ''],
      ['b', null],
    ])
  })

  it('passes over the sections of others, whatever stands in them', () => {
    const text =
      '[options]\ngarbage\nkey = x\nkey = y\nlong = a\n  [api_key_inside]\n  key = no\n[options]\nx = 1\n[api_key_a]\nkey = abc'
    expect(clean(text)).toEqual([['a', 'abc']])
  })

  it.each([
    ['a key before any section', 'key = abc', '1: stands before any [section]'],
    ['a key on two lines', '[api_key_a]\nkey = abc\n  def', '3: goes on with the value of key'],
    ['a key on two lines with a gap', '[api_key_a]\nkey =\n\n  def', '4: goes on with the value of key'],
    ['a key beside its section', '[api_key_a] key = s3cret]x', '1: has more behind the first "]", which nobody reads'],
    ['a second section', '[api_key_a]\nkey = x\n[api_key_a]\nkey = y', '3: [api_key_a] is here a second time'],
    ['a second key', '[api_key_a]\nkey = x\nkey = y', '3: gives key a second time'],
    ['a line without a sign', '[api_key_a]\nkey abc', '2: is not "name = value"'],
    ['capitals in the section', '[API_KEY_A]\nkey = x', '1: is read by nobody in this spelling'],
    ['spaces in the section', '[ api_key_a ]\nkey = x', '1: is read by nobody in this spelling'],
    ['one key for all', '[auth_api_key]\nkey = x', '2: [auth_api_key] would give one key to all'],
    ['an empty key for all', '[auth_api_key]\nkey =', '2: [auth_api_key] would give one key to all'],
    ['a key in DEFAULT', '[DEFAULT]\nkey = x', '2: [DEFAULT] would give one key to all'],
  ])('refuses %s, by its line', (_, text, fault) => {
    expect(faults(text).join('\n')).toContain(fault)
  })

  it('takes the other options of the shared section and of DEFAULT for nothing', () => {
    expect(clean('[auth_api_key]\nname = x\n[DEFAULT]\nhost = y\n[DEFAULT]\nport = 1')).toEqual([])
  })
})

const word = fc.stringMatching(/^[a-z0-9_]{1,12}$/)
const value = fc.stringMatching(/^[!-~]{1,40}$/)

describe('server_env, whatever is sent', () => {
  it('never throws and never repeats a value in a fault', () => {
    const line = fc.oneof(
      fc.string(),
      word.map((name) => `[api_key_${name}]`),
      fc
        .constantFrom('[auth_api_key]', '[DEFAULT]', '[options]', '  more', '# note', '', 'key', ':x', '[', '[]', '=')
        .map(String),
      value.map((secret) => `key = CANARY${secret}`),
    )
    fc.assert(
      fc.property(fc.array(line, { maxLength: 20 }), fc.constantFrom('\n', '\r\n', '\r'), (lines, end) => {
        const read = keysOfServerEnv(lines.join(end))
        for (const { message } of read.faults) expect(message).not.toContain('CANARY')
        for (const { techName } of read.keys) expect(techName).not.toBe('')
      }),
    )
  })

  it('reads back what was written, in any layout', () => {
    const layout = fc.record({
      sign: fc.constantFrom('=', ':', ' = ', ' : ', '\t=\t'),
      end: fc.constantFrom('\n', '\r\n', '\r'),
      note: fc.constantFrom('', '# key = no', '; [api_key_no]', '[other]', '   '),
      mark: fc.constantFrom('', '\uFEFF'),
    })
    fc.assert(
      fc.property(
        fc.uniqueArray(word, { minLength: 1 }),
        fc.array(value, { minLength: 50 }),
        layout,
        (names, all, by) => {
          const lines = names.flatMap((name, i) => [
            by.note,
            `[api_key_${name}]`,
            `key${by.sign}${all[i % all.length]}`,
          ])
          const written = names.map((name, i) => [name, all[i % all.length]])
          expect(clean(by.mark + lines.join(by.end))).toEqual(written)
        },
      ),
    )
  })
})
