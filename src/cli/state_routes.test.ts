import { expect, it } from 'vitest'
import type { Current } from './state_current.ts'
import type { RouteEntry } from './state_file.ts'
import { narrowestFirst } from './state_routes.ts'

const entry = (id: string, kind: string, authenticated = false) =>
  ({ id, accept: { any: [kind] }, allow: { authenticated } }) as unknown as RouteEntry

it('D6: new routes that let everybody in are made last, so that nothing is open before its narrower one stands', () => {
  const entries = [
    entry('site', 'anonymous'),
    entry('members', 'api_key', true),
    entry('known', 'anonymous'),
    entry('admin', 'api_key'),
  ]
  const current = { routes: [{ id: 'known' }] } as unknown as Current
  expect(narrowestFirst(entries, current).map(({ id }) => id)).toEqual(['known', 'admin', 'members', 'site'])
})
