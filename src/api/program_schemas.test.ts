import { generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { hostsMeet, isLoopbackHost } from '../policy/route_hosts.ts'
import { AccountCreate } from './account_schemas.ts'
import { IssuerCreate } from './issuer_schemas.ts'
import { Jwks } from './jwks.ts'
import { RouteCreate } from './route_schemas.ts'

/** What comes from outside is refused or brought into a form that stays as it is; nothing makes a schema throw. */

const route = { host: 'a.example.org', path: '/', accept: { any: ['api_key'] } }
const PUBLIC = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })
const MEMBERS = ['kty', 'kid', 'use', 'alg', 'n', 'e', 'crv', 'x', 'y']

const hosts = fc.oneof(
  fc.string(),
  fc.domain(),
  fc.ipV4(),
  fc.ipV6().map((address) => `[${address}]`),
  fc.domain().map((domain) => `*.${domain.toUpperCase()}.`),
  fc.string({ unit: 'grapheme' }),
)

function expectNamed(schema: z.ZodObject): void {
  const names = Object.keys(schema.shape)
  const things = fc.record(Object.fromEntries(names.map((name) => [name, fc.jsonValue()])))
  fc.assert(
    fc.property(things, (thing) => {
      const issues = schema.safeParse(thing).error?.issues ?? []
      for (const { path } of issues) expect(names).toContain(path[0])
    }),
  )
}

describe('a route', () => {
  it('has a host that is the same when it is given again', () => {
    fc.assert(
      fc.property(hosts, (host) => {
        const once = RouteCreate.safeParse({ ...route, host })
        if (!once.success) return
        expect(once.data.host).toMatch(/^[a-z0-9_.:[\]*-]+$/)
        expect(RouteCreate.parse({ ...route, host: once.data.host }).host).toBe(once.data.host)
      }),
    )
  })
  it('has origins that are the same when they are given again, as a browser sends them', () => {
    const origins = fc.oneof(fc.string(), fc.webUrl(), fc.webUrl({ validSchemes: ['http', 'https', 'ftp'] }))
    fc.assert(
      fc.property(fc.array(origins), (given) => {
        const once = RouteCreate.safeParse({ ...route, cors: { origins: given } })
        if (!once.success) return
        for (const origin of once.data.cors.origins) expect(new URL(origin).origin).toBe(origin)
        const { cors } = once.data
        expect(RouteCreate.parse({ ...route, cors }).cors).toEqual(cors)
      }),
    )
  })
  it('is refused by the names of its fields, whatever stands in them', () => expectNamed(RouteCreate))
})

describe('keys of an issuer', () => {
  it('are public ones with nothing else in them, or refused', () => {
    const values = fc.oneof(fc.jsonValue(), fc.constantFrom('RSA', 'EC', 'OKP', 'oct', 'P-256', PUBLIC.x, PUBLIC.y))
    const names = fc.constantFrom(...MEMBERS, 'd', 'k', 'p', 'x5c', 'x5u', 'key_ops')
    const jwk = fc.dictionary(names, values).map((more) => ({ ...PUBLIC, ...more }))
    fc.assert(
      fc.property(jwk, (key) => {
        const found = Jwks.safeParse({ keys: [key] })
        if (!found.success) return
        const [kept = {}] = found.data.keys
        expect(Object.keys(kept).filter((name) => !MEMBERS.includes(name))).toEqual([])
        expect(['d', 'k', 'p'].filter((name) => name in key)).toEqual([])
      }),
    )
  })
  it('and an issuer is refused by the names of its fields, whatever stands in them', () => expectNamed(IssuerCreate))
})

describe('an account', () => {
  it('has subjects that are the same when they are given again', () => {
    const subjects = fc.oneof(
      fc.string(),
      fc.string({ unit: 'grapheme' }).map((text) => `CN=${text},O=Shop`),
    )
    fc.assert(
      fc.property(subjects, (subject) => {
        const account = (text: string) => ({ kind: 'service', name: 'x', certificate_subjects: [text] })
        const once = AccountCreate.safeParse(account(subject))
        if (!once.success) return
        const [kept = ''] = once.data.certificate_subjects
        expect(AccountCreate.parse(account(kept)).certificate_subjects).toEqual([kept])
      }),
    )
  })
})

describe('two hosts of routes', () => {
  it.each([
    ['a.org', 'a.org', true],
    ['a.org', 'b.org', false],
    ['*', 'b.org', true],
    ['*.org', 'a.org', true],
    ['*.org', 'b.a.org', true],
    ['*.a.org', 'a.org', false],
    ['*.a.org', 'ba.org', false],
    ['*.a.org', '*.org', true],
    ['*.a.org', '*.b.org', false],
    ['*.a.org', '*', true],
  ])('%s and %s may meet: %s', (a, b, expected) => {
    expect([hostsMeet(a, b), hostsMeet(b, a)]).toEqual([expected, expected])
  })
  it.each([
    ['localhost', true],
    ['octroi.localhost', true],
    ['127.1.2.3', true],
    ['[::1]', true],
    ['localhost.example.org', false],
    ['10.0.0.1', false],
    ['[::2]', false],
  ])('%s is of this machine only: %s', (host, expected) => expect(isLoopbackHost(host)).toBe(expected))
})
