import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { client, method, organization } from '../../test/store/people_rows.ts'
import { Places } from '../../test/store/places.ts'
import type { Store } from '../core/stores.ts'
import type { OpenStore } from '../store/open.ts'
import { peopleFindings } from './doctor_people.ts'

const places = new Places()
let open: OpenStore
beforeAll(async () => {
  open = await places.openFresh('sqlite')
})
afterAll(() => places.cleanUp())

/** What the doctor says of people where this was written; nothing of it stays. */
async function findings(write: (store: Store) => Promise<unknown>) {
  const undone = new Error('undone')
  let found: Awaited<ReturnType<typeof peopleFindings>> = []
  const work = open.store.transaction(async (store) => {
    await write(store)
    found = await peopleFindings({ store })
    throw undone
  })
  await expect(work).rejects.toBe(undone)
  return found
}
const warned = async (write: (store: Store) => Promise<unknown>) =>
  (await findings(write)).filter(({ level }) => level !== 'ok').map(({ code }) => code)

const nobody = { accounts: [], groups: [], organizations: [], authenticated: false }

describe('what the doctor says of people', () => {
  it('nothing of a new installation, but how much there is', async () => {
    expect(await findings(async () => undefined)).toEqual([
      { level: 'ok', code: 'people.count', message: 'Sign-in methods: 2, applications: 0, organizations: 0.' },
    ])
  })

  const cases: [string, (store: Store) => Promise<unknown>, string[]][] = [
    [
      'that nobody can sign in',
      async (store) => {
        await store.signInMethods.delete('passkey')
        await store.signInMethods.update({ method: method('password', { enabled: false }), sealed: null })
      },
      ['sign_in.no_method'],
    ],
    [
      'that everybody stops where no organization is known',
      (store) => store.signInMethods.insert({ method: method('company'), sealed: null }),
      ['sign_in.no_organization'],
    ],
    [
      'not where one is',
      async (store) => {
        await store.signInMethods.insert({ method: method('company'), sealed: null })
        await store.organizations.insert(organization('o1'))
      },
      [],
    ],
    ['nothing of an application', (store) => store.clients.insert(client('shop'), 'hash'), []],
    [
      'that nobody may use an application',
      (store) => store.clients.insert(client('shop', { allow: nobody }), 'hash'),
      ['client.nobody'],
    ],
    [
      'not of one that is disabled',
      (store) =>
        store.clients.insert(client('shop', { allow: nobody, disabled_at: '2026-01-01T00:00:00.000Z' }), 'hash'),
      [],
    ],
    [
      'that its methods are gone',
      (store) => store.clients.insert(client('shop', { methods: ['gone'] }), 'hash'),
      ['client.no_method'],
    ],
    [
      'that it gets tokens in addresses',
      (store) => store.clients.insert(client('shop', { methods: [], token_in_query: true }), 'hash'),
      ['client.token_in_query'],
    ],
  ]
  it.each(cases)('%s', async (_, write, codes) => {
    expect(await warned(write)).toEqual(codes)
  })
})
