import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { refusals } from '../../test/api/refusals.ts'
import { startWorld, type World } from '../../test/api/world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
  for (const id of ['shops', 'tills']) await world.must('groups.create', { body: { id, name: id } })
})
afterAll(() => world.stop())

describe('accounts.create', () => {
  it('201 with the account, its id made of its name', async () => {
    const answer = await world.call('accounts.create', { body: { kind: 'service', name: 'Caisse n° 2' } })
    expect(answer.status).toBe(201)
    expect(answer.body).toEqual({
      id: 'caisse-n-2',
      kind: 'service',
      name: 'Caisse n° 2',
      description: '',
      email: null,
      email_verified: false,
      groups: [],
      grants: [],
      certificate_subjects: [],
      has_password: false,
      disabled_at: null,
      created_at: answer.body.updated_at,
      updated_at: expect.stringMatching(/Z$/),
    })
  })

  it('201 with another id for the same name', async () => {
    const body = { kind: 'service', name: 'Twice' }
    expect((await world.must('accounts.create', { body })).id).toBe('twice')
    expect((await world.must('accounts.create', { body })).id).toMatch(/^twice-[a-z0-9]{6}$/)
  })

  it('201 with an id of its own for a name that gives none', async () => {
    const { id } = await world.must('accounts.create', { body: { kind: 'service', name: '会計' } })
    expect(id).toMatch(/^[a-z0-9]{10}$/)
  })

  it('201 with every field, lists in one order and subjects in one form', async () => {
    const body = {
      id: 'till',
      kind: 'service',
      name: 'Till',
      email: 'till@example.org',
      groups: ['tills', 'shops', 'tills'],
      grants: [{ connector: 'generic-api-key', allow: ['read'] }],
      certificate_subjects: ['/C=FR/O=Shop/CN=till', 'cn=till, o=Shop, c=FR'],
      password: 'correct horse battery',
    }
    const made = await world.must('accounts.create', { body })
    const { password: _, ...kept } = body
    expect(made).toMatchObject({ ...kept, groups: ['shops', 'tills'], certificate_subjects: ['CN=till,O=Shop,C=FR'] })
    expect([made.has_password, Object.keys(made).includes('password')]).toEqual([true, false])
    expect(await world.must('accounts.get', { params: { id: 'till' } })).toEqual(made)
  })
  it('201 with a person, who owns keys', async () => {
    const { id, kind } = await world.must('accounts.create', { body: { kind: 'person', name: 'Ada' } })
    const { key } = await world.newKey({ account: id })
    expect([kind, (await world.must('keys.self', { key })).account]).toEqual(['person', 'ada'])
  })
  it('201 with a person who signs in with a password, and with a service whose password is its own matter', async () => {
    const body = { id: 'signing', kind: 'person', name: 'Signing', password: 'correct horse battery' }
    expect((await world.must('accounts.create', { body })).has_password).toBe(true)
    const service = { kind: 'service', name: 'Weak', password: 'iloveyou' }
    expect((await world.must('accounts.create', { body: service })).has_password).toBe(true)
  })
  it('409 conflict for the subject of another account', async () => {
    const body = { kind: 'service', name: 'Second', certificate_subjects: ['CN=first'] }
    await world.must('accounts.create', { body })
    const answer = await world.call('accounts.create', { body: { ...body, certificate_subjects: ['/CN=first'] } })
    expect(answer.body).toMatchObject({ status: 409, code: 'conflict', detail: expect.stringContaining('CN=first') })
  })
  it('409 conflict for an id that is taken', async () => {
    const body = { id: 'taken', kind: 'service', name: 'Taken' }
    await world.must('accounts.create', { body })
    expect((await world.call('accounts.create', { body })).body).toMatchObject({ status: 409, code: 'conflict' })
  })

  const good = { kind: 'service', name: 'Good' }
  refusals(
    'accounts.create',
    () => world,
    () => ({ body: good }),
    [
      ['nothing', {}, 'kind', 'name'],
      ['another kind', { ...good, kind: 'robot' }, 'kind'],
      ['an address without @', { ...good, email: 'till.example.org' }, 'email'],
      ['an address with a control character', { ...good, email: 'a@b.org\u0007' }, 'email'],
      ['a group that is not there', { ...good, groups: ['shops', 'zoo'] }, 'groups.1'],
      ['a grant that is none', { ...good, grants: [{ connection: 'shop', allow: ['GET a'] }] }, 'grants.0.allow.0'],
      [
        'a name that the connector does not have',
        { ...good, grants: [{ connector: 'generic-api-key', allow: ['everything'] }] },
        'grants.0.allow.0',
      ],
      ['a subject that is none', { ...good, certificate_subjects: ['CN=ok', 'till'] }, 'certificate_subjects.1'],
      ['a password of 7 characters', { ...good, password: 'x'.repeat(7) }, 'password'],
      ['a password of 513 characters', { ...good, password: 'x'.repeat(513) }, 'password'],
      ['a password with a line break', { ...good, password: 'correct horse\nbattery' }, 'password'],
      ['a common password of a person', { ...good, kind: 'person', password: 'iloveyou' }, 'password'],
      [
        'the name of a person as his password',
        { ...good, kind: 'person', name: 'Ada L.', password: 'ada-----l' },
        'password',
      ],
      ['an empty name', { ...good, name: '  ' }, 'name'],
      ['a name of another type', { ...good, name: 7 }, 'name'],
      ['a name of 201 characters', { ...good, name: 'x'.repeat(201) }, 'name'],
      ['a line break in the name', { ...good, name: 'a\nb' }, 'name'],
      ['half a surrogate pair in the name', { ...good, name: 'a\ud800' }, 'name'],
      ['a C1 control in the description', { ...good, description: 'a\u0085b' }, 'description'],
      ['a description of 2,001 characters', { ...good, description: 'x'.repeat(2_001) }, 'description'],
      ['an id in capitals', { ...good, id: 'Caisse' }, 'id'],
      [
        'several faults at once, all of them named',
        { kind: 'service', name: '', id: '-', description: 1 },
        'id',
        'name',
        'description',
      ],
    ],
  )
})
