import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keyWithId } from '../gateway/scene.ts'
import { basic, check, route } from '../requirements/keys_scene.ts'
import { startTestGate, type TestGate } from '../support/gate.ts'

/** D6 around programs that call in by themselves, and around what an application is told of them. */

let gate: TestGate
beforeAll(async () => {
  gate = await startTestGate({
    OCTROI_TRUSTED_PROXIES: '127.0.0.1',
    OCTROI_KEYS: '[api_key_till_9]\nkey = the-secret-of-the-till-9-program\n',
  })
  await gate.api('POST', '/groups', { id: 'accounting', name: 'Accounting' })
  await route({ gate }, { path: '/books/**', allow: { groups: ['accounting'] } })
  await route({ gate }, { path: '/open/**', accept: { any: ['api_key', 'basic'] } })
})
afterAll(() => gate.stop())

async function officer(account: string, more: Record<string, unknown> = {}) {
  await gate.api('POST', '/accounts', { id: account, kind: 'service', name: account })
  return keyWithId(gate, [], {
    account,
    permissions: ['keys.read', 'keys.write', 'accounts.read', 'accounts.write', 'groups.read', 'groups.write'],
    ...more,
  })
}

describe('D6: who is whom', () => {
  it('D6: 403 on deleting an account that holds more: its name would be free for whoever deleted it', async () => {
    await gate.api('POST', '/accounts', {
      id: 'bookkeeper',
      kind: 'service',
      name: 'b',
      groups: ['accounting'],
      password: 'the-bookkeeper-has-this',
    })
    const { key } = await officer('officer')
    expect((await gate.api('DELETE', '/accounts/bookkeeper/password', undefined, { key })).status).toBe(403)
    expect((await gate.api('DELETE', '/accounts/bookkeeper', undefined, { key })).status).toBe(403)
    const again = { id: 'bookkeeper', kind: 'service', name: 'b', password: 'the-officer-has-this-one' }
    expect((await gate.api('POST', '/accounts', again, { key })).status).not.toBe(201)
    const authorization = basic('bookkeeper', 'the-officer-has-this-one')
    expect((await check({ gate }, { authorization }, '/open/1')).status).toBe(401)
  })

  it('D6: 403 on taking the tech_name of a secret that the environment provides: its program would be somebody else', async () => {
    const { key, id } = await officer('taker')
    const tries = [
      await gate.api('POST', '/keys', { name: 'mine', tech_name: 'till_9' }, { key }),
      await gate.api('PATCH', `/keys/${id}`, { tech_name: 'till_9' }, { key }),
      await gate.api(
        'POST',
        '/keys/import',
        { name: 'mine', tech_name: 'till_9', secret: 'a-secret-of-my-own-that-is-long' },
        { key },
      ),
      await gate.api('POST', '/keys/import/batch', { keys: [{ name: 'mine', tech_name: 'till_9' }] }, { key }),
    ]
    expect(tries.map(({ status }) => status)).toEqual([403, 403, 403, 403])
    expect((await check({ gate }, { 'API-KEY': 'the-secret-of-the-till-9-program' }, '/open/1')).status).toBe(401)
  })
})
