import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fillIn, placeholdersIn, position } from './placeholders.ts'

const shown = (text: string) =>
  placeholdersIn(text).found.map(({ kind, connection, name }) => [kind, connection, name].join(' '))

describe('placeholders', () => {
  it('$SECRET, $SECRET of a connection, $ENV', () => {
    expect(shown('a $SECRET(oauth_access_token) $SECRET(web-crm:jwt_access_token)$ENV(base_url)')).toEqual([
      'SECRET  oauth_access_token',
      'SECRET web-crm jwt_access_token',
      'ENV  base_url',
    ])
  })

  it('what stands in {{@ @}} is left alone, over lines too', () => {
    expect(placeholdersIn('{{@ base_url @}} {{@ "$SECRET(x)"\n @}} $SECRET')).toEqual({ found: [], faults: [] })
    expect(shown('{{@ a $SECRET(b)')).toEqual(['SECRET  b'])
  })

  it.each(['$SECRET(', '$SECRET()', '$SECRET(a b)', '$ENV(a:b)', '$SECRET(A B:c)', '$SECRET(a', '$ENV({{@ x @}})'])(
    '%s is a fault, with its place',
    (text) => {
      const { found, faults } = placeholdersIn(`\n ${text}`)
      expect(found).toEqual([])
      expect(faults.map(({ start }) => position(`\n ${text}`, start))).toEqual(['2:2'])
    },
  )

  it('text without placeholders comes out as it is, and what is filled in is not looked at again', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (before, after) => {
        fc.pre(!/\$|\{/.test(before + after))
        const text = `${before}$SECRET(x)${after}`
        const filled = fillIn(text, placeholdersIn(text).found, () => '$SECRET(y)')
        expect(filled).toBe(`${before}$SECRET(y)${after}`)
      }),
    )
  })
})
