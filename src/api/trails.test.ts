import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { allPages, expectPaged } from '../../test/api/paging.ts'
import { refusals } from '../../test/api/refusals.ts'
import { expectFields, type NewKey, startWorld, type World } from '../../test/api/world.ts'

type Line = { at: string; key: string | null; connection: string | null; request: string; phase: string }

let world: World
let one: NewKey
let middle: string
/** Everything in the trail, newest first, when the world was made. */
let all: readonly Line[]
beforeAll(async () => {
  world = await startWorld()
  const permissions = ['connections.write']
  one = await world.newKey({ permissions })
  const two = await world.newKey({ permissions })
  for (const id of ['a', 'b']) await world.newConnection({ id })
  // Each write waits for the disk, so each line is a batch of its own; those at the same time share some.
  for (let i = 0; i < 30; i++) {
    if (i === 15) middle = new Date().toISOString()
    const id = i % 3 === 0 ? 'a' : 'b'
    const test = (key: string) => world.call('connections.activate', { params: { id }, key })
    await Promise.all([test(one.key), test(one.key), ...(i % 10 === 0 ? [test(two.key)] : [])])
  }
  all = (await allPages(world, 'audit.list', { limit: '200' })).flat()
})
afterAll(() => world.stop())

describe('audit.list', () => {
  it('200 with every line, newest first, each with every field', () => {
    expect(all.length).toBeGreaterThan(120)
    const times = all.map(({ at }) => at)
    expect(times).toEqual([...times].sort().reverse())
    expect(new Set(all.map((line) => `${line.request} ${line.phase}`)).size).toBe(all.length)
    expect(Object.keys(all[0] as Line)).toEqual([
      ...['at', 'request', 'action', 'phase', 'account', 'key', 'connection', 'method', 'path', 'status', 'code'],
      ...['bytes_in', 'bytes_out', 'ms', 'correlation', 'address', 'target'],
    ])
  })
  it.each(['1', '7', '50'])('200 page by page with limit=%s: nothing twice, nothing left out', async (limit) => {
    const pages = await allPages(world, 'audit.list', { limit })
    // Reading leaves no line, so the trail is the same.
    expect(pages.flat()).toEqual(all)
    expect(pages.every((page) => page.length <= Number(limit))).toBe(true)
  })
  it.each([
    ['connection', () => ({ connection: 'a' })],
    ['key', () => ({ key: one.id })],
    ['since', () => ({ since: middle })],
    ['connection and key', () => ({ connection: 'b', key: one.id })],
    ['all three', () => ({ connection: 'a', key: one.id, since: middle })],
    ['what is not there', () => ({ connection: 'z' })],
  ])('200 filtered by %s: what a plain filter gives, whatever the page', async (_, filter) => {
    const { connection, key, since } = filter() as { connection?: string; key?: string; since?: string }
    const wanted = all.filter(
      (line) =>
        (connection === undefined || line.connection === connection) &&
        (key === undefined || line.key === key) &&
        (since === undefined || line.at >= since),
    )
    for (const limit of ['1', '9', '200']) {
      expect((await allPages(world, 'audit.list', { ...filter(), limit })).flat()).toEqual(wanted)
    }
  })
  it('200 with a time in another zone', async () => {
    const since = middle.replace('Z', '+00:00')
    const page = await world.must('audit.list', { query: { since, limit: '200' } })
    expect(page.items).toEqual(all.filter(({ at }) => at >= middle))
  })
  it.each([
    ['limit', '0'],
    ['limit', '201'],
    ['cursor', 'a.b'],
    ['cursor', '12'],
    ['cursor', '1.2.3'],
    ['cursor', ''],
    ['connection', 'A B'],
    ['key', '*'],
    ['since', 'yesterday'],
    ['since', '2026-01-01'],
  ])('400 with %s=%s', async (field, value) => {
    expectFields(await world.call('audit.list', { query: { [field]: value } }), field)
  })

  refusals(
    'audit.list',
    () => world,
    () => ({}),
  )
})

describe('events.list', () => {
  it('200 with what happened, newest first', async () => {
    await world.must('connections.delete', { params: { id: 'a' } })
    const { items } = await world.must('events.list')
    expect(items[0]).toEqual({
      id: expect.any(String),
      type: 'connection.deleted',
      subject: 'connection:a',
      at: expect.stringMatching(/Z$/),
      data: {},
    })
    expect(items.at(-1)).toMatchObject({ type: 'key.created' })
  })
  it('200 with those of a type, or about a subject', async () => {
    const made = await world.must('events.list', { query: { type: 'connection.created' } })
    expect(made.items.map(({ subject }: { subject: string }) => subject)).toEqual(['connection:b', 'connection:a'])
    const about = await world.must('events.list', { query: { subject: 'connection:a' } })
    expect(about.items.map(({ type }: { type: string }) => type)).toEqual(['connection.deleted', 'connection.created'])
  })
  it('200 page by page to the end', () => expectPaged(world, 'events.list'))
  it.each(['type', 'subject'])('400 with an over-long %s', async (field) => {
    expectFields(await world.call('events.list', { query: { [field]: 'x'.repeat(201) } }), field)
  })

  refusals(
    'events.list',
    () => world,
    () => ({}),
  )
})
