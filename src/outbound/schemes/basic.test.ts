import { describe, expect, it } from 'vitest'
import { parseConnector } from '../connectors/connector.ts'
import { basic } from './basic.ts'

const HEAD = 'id: acme\nname: Acme\ndocs: https://acme.example\nscheme: basic\nbase_url: https://acme.example\n'
const plain = parseConnector(HEAD, 'acme.yaml')
const keyOnly = parseConnector(
  `${HEAD}secrets: { key: { title: Key } }\nbasic: { username: "\${secrets.key}", password: "" }\n`,
  'acme.yaml',
)

const sign = (secrets: Record<string, string>, connector = plain) => basic.sign({ connector, settings: {}, secrets })

describe('basic', () => {
  it('requires a user name and a password, of which the user name may be shown', () => {
    expect(basic.requires(plain)).toEqual({
      username: { title: 'User name', secret: false },
      password: { title: 'Password' },
    })
  })

  it('signs as in RFC 7617 §2', () => {
    expect(sign({ username: 'Aladdin', password: 'open sesame' }).headers).toEqual([
      'Authorization',
      'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==',
    ])
  })

  it('encodes UTF-8, as in RFC 7617 §2.1', () => {
    expect(sign({ username: 'test', password: '123£' }).headers[1]).toBe('Basic dGVzdDoxMjPCow==')
  })

  it('keeps colons of the password', () => {
    expect(sign({ username: 'a', password: 'b:c' }).headers[1]).toBe(`Basic ${btoa('a:b:c')}`)
  })

  it('takes the places of the connector: a key as the user name, no password', () => {
    expect(Object.keys(basic.requires(keyOnly))).toEqual(['key'])
    expect(sign({ key: 'k' }, keyOnly).headers[1]).toBe(`Basic ${btoa('k:')}`)
  })

  it('sets Authorization and nothing else', () => {
    expect(basic.names({ connector: plain, settings: {} })).toEqual({ headers: ['authorization'], query: [] })
  })

  it('injects what was given', () => {
    expect(basic.injects({ connector: plain, settings: {}, secrets: { username: 'u', password: 'p' } })).toEqual({
      username: 'u',
      password: 'p',
    })
  })

  it.each([{ username: 'u' }, { username: 'a:b', password: 'p' }, { username: 'a\nb', password: 'p' }])(
    'reconnect_required with %j',
    (secrets) => {
      expect(() => sign(secrets)).toThrow(/^reconnect_required/)
    },
  )
})
