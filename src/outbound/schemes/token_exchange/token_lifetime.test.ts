import { SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { TemplateScope } from '../../connectors/template.ts'
import { compileLifetime, lifetimeSchema } from './token_lifetime.ts'

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: these are templates of a connector
const NOW = Date.parse('2026-11-21T12:00:00Z')
const names = { secrets: [], token: ['e', 'jwt'] }
const ends = (lifetime: unknown, values: Record<string, string> = {}) =>
  compileLifetime(lifetimeSchema.parse(lifetime), new TemplateScope([], []), names)({}, values, NOW)
const at = (lifetime: unknown, e?: string) => {
  const { expiresAt } = ends(lifetime, e === undefined ? {} : { e })
  return expiresAt === null ? null : new Date(expiresAt).toISOString()
}

describe('lifetime of a token', () => {
  it.each([
    [{ expires_in: '${token.e}' }, '90', '2026-11-21T12:01:30.000Z'],
    [{ expires_in: '${token.e}', unit: 'ms' }, '90000.5', '2026-11-21T12:01:30.000Z'],
    [{ expires_in: '${token.e}', unit: 'min' }, '90', '2026-11-21T13:30:00.000Z'],
    [{ expires_in: '${token.e}', unit: 'h' }, '2', '2026-11-21T14:00:00.000Z'],
    [{ expires_in: '${token.e}' }, '-1', '2026-11-21T11:59:59.000Z'],
    [{ expires_in: '${token.e}' }, '999999999999', '2127-02-05T12:00:00.000Z'],
    [{ expires_at: '${token.e}', format: 'epoch_s' }, '1795303805', '2026-11-21T23:30:05.000Z'],
    [{ expires_at: '${token.e}', format: 'epoch_ms' }, '1795303805000', '2026-11-21T23:30:05.000Z'],
    [{ expires_at: '${token.e}' }, '2026-11-21T15:00:00+02:00', '2026-11-21T13:00:00.000Z'],
    [{ expires_at: '${token.e}', zone: 'Europe/Oslo' }, '2026-11-21T15:00:00', '2026-11-21T14:00:00.000Z'],
    [{ midnight: '${token.e}', zone: 'Europe/Oslo' }, '2026-11-23', '2026-11-22T23:00:00.000Z'],
    [{ midnight: '${token.e}', zone: '+01:00' }, '2026-07-23T08:00:00', '2026-07-22T23:00:00.000Z'],
    [{ fixed_s: 600 }, undefined, '2026-11-21T12:10:00.000Z'],
    [{ expires_in: '${token.e}', otherwise_s: 600 }, undefined, '2026-11-21T12:10:00.000Z'],
    [{ expires_in: '${token.e}' }, undefined, null],
    ['none', undefined, null],
    [undefined, undefined, null],
    ['one_shot', undefined, '2026-11-21T12:00:00.000Z'],
  ])('%j of %s', (lifetime, value, expected) => {
    expect(at(lifetime, value)).toBe(expected)
  })

  it.each([
    [{ expires_in: '${token.e}' }, 'soon'],
    [{ expires_at: '${token.e}' }, '2026-11-21T15:00:00'],
    [{ midnight: '${token.e}', zone: 'UTC' }, '21.11.2026'],
    [{ midnight: '${token.e}', zone: 'UTC' }, undefined],
  ])('%j of %s is transient: a guess would be wrong', (lifetime, value) => {
    expect(() => at(lifetime, value)).toThrow(expect.objectContaining({ kind: 'transient' }))
  })

  it('one_shot is not kept for a later call', () => {
    expect(ends('one_shot')).toEqual({ expiresAt: NOW, once: true })
  })

  it('a sliding end is moved by use, but never past the greatest age', () => {
    expect(ends({ idle_s: 60 })).toEqual({ expiresAt: null, idleSeconds: 60 })
    expect(ends({ idle_s: 60, max_s: 3600 })).toEqual({ expiresAt: NOW + 3_600_000, idleSeconds: 60 })
    expect(ends({ idle_s: 60, max_s: 30 })).toEqual({ expiresAt: NOW + 30_000, idleSeconds: 30 })
  })

  it('reads the end of our own bearer, and takes an opaque one as it is', async () => {
    const jwt = await new SignJWT({ exp: 1795303805 }).setProtectedHeader({ alg: 'HS256' }).sign(new Uint8Array(32))
    expect(ends({ jwt_exp: 'jwt' }, { jwt })).toEqual({ expiresAt: 1795303805000 })
    expect(ends({ jwt_exp: 'jwt' }, { jwt: 'eyJ.opaque' })).toEqual({ expiresAt: null })
    expect(ends({ jwt_exp: 'jwt', otherwise_s: 60 }, { jwt: 'opaque' })).toEqual({ expiresAt: NOW + 60_000 })
  })
})
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: these are templates of a connector
