import { expect } from 'vitest'
import type { ApiAnswer } from '../support/gate.ts'
import { expectFields, type OperationName, type World } from './world.ts'

type Items = readonly ApiAnswer['body'][]

/** Every page to the end. */
export async function allPages(
  world: World,
  name: OperationName,
  query: Record<string, string>,
  key?: string,
): Promise<Items[]> {
  const pages: Items[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const more: Record<string, string> = cursor === '' ? {} : { cursor }
    const page: ApiAnswer['body'] = await world.must(name, { query: { ...query, ...more }, key })
    pages.push(page.items)
    cursor = page.next_cursor
    if (pages.length > 2_000) throw new Error(`${name} does not end`)
  }
  return pages
}

/** One at a time gives what one page gives, and what is not a cursor or a limit is refused. */
export async function expectPaged(
  world: World,
  name: OperationName,
  query: Record<string, string> = {},
): Promise<void> {
  const whole = await world.must(name, { query: { ...query, limit: '200' } })
  expect(whole.next_cursor).toBeNull()
  expect(whole.items.length).toBeGreaterThan(2)
  for (const limit of ['1', '2', String(whole.items.length)]) {
    const pages = await allPages(world, name, { ...query, limit })
    expect(pages.flat()).toEqual(whole.items)
    expect(pages.every((page) => page.length <= Number(limit))).toBe(true)
    expect(pages.length).toBe(Math.ceil(whole.items.length / Number(limit)))
  }
  for (const limit of ['0', '-1', '201', '1.5', 'ten', '']) {
    expectFields(await world.call(name, { query: { ...query, limit } }), 'limit')
  }
  for (const cursor of ['', 'NOT A CURSOR', '../..', 'x'.repeat(300), 'a\u0000']) {
    expectFields(await world.call(name, { query: { ...query, cursor } }), 'cursor')
  }
}
