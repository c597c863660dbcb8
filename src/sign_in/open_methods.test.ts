import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { SignInMethod, StoredSignInMethod } from '../core/people_types.ts'
import type { OpenMethod } from './method.ts'
import type { MethodKind, MethodParts } from './methods/method_kind.ts'
import { Methods, methodPlace } from './open_methods.ts'

const row = (id: string, fields: Partial<SignInMethod> = {}, sealed: string | null = null): StoredSignInMethod => ({
  sealed,
  method: {
    id,
    kind: 'oidc',
    name: id,
    position: 0,
    enabled: true,
    settings: { issuer: 'https://issuer.example' },
    secret_names: [],
    first_sign_in: 'create',
    second_factor: 'never',
    groups: [],
    organizations: 'ignore',
    network: {},
    created_at: '2026-11-22T00:00:00.000Z',
    updated_at: '2026-11-22T00:00:00.000Z',
    ...fields,
  },
})

function methodsOf(rows: StoredSignInMethod[]) {
  const state = { version: 1, rows, reads: 0, opened: [] as { id: string; secrets: unknown }[], logged: [] as object[] }
  const kind: MethodKind = {
    kind: 'oidc',
    title: 'Fake',
    settings: z.strictObject({ issuer: z.url() }),
    secrets: {},
    open(method, secrets) {
      state.opened.push({ id: method.id, secrets })
      return { type: 'redirect', method } as OpenMethod
    },
  }
  const log = { warn: () => undefined, error: (fields: object) => void state.logged.push(fields) }
  const methods = new Methods({
    hot: {
      version: () => state.version,
      async signInMethods() {
        state.reads++
        return state.rows
      },
    },
    kinds: { password: kind, ldap: kind, oidc: kind, passkey: { ...kind, isPossible: () => false } },
    sealer: {
      seal: (plain, place) => `${place}|${Buffer.from(plain)}`,
      open(sealed, place) {
        if (!sealed.startsWith(`${place}|`)) throw new Error('it does not open')
        return Buffer.from(sealed.slice(place.length + 1))
      },
    },
    parts: { log } as unknown as MethodParts,
  })
  return { methods, state }
}

describe('Methods', () => {
  it('reads the rows once for each version of the store', async () => {
    const { methods, state } = methodsOf([row('a')])
    await methods.all()
    await methods.find('a')
    expect(state.reads).toBe(1)
    state.version++
    await methods.all()
    expect(state.reads).toBe(2)
  })

  it('one that stays as it was stays open, with what it has learnt; one that changes is opened anew', async () => {
    const { methods, state } = methodsOf([row('a'), row('b')])
    const [a, b] = await methods.all()
    state.version++
    state.rows = [row('a'), row('b', { name: 'Another name' })]
    const [a2, b2] = await methods.all()
    expect(a2?.open).toBe(a?.open)
    expect(b2?.open).not.toBe(b?.open)
    expect(b2?.method.name).toBe('Another name')
  })

  it('opens its secrets at its own place alone', async () => {
    const good = `${methodPlace('a')}|{"client_secret":"s"}`
    const { methods, state } = methodsOf([row('a', {}, good), row('b', {}, good)])
    const [a, b] = await methods.all()
    expect(state.opened).toEqual([{ id: 'a', secrets: { client_secret: 's' } }])
    expect([a?.open === undefined, b?.open]).toEqual([false, undefined])
  })

  it('settings that are none leave the others as they are, and are told once', async () => {
    const { methods, state } = methodsOf([row('a', { settings: { issuer: 'nothing' } }), row('b')])
    for (let i = 0; i < 3; i++) {
      state.version++
      const [a, b] = await methods.all()
      expect([a?.open, b?.open?.type]).toEqual([undefined, 'redirect'])
    }
    expect(state.logged).toMatchObject([{ sign_in_method: 'a' }])
  })

  it('one that was deleted is gone', async () => {
    const { methods, state } = methodsOf([row('a')])
    await methods.all()
    state.version++
    state.rows = []
    expect(await methods.find('a')).toBeUndefined()
  })

  it('passkeys where browsers have none are no fault', async () => {
    const { methods, state } = methodsOf([row('passkey', { kind: 'passkey' })])
    expect(await methods.find('passkey')).toMatchObject({ open: undefined, possible: false })
    expect(state.logged).toEqual([])
  })
})
