import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { UsageError } from './command.ts'
import { keyRowsOf } from './key_rows.ts'

const NOW = Date.parse('2026-11-22T12:00:00Z')
const KEY = 'a-key-that-odoo-made-2019'
const read = (text: string, file = 'keys.csv') => keyRowsOf(text, file, NOW)
const refused = (text: string, file = 'keys.csv'): string => {
  try {
    read(text, file)
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError)
    return (error as Error).message
  }
  throw new Error('it was taken')
}

const PLAIN = {
  name: 'Till',
  secret: KEY,
  account: null,
  groups: [],
  tech_name: null,
  disabled: false,
  expires_at: null,
}

describe('keys of a CSV file', () => {
  it('the export of Odoo: labels, quotation marks, True and False, people by name', () => {
    const { rows, accounts, groups, unread } = read(
      `"Name","User","Key","Groups","Active","id"
"Till","Mitchell Admin","${KEY}","Shop, Back office","True","__export__.auth_api_key_1"
"Old","Marc Demo","${KEY}-2","False","False","__export__.auth_api_key_2"
`,
    )
    expect(rows).toEqual([
      { ...PLAIN, line: 2, account: 'mitchell-admin', groups: ['shop', 'back-office'] },
      { ...PLAIN, line: 3, name: 'Old', secret: `${KEY}-2`, account: 'marc-demo', disabled: true },
    ])
    expect([...accounts]).toEqual([
      ['mitchell-admin', 'Mitchell Admin'],
      ['marc-demo', 'Marc Demo'],
    ])
    expect([...groups]).toEqual([
      ['shop', 'Shop'],
      ['back-office', 'Back office'],
    ])
    expect(unread).toEqual(['id'])
  })

  it.each(['Name,Key,User/Login,Groups/Code,Active', 'Nom,Clé,Utilisateur/Identifiant,Groupes/Code,Actif'])(
    'what Odoo shows for its fields: %s',
    (header) => {
      const { rows, unread } = read(`${header}\nTill,${KEY},demo@example.org,shop,True\n`)
      expect([rows, unread]).toEqual([[{ ...PLAIN, line: 2, account: 'demo-example-org', groups: ['shop'] }], []])
    },
  )

  it('technical names of fields, codes of groups, logins, further lines of one record', () => {
    const { rows } = read(
      `name;user_id/login;key;auth_api_key_group_ids/code;tech_name;expiration_date
Till;demo@example.org;${KEY};shop;till;2027-01-31 12:00:00
;;;back_office;;
Shop;demo@example.org;;;shop;2027-01-31T12:00:00+02:00
`,
    )
    expect(rows).toEqual([
      {
        ...PLAIN,
        line: 2,
        account: 'demo-example-org',
        groups: ['shop', 'back_office'],
        tech_name: 'till',
        expires_at: '2027-01-31T12:00:00.000Z',
      },
      {
        ...PLAIN,
        line: 4,
        name: 'Shop',
        secret: null,
        account: 'demo-example-org',
        tech_name: 'shop',
        expires_at: '2027-01-31T10:00:00.000Z',
      },
    ])
  })

  it('leaves out what is no key any more, and says why', () => {
    const { rows, left } = read(`name,key,expires_at\nA,,\nB,${KEY},2026-11-22\nC,${KEY},\n`)
    expect(rows.map(({ line }) => line)).toEqual([4])
    expect(left).toEqual([
      { line: 2, reason: 'has no key' },
      { line: 3, reason: 'has expired' },
    ])
  })

  it.each([
    ['no column of keys', 'name,user\nA,b', 'names no column "key"'],
    ['no names of columns', `Till,${KEY}\n`, 'names no column "name"'],
    ['two columns for one thing', `name,key,user,login\nA,${KEY},b,c`, 'user and login say the same'],
    ['an active that is none', `name,key,active\nA,${KEY},maybe`, 'line 2 has an active'],
    ['an empty active', `name,key,active\nA,${KEY},`, 'line 2 has an active'],
    ['an end that is none', `name,key,expires_at\nA,${KEY},soon`, 'line 2 has an expiry'],
    ['an account without letters', `name,key,user\nA,${KEY},???`, 'line 2 names the account in a way'],
    ['two people who would be one', `name,key,user\nA,${KEY},Jo Doe\nB,${KEY}2,jo doe`, 'line 3 names the account'],
    ['a file that is not CSV', `name,key\n"A,${KEY}`, 'line 2 has a quotation mark that is never closed'],
  ])('refuses %s', (_, text, message) => {
    expect(refused(text)).toContain(message)
    expect(refused(text)).not.toContain(KEY)
  })
})

describe('keys of a server_env file', () => {
  const conf = `[options]\nadmin_passwd = x\n\n[api_key_till]\nkey = ${KEY}\n[api_key_gone]\nkey =\n`

  it('each by its tech_name, whatever the file is called', () => {
    for (const file of ['api_keys.conf', 'keys.txt']) {
      const { rows, left } = read(conf, file)
      expect(rows).toEqual([{ ...PLAIN, line: 5, name: 'till', tech_name: 'till' }])
      expect(left).toEqual([{ line: 7, reason: '[api_key_gone] gives no key' }])
    }
  })

  it('is known by its first line that says something', () => {
    expect(read(`\uFEFF\n; of Odoo\n\n${conf}`, 'keys').rows).toHaveLength(1)
    expect(read(`${'\n'.repeat(100_000)}name,key\nA,${KEY}`, 'keys').rows).toHaveLength(1)
  })

  it('refuses one key for all, by its line', () => {
    const message = refused(`[auth_api_key]\nkey = ${KEY}`, 'keys.conf')
    expect(message).toContain('keys.conf: line 2 [auth_api_key] would give one key to all')
    expect(message).not.toContain(KEY)
  })
})

it('whatever the file holds: rows or a refusal that repeats no key', () => {
  const column = fc.constantFrom('name', 'key', 'user_id', 'groups', 'active', 'expires_at', 'tech_name', 'x')
  const cell = fc.oneof(fc.constantFrom('', 'True', 'False', '2030-01-01', 'Till', '"', 'é'), fc.string())
  const line = fc.array(cell, { minLength: 1, maxLength: 8 }).map((cells) => [...cells, 'CANARY-KEY'].join(','))
  fc.assert(
    fc.property(
      fc.array(column, { maxLength: 8 }),
      fc.array(line),
      fc.constantFrom('a.csv', 'a.conf'),
      (columns, lines, file) => {
        try {
          for (const row of read([columns.join(','), ...lines].join('\n'), file).rows) {
            expect(row.secret !== null || row.tech_name !== null).toBe(true)
          }
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError)
        }
      },
    ),
    { numRuns: 1_000 },
  )
  const keyed = fc.array(cell, { minLength: 3, maxLength: 3 })
  fc.assert(
    fc.property(fc.array(keyed), (lines) => {
      const text = ['name,active,expires_at,key', ...lines.map((cells) => [...cells, 'CANARY-KEY'].join(','))].join(
        '\n',
      )
      try {
        read(text)
      } catch (error) {
        expect((error as Error).message).not.toContain('CANARY')
      }
    }),
  )
})
