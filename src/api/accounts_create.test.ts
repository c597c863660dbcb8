import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { refusals } from '../../test/api/refusals.ts'
import { startWorld, type World } from '../../test/api/world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
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
      ['a person, who comes with sign-in', { ...good, kind: 'person' }, 'kind'],
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
