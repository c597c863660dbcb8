import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { OPERATIONS } from '../../src/api/index.ts'
import { ERROR_CODES } from '../../src/core/errors.ts'
import { errorsOf } from '../../src/http/openapi.ts'
import { compile, type DescribedOperation, pointed } from './openapi_check.ts'
import { startWorld, type World } from './world.ts'

/** /openapi.json is OpenAPI 3.1. That real answers keep to it is checked at every call of every test (`world.ts`). */

let world: World
let described: { path: string; method: string; operation: DescribedOperation }[]
beforeAll(async () => {
  world = await startWorld()
  described = Object.entries(world.description.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  )
})
afterAll(() => world.stop())

function walk(node: unknown, visit: (object: Record<string, unknown>) => void): void {
  if (node === null || typeof node !== 'object') return
  if (!Array.isArray(node)) visit(node as Record<string, unknown>)
  for (const value of Object.values(node)) walk(value, visit)
}

describe('/openapi.json', () => {
  it('200 with version 3.1 and every part that the specification requires', async () => {
    const answer = await fetch(`${world.gate.url}/openapi.json`)
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      200,
      expect.stringMatching(/^application\/json/),
    ])
    expect(await answer.json()).toMatchObject({
      openapi: expect.stringMatching(/^3\.1\.\d+$/),
      info: { title: expect.any(String), version: expect.any(String) },
      servers: [{ url: expect.stringMatching(/^https?:/) }],
      paths: expect.any(Object),
    })
  })
  it('describes every operation once, by its own id', () => {
    expect(described.map(({ operation }) => operation.operationId).sort()).toEqual(
      OPERATIONS.map(({ name }) => name).sort(),
    )
    for (const { method } of described) expect(['get', 'post', 'put', 'patch', 'delete']).toContain(method)
  })
  it('has the parameters that each path names, required, and no other path parameter', () => {
    for (const { path, operation } of described) {
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
      const given = operation.parameters.filter((parameter) => parameter.in === 'path')
      expect(given.map(({ name }) => name)).toEqual(named)
      for (const parameter of given) expect(parameter.required).toBe(true)
      const places = operation.parameters.map((parameter) => `${parameter.in} ${parameter.name}`)
      expect(new Set(places).size).toBe(places.length)
    }
  })
  it('has no $ref that points to nothing, and security schemes that are there', () => {
    walk(world.description, (object) => {
      if (typeof object.$ref === 'string') pointed(world.description, object.$ref)
    })
    const { security } = world.description as unknown as { security: object[] }
    for (const name of security.flatMap(Object.keys)) {
      expect(world.description.components.securitySchemes).toHaveProperty(name)
    }
  })
  it('has schemas that can be compiled, for parameters, bodies and answers', () => {
    let schemas = 0
    walk(world.description.paths, (object) => {
      if (typeof object.schema !== 'object' || object.schema === null) return
      expect(compile(world.description, object.schema as Record<string, unknown>)).toBeInstanceOf(z.ZodType)
      schemas++
    })
    expect(schemas).toBeGreaterThan(200)
  })
  it('tells of one success and of every refusal, with its status', () => {
    for (const { operation } of described) {
      const endpoint = OPERATIONS.find(({ name }) => name === operation.operationId) as never
      const statuses = Object.keys(operation.responses)
      expect(statuses.filter((status) => status.startsWith('2'))).toHaveLength(1)
      const refusals = [...errorsOf(endpoint)].map((code) => String(ERROR_CODES[code].status))
      expect(statuses.filter((status) => !status.startsWith('2')).sort()).toEqual([...new Set(refusals)].sort())
      for (const { description } of Object.values(operation.responses)) expect(description).not.toBe('')
    }
  })
  it('requires a body only where one must be sent', () => {
    const optional = described.filter(({ operation }) => operation.requestBody?.required === false)
    expect(optional.map(({ operation }) => operation.operationId).sort()).toEqual([
      'accounts.invite',
      'accounts.reset_password',
      'accounts.set_password',
      'clients.rotate',
      'connections.switch',
      'connections.test',
      'keys.rotate',
      'webhooks.activate',
      'webhooks.rotate',
    ])
  })
  it('takes the bodies that the gate takes and no field that it does not know', () => {
    const operation = described.find((entry) => entry.operation.operationId === 'keys.create')?.operation
    const schema = operation?.requestBody?.content['application/json']?.schema as Record<string, unknown>
    const check = (body: unknown) => compile(world.description, schema).safeParse(body).success
    expect(check({ name: 'x', grants: [{ connection: 'a', allow: ['GET /'] }] })).toBe(true)
    expect([check({}), check({ name: 'x', hash: 'y' }), check({ name: 7 })]).toEqual([false, false, false])
  })
})
