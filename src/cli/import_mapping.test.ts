import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { UsageError } from './command.ts'
import { secretsOfFile } from './import_file.ts'
import { mapSecrets } from './import_mapping.ts'

const OAUTH2 = {
  client_id: { aliases: ['oauth_client_id'] },
  client_secret: {},
  oauth_refresh_token: { begins: 'refresh_token' },
}

describe('the keys of a file and the fields of a scheme', () => {
  it('take the exact name, the spellings of the connector and those of Sesam', () => {
    const found = { OAUTH_CLIENT_ID: 'a', 'oauth-client-secret': 'b', refresh_token: 'c' }
    expect(mapSecrets(found, OAUTH2, [])).toEqual({
      secrets: { client_id: 'a', client_secret: 'b', oauth_refresh_token: 'c' },
      taken: {
        OAUTH_CLIENT_ID: 'client_id',
        'oauth-client-secret': 'client_secret',
        refresh_token: 'oauth_refresh_token',
      },
      left: {},
    })
    const tripletex = { consumer_key: { aliases: ['consumer_token'] }, employee_token: {} }
    expect(mapSecrets({ consumer_token: 'a', consumer_key: 'a', employee_token: 'b' }, tripletex, []).taken).toEqual({
      consumer_token: 'consumer_key',
      consumer_key: 'consumer_key',
      employee_token: 'employee_token',
    })
  })

  it('say why a key is left: a setting, a token, Sesam’s own, unknown, no text, empty', () => {
    const found = { base_url: 'x', so_ticket: 'x', service_jwt: 'x', colour: 'x', client_id: 5, client_secret: '' }
    const { left, secrets } = mapSecrets(found, OAUTH2, ['base_url'])
    expect(secrets).toEqual({})
    expect(left).toEqual({
      base_url: 'is a setting: --set base_url=...',
      so_ticket: 'is a token, and the scheme obtains its own',
      service_jwt: 'belongs to Sesam itself',
      colour: 'the scheme asks for nothing of this name',
      client_id: 'is not a text',
      client_secret: 'is empty',
    })
  })

  it('refuse two keys that contradict each other, without a value', () => {
    const act = () => mapSecrets({ client_id: 'golden-1', oauth_client_id: 'golden-2' }, OAUTH2, [])
    expect(act).toThrow('client_id and oauth_client_id both mean client_id')
    expect(act).not.toThrow(/golden/)
  })
})

describe('the file', () => {
  it('whatever it holds: an object of names, or a refusal that repeats nothing of it', () => {
    const line = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.constantFrom('a=golden', '[golden]', '{"a":"golden"'),
    )
    fc.assert(
      fc.property(fc.array(line, { maxLength: 5 }), (lines) => {
        try {
          expect(typeof secretsOfFile(lines.join('\n'), 'f')).toBe('object')
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError)
          expect((error as Error).message).not.toContain('golden')
        }
      }),
    )
  })

  it('.authconfig: name=value, comments, sections, quotes, "=" in a value', () => {
    const text = '\uFEFF[sesam]\r\n# a comment\n; another\n\nclient_id = a b\nclient_secret="c=d=="\nempty=\n'
    expect(secretsOfFile(text, 'f')).toEqual({ client_id: 'a b', client_secret: 'c=d==', empty: '' })
  })

  it('JSON', () => {
    expect(secretsOfFile(' {"a": "b"}', 'f')).toEqual({ a: 'b' })
  })

  it.each(['{"a": golden', '["golden"]', 'golden-secret-alone', 'a b=golden', 'a=1\na=golden'])(
    '%j is refused, and nothing of it is said',
    (text) => {
      expect(() => secretsOfFile(text, 'f')).toThrow(/^f: /)
      expect(() => secretsOfFile(text, 'f')).not.toThrow(/golden/)
    },
  )
})
