import { createSecretKey, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { newToken } from '../../core/ids.ts'
import { flowTo } from '../flow.ts'
import { PeopleSecrets } from '../secrets.ts'
import { type Begun, begunName, openBegun, sealBegun, surplus } from './begun.ts'

/** Seals by writing the place beside: what was sealed for another place, or by nobody, does not open. */
const secrets = new PeopleSecrets(createSecretKey(randomBytes(32)), {
  seal: (plain, place) => Buffer.from(`${place}|${Buffer.from(plain)}`).toString('base64url'),
  open(sealed, place) {
    const text = Buffer.from(sealed, 'base64url').toString()
    if (!text.startsWith(`${place}|`)) throw new Error('it does not open')
    return Buffer.from(text.slice(place.length + 1))
  },
})

const begun = (fields: Partial<Begun> = {}): Begun => ({
  flow: flowTo('/account'),
  method: 'agency',
  state: newToken(),
  keep: { nonce: 'n' },
  browser: 'the browser',
  redirectUri: 'https://gate.example.org/sign-in/agency/callback',
  at: 1_000_000,
  ...fields,
})

describe('openBegun', () => {
  const kept = begun()
  const sealed = sealBegun(secrets, kept)
  const { method, state, browser, redirectUri } = kept
  const right = { method, state, browser, redirectUri, now: 1_000_000 }

  it('the one that was kept, for its method, state, browser and address, within ten minutes', () => {
    expect(openBegun(secrets, sealed, right)).toEqual(kept)
    expect(openBegun(secrets, sealed, { ...right, now: 1_600_000 })).toEqual(kept)
  })

  const wrong: [string, Partial<typeof right>][] = [
    ['another method', { method: 'other' }],
    ['another state', { state: newToken() }],
    ['another browser', { browser: 'another' }],
    ['another address', { redirectUri: 'https://gate.example.org/sign-in/other/callback' }],
    ['ten minutes later', { now: 1_600_001 }],
  ]
  it.each(wrong)('T35 nothing for %s', (_, fields) => {
    expect(openBegun(secrets, sealed, { ...right, ...fields })).toBeUndefined()
  })

  it('T35 nothing for what we did not seal for it', () => {
    expect(openBegun(secrets, undefined, right)).toBeUndefined()
    expect(openBegun(secrets, 'rubbish', right)).toBeUndefined()
    expect(openBegun(secrets, secrets.seal(kept, 'flow'), right)).toBeUndefined()
  })
})

describe('surplus', () => {
  const cookies = (...all: Begun[]) =>
    new Map(all.map((one) => [begunName(one.state), sealBegun(secrets, one) as string]))

  it('beside a new one, three are kept: the youngest', () => {
    const all = [3, 1, 4, 2, 5].map((at) => begun({ at }))
    const names = all.map(({ state }) => begunName(state))
    expect(surplus(secrets, cookies(...all), 500).sort()).toEqual([names[1], names[3]].sort())
  })

  it('what cannot be read goes', () => {
    expect(surplus(secrets, new Map([['flow_x', 'rubbish']]), 500)).toEqual(['flow_x'])
  })

  it('large ones go before the header is too large for a proxy', () => {
    const large = { flow: flowTo(`/account?${'x'.repeat(1_500)}`) }
    const all = [begun({ at: 1, ...large }), begun({ at: 2, ...large }), begun({ at: 3 })]
    const sizes = [...cookies(...all).values()].map(({ length }) => length)
    expect(sizes[0]).toBeGreaterThan(2_000)
    expect(surplus(secrets, cookies(...all), 2_500)).toEqual([begunName((all[0] as Begun).state)])
  })
})

it('what does not fit into a cookie is not kept', () => {
  expect(sealBegun(secrets, begun({ flow: flowTo(`/account?${'x'.repeat(4_000)}`) }))).toBeUndefined()
})
