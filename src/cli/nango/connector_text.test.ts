import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseConnector } from '../../outbound/connectors/connector.ts'
import { idOf, translateEntry } from './connector_text.ts'
import { WAYS } from './sections.ts'
import { Untranslatable } from './translation.ts'

const expression = fc.constantFrom(
  '$' + '{apiKey}',
  '$' + '{connectionConfig.host}',
  '$' + '{credentials.a-b}',
  '$' + '{accessToken}',
  '$' + '{base64($' + '{username}:x)}',
  '$' + '{',
  '/../',
  'https://x.example',
  'evil.example',
  '@',
  '\\r\\nX: y',
)
const text = fc
  .array(fc.oneof(expression, fc.string({ maxLength: 8 })), { maxLength: 4 })
  .map((parts) => parts.join(''))
const params = fc.dictionary(text, text, { maxKeys: 3 })
const entry = fc.record(
  {
    auth_mode: fc.constantFrom(...Object.keys(WAYS), 'JWT', '__proto__'),
    docs: fc.constant('https://docs.example/'),
    token_url: fc.oneof(text, fc.constant('https://x.example/token')),
    authorization_url: fc.oneof(text, fc.constant('https://x.example/go')),
    request_url: text,
    token_params: params,
    token_headers: params,
    token_response: fc.record({ token: fc.string() }),
    proxy: fc.record({ base_url: fc.oneof(text, fc.constant('https://x.example')), headers: params, query: params }),
  },
  { requiredKeys: ['auth_mode'] },
)

describe('any entry', () => {
  it('becomes a connector that our own parser takes, or a reason', () => {
    fc.assert(
      fc.property(fc.string(), entry, (name, raw) => {
        try {
          const { id, text: file } = translateEntry(name, raw)
          expect(parseConnector(file, `${id}.yaml`).id).toBe(id)
        } catch (error) {
          expect(error).toBeInstanceOf(Untranslatable)
        }
      }),
      { numRuns: 400 },
    )
  })

  it('has a name of a file and never a path', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constantFrom('../x', '..', 'a/b', 'C:\\\\x')),
        (name) => {
          try {
            expect(idOf(name)).toMatch(/^[a-z0-9][a-z0-9-]{0,63}$/)
          } catch (error) {
            expect(error).toBeInstanceOf(Untranslatable)
          }
        },
      ),
    )
  })
})
