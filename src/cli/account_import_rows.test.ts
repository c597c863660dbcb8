import { describe, expect, it } from 'vitest'
import { accountRowsOf } from './account_import_rows.ts'

const sent = (text: string) => accountRowsOf(text, 'people.csv').rows.map((row) => row.sent)

describe('accounts of a file', () => {
  it.each([
    ['no columns', 'a,b\n1,2\n', /names of columns/],
    ['two columns that say the same', 'login,username\na,b\n', /say the same/],
    ['the same login twice', 'login,name\na,A\nA,B\n', /line 3 has the same login as line 2/],
    ['the same address twice', 'name,email\nA,a@b.org\nB,A@b.org\n', /line 3 has the same address as line 2/],
    ['something else for true', 'login,active\na,perhaps\n', /line 2 has active neither true nor false/],
    ['an issuer alone', 'login,issuer,subject\na,https://x.org,\n', /line 2 has an issuer without a subject/],
    ['JSON that is none', '[{"id": ', /is not a JSON list/],
    ['JSON of something else', '{"users": []}', /is not a JSON list/],
  ])('64 for %s', (_, text, why) => {
    expect(() => accountRowsOf(text, 'people.csv')).toThrow(why)
  })
  it.each([
    ['a login in capitals is an id in small letters', 'login,name\nAda.L,Ada\n', { id: 'ada.l', name: 'Ada' }],
    ['a login that cannot be an id is made one', 'login\nÉlodie Petit\n', { id: 'elodie-petit', name: 'Élodie Petit' }],
    ['an address as the login is the address', 'login\na@b.org\n', { name: 'a@b.org', email: 'a@b.org' }],
    ['what numbers users is no login', 'id,username,name\n12,ada,Ada\n', { id: 'ada', name: 'Ada' }],
    ['an id is one where nothing else is', 'id,name\nada,Ada\n', { id: 'ada', name: 'Ada' }],
    ['first and last name', 'login,first_name,last_name\na,Ada,Lovelace\n', { id: 'a', name: 'Ada Lovelace' }],
    ['a last name that is called name', 'login;prénom;nom\na;Ada;Lovelace\n', { id: 'a', name: 'Ada Lovelace' }],
    [
      'lists',
      'login,groups,siret\na,"x, y","1;2"\n',
      { id: 'a', name: 'a', groups: ['x', 'y'], organizations: ['1', '2'] },
    ],
    ['texts that are not set', 'login,name,email,password\na,False,\\N,!unusable\n', { id: 'a', name: 'a' }],
    [
      'an identity',
      'login,issuer,sub\na,https://x.org,7\n',
      { id: 'a', name: 'a', identities: [{ issuer: 'https://x.org', subject: '7' }] },
    ],
    [
      'a service that is switched off',
      'login,kind,disabled\na,service,yes\n',
      { id: 'a', name: 'a', kind: 'service', disabled: true },
    ],
    ['our own JSON, as it is', '{"accounts": [{"id": 7, "any": "thing"}]}', { id: 7, any: 'thing' }],
  ])('%s', (_, text, row) => expect(sent(text)).toEqual([row]))

  it('lines are those of the file, with a byte order mark and cells of several lines', () => {
    const { rows, unread } = accountRowsOf('\uFEFFlogin,what,description\na,1,"x\ny"\nb,2,z\n', 'people.csv')
    expect([rows.map(({ line }) => line), unread]).toEqual([[2, 4], ['what']])
  })
})
