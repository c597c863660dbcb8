import { describe, expect, it } from 'vitest'
import type { ClientOpenId } from '../../core/openid_types.ts'
import { allAsked, askedIn } from './asked.ts'

const API = { id: 'https://api.example/v1', scopes: ['read', 'write'] }
const OTHER = { id: 'urn:other', scopes: ['read'] }
const client = { scopes: ['openid', 'profile', 'email'], resources: [API, OTHER] } as unknown as ClientOpenId

describe('what somebody is asked', () => {
  it('what is new, in one order, and nothing that the application may not have', () => {
    const missing = {
      missingOIDCScope: ['groups', 'email', 'profile'],
      missingResourceScopes: { 'https://api.example/v1': ['write', 'admin'] },
    }
    expect(askedIn(missing, { scope: 'openid' }, client)).toEqual({
      scopes: ['profile', 'email'],
      resources: [{ id: API.id, scopes: ['write'] }],
    })
  })
  it('all of it where nothing is new', () => {
    const params = { scope: 'write openid unknown email', resource: [API.id, 'https://nobody.example'] }
    const all = { scopes: ['openid', 'email'], resources: [{ id: API.id, scopes: ['write'] }] }
    expect(askedIn({}, params, client)).toEqual(all)
    expect(askedIn({ missingOIDCScope: ['groups'] }, params, client)).toEqual(all)
  })
  it('a right of an API only where that API was asked for', () => {
    expect(allAsked({ scope: 'openid read' }, client)).toEqual({ scopes: ['openid'], resources: [] })
    expect(allAsked({ scope: 'read', resource: 'urn:other' }, client)).toEqual({ scopes: [], resources: [OTHER] })
    expect(allAsked({}, client)).toEqual({ scopes: [], resources: [] })
  })
  it('no name of an object’s own is taken for an API', () => {
    const odd = { ...client, resources: [{ id: 'constructor', scopes: ['name'] }] }
    expect(askedIn({ missingResourceScopes: {} }, {}, odd)).toEqual({ scopes: [], resources: [] })
  })
})
