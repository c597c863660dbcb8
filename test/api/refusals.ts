import { describe, expect, it } from 'vitest'
import type { Endpoint } from '../../src/api/endpoint.ts'
import { PERMISSIONS } from '../../src/policy/permissions.ts'
import { type Call, expectFields, type OperationName, operationNamed, type World } from './world.ts'

/**
 * What every operation refuses, whatever it does: the tests that need no thought. `good` is a call that would succeed, so that only
 * the fault under test can be why it is refused; `wrong` are bodies with the fields that must be named.
 */
export function refusals(
  name: OperationName,
  world: () => World,
  good: () => Call | Promise<Call>,
  wrong: readonly (readonly [what: string, body: unknown, ...fields: string[]])[] = [],
): void {
  const { method, permission } = operationNamed(name)
  const takesBody = 'body' in operationNamed(name)
  const call = async (more: Call) => world().call(name, { ...(await good()), ...more })

  describe('what every operation refuses', () => {
    badRequests(name, world, good)
    if (takesBody) badBodies(name, world, good)
    for (const [what, body, ...fields] of wrong) {
      it(`400 with ${what}`, async () => expectFields(await call({ body }), ...fields))
    }
    it('401 without a credential', async () => {
      const answer = await call({ key: null })
      expect(answer.body).toMatchObject({ status: 401, code: 'unauthenticated' })
      expect(answer.headers.get('www-authenticate')).toContain('Bearer')
    })
    it.each(['junk', `oct_key_00000000_${'0'.repeat(38)}`])('401 with a wrong key: %s', async (key) => {
      expect((await call({ key })).body).toMatchObject({ status: 401, code: 'unauthenticated' })
    })
    it('401 with a revoked key', async () => {
      const { id, key } = await world().newKey({ permissions: ['*'] })
      await world().must('keys.revoke', { params: { id } })
      expect((await call({ key })).body).toMatchObject({ status: 401, code: 'key_revoked' })
    })
    it('401 with a secret that has ended', async () => {
      const { id, key } = await world().newKey({ permissions: ['*'] })
      await world().must('keys.rotate', { params: { id }, body: { overlap_s: 0 } })
      expect((await call({ key })).body).toMatchObject({ status: 401, code: 'key_expired' })
    })
    it('401 with a disabled key, told apart from a wrong one by nothing', async () => {
      const { id, key } = await world().newKey({ permissions: ['*'] })
      await world().must('keys.update', { params: { id }, body: { disabled: true } })
      const [disabled, wrongKey] = [await call({ key }), await call({ key: 'junk-that-is-long-enough' })]
      expect({ ...disabled.body, request_id: '' }).toEqual({ ...wrongKey.body, request_id: '' })
    })
    if (permission === null) return
    it(`403 without ${permission}, with every other permission`, async () => {
      const others = PERMISSIONS.filter((other) => other !== permission && other !== '*')
      const { key } = await world().newKey({ permissions: others, grants: [{ connection: 'any', allow: ['* /**'] }] })
      const answer = await call({ key })
      expect(answer.body).toMatchObject({ status: 403, code: 'not_granted' })
      expect(answer.body.detail).toContain(permission)
    })
    it(`403 for a stranger even with a request that is not valid (${method})`, async () => {
      const { key } = await world().newKey()
      expect((await call({ key, query: { nonsense: '1' } })).status).toBe(403)
    })
  })
}

function badRequests(name: OperationName, world: () => World, good: () => Call | Promise<Call>): void {
  const call = async (more: Call) => world().call(name, { ...(await good()), ...more })
  it('400 with an unknown query parameter', async () => {
    expectFields(await call({ query: { nonsense: '1' } }), 'nonsense')
  })
  it('400 with a key in the URL', async () => {
    const { key } = await world().newKey()
    const answer = await call({ query: { api_key: key } })
    expect(answer.body).toMatchObject({ status: 400, code: 'invalid_request' })
    expect(JSON.stringify(answer.body)).not.toContain(key)
  })
  it('400 with two credentials', async () => {
    expect((await call({ headers: { 'API-KEY': 'another' } })).body).toMatchObject({ code: 'ambiguous_credentials' })
  })
  if (!('params' in operationNamed(name))) return
  it.each(['a b', 'Ü', 'a\u0000', '../x', 'A', 'x'.repeat(65)])('400 with %j as an id', async (id) => {
    expectFields(await call({ params: { ...(await good()).params, id } }), 'id')
  })
}

function badBodies(name: OperationName, world: () => World, good: () => Call | Promise<Call>): void {
  const { method, path } = operationNamed(name)
  const send = async (body: string | null, type: string | undefined) => {
    const { params = {} } = await good()
    const filled = path.replace(/\{(\w+)\}/g, (_, field: string) => params[field] ?? '')
    const { gate } = world()
    const headers = {
      authorization: `Bearer ${gate.adminKey}`,
      ...(type === undefined ? {} : { 'content-type': type }),
    }
    const answer = await fetch(`${gate.url}/api/v1${filled}`, { method, headers, body })
    return { status: answer.status, body: (await answer.json()) as { code: string; detail: string } }
  }
  it.each([
    ['no JSON', '{"name": ', 'application/json'],
    ['an empty body that says that it is JSON', '', 'application/json'],
    ['a form', 'name=x', 'application/x-www-form-urlencoded'],
    ['plain text', '{}', 'text/plain'],
    ['a prototype', '{"__proto__": {"permissions": ["*"]}}', 'application/json'],
  ])('400 with %s', async (_, body, type) => {
    expect(await send(body, type)).toMatchObject({ status: 400, body: { code: 'invalid_request' } })
  })
  it.each(['[]', '"text"', '7', 'true'])('400 with %s as the body', async (body) => {
    expect(await send(body, 'application/json')).toMatchObject({ status: 400, body: { code: 'invalid_request' } })
  })
  it('400 with an unknown field', async () => {
    const { body } = await good()
    const answer = await world().call(name, { ...(await good()), body: { ...(body as object), nonsense: 1 } })
    expectFields(answer, 'nonsense')
  })
  it('413 with more than a megabyte, or than the operation takes', async () => {
    const { bodyBytes = 1024 * 1024 } = operationNamed(name) as Endpoint
    const answer = await send(JSON.stringify({ name: 'x'.repeat(bodyBytes) }), 'application/json')
    expect(answer).toMatchObject({ status: 413, body: { code: 'payload_too_large' } })
  })
}
