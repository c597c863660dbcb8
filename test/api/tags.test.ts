import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Rights, startWorld, type World } from './world.ts'

/** D6, D7: tags are rights. */

let world: World
let id: string
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())
beforeEach(async () => {
  id = await world.newConnection({ tags: { team: 'red' } })
})

const byTags = (team: string, more: object = {}) => ({
  connector: 'generic-api-key',
  tags: { team },
  allow: ['GET /**'],
  ...more,
})
const limited = (permission: string, team: string) => ({ permission, tags: { team } })
const WRITE = ['connections.write']

async function retag(caller: Rights, tags: Record<string, string>): Promise<string> {
  const { key } = await world.newKey(caller)
  const answer = await world.call('connections.update', { params: { id }, body: { tags }, key })
  const state = await world.must('connections.get', { params: { id } })
  if (answer.status !== 200) expect(state.tags).toEqual({ team: 'red' })
  return answer.status === 200 ? '200' : `${answer.status} ${answer.body.code}`
}

describe('changing the tags of a connection', () => {
  it('200 where no key gains anything', async () => {
    expect(await retag({ permissions: WRITE }, { team: 'red', floor: '2' })).toBe('200')
    expect(await retag({ permissions: WRITE }, {})).toBe('200')
  })
  it('403 not_granted for a caller whose own grant would begin to hold', async () => {
    expect(await retag({ permissions: WRITE, grants: [byTags('mine')] }, { team: 'mine' })).toBe('403 not_granted')
  })
  it('403 not_granted for a grant of another key, unless the caller holds it at this connection', async () => {
    await world.newKey({ grants: [byTags('green')] })
    const holds = [{ connection: id, allow: ['GET /**'] }]
    expect(await retag({ permissions: WRITE }, { team: 'green' })).toBe('403 not_granted')
    expect(await retag({ permissions: WRITE, grants: holds }, { team: 'green' })).toBe('200')
  })
  it('403 not_granted for a grant that reads credentials, held without that', async () => {
    await world.newKey({ grants: [byTags('safe', { credentials: true })] })
    const holds = [{ connection: id, allow: ['GET /**'] }]
    expect(await retag({ permissions: WRITE, grants: holds }, { team: 'safe' })).toBe('403 not_granted')
  })
  it.each(['connections.read', 'connections.read_credentials', 'connections.write_network'])(
    '403 not_granted where %s limited by tags would begin to hold, unless it is held here',
    async (permission) => {
      const team = permission.replace(/[^a-z]/g, '-')
      const own = { permissions: [...WRITE, limited(permission, team)] }
      expect(await retag(own, { team })).toBe('403 not_granted')
      expect(await retag({ permissions: [...WRITE, permission] }, { team })).toBe('200')
    },
  )
  it('403 not_granted for whoever would move it out of his own reach', async () => {
    const caller = { permissions: [limited('connections.write', 'red')] }
    expect(await retag(caller, { team: 'blue' })).toBe('403 not_granted')
    expect(await retag(caller, { team: 'red', floor: '3' })).toBe('200')
  })
  it('200 where only a revoked key would gain', async () => {
    const gone = await world.newKey({ grants: [byTags('gone')] })
    await world.must('keys.revoke', { params: { id: gone.id } })
    expect(await retag({ permissions: WRITE }, { team: 'gone' })).toBe('200')
  })
  it('200 for the administrator', async () => {
    expect(await retag({ permissions: ['*'] }, { team: 'anything' })).toBe('200')
  })
})

describe('making a connection with a permission that goes by tags', () => {
  const body = (tags: object) => ({
    connector: 'generic-api-key',
    settings: { base_url: 'https://192.0.2.1' },
    secrets: { api_key: 'x' },
    tags,
  })
  it.each([
    [{ team: 'red' }, 201],
    [{ team: 'red', floor: '1' }, 201],
    [{ team: 'blue' }, 403],
    [{}, 403],
  ])('tags %j: %s', async (tags, status) => {
    const { key } = await world.newKey({ permissions: [limited('connections.write', 'red')] })
    expect((await world.call('connections.create', { body: body(tags), key })).status).toBe(status)
  })
  it('403 with a network and no permission for it', async () => {
    const { key } = await world.newKey({ permissions: WRITE })
    const network = { allow_private: true }
    expect((await world.call('connections.create', { body: { ...body({}), network }, key })).status).toBe(403)
  })
  it('403 with a rule of never opened by whoever is no administrator', async () => {
    const { key } = await world.newKey({ permissions: WRITE })
    const books = { ...body({}), connector: 'paheko', secrets: { username: 'a', password: 'b' } }
    const answer = await world.call('connections.create', { body: { ...books, allow_never: ['* /api/sql*'] }, key })
    expect(answer.body).toMatchObject({ status: 403, code: 'not_granted' })
  })
})
