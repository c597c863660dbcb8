import { describe, expect, it } from 'vitest'
import type { Connection, Grant } from '../core/types.ts'
import { requireHoldings } from './escalation.ts'
import { compileRights } from './grants.ts'

const connection = { id: 'tx', connector: 'tripletex', tags: {}, options: {} } as unknown as Connection
const connector = { grants: {}, never: [] }
const rights = (...grants: Grant[]) => compileRights(grants, connection, connector)
const read: Grant = { connection: 'tx', allow: ['GET /v2/**'] }

describe('per-request parameters', () => {
  it('not_granted unless a grant that allows the call lists the value', () => {
    const one = rights({ ...read, params: { company: ['5', '7'] } })
    expect(one.decide('GET', '/v2/customer')).toBe('allowed')
    expect(one.decide('GET', '/v2/customer', { company: '7' })).toBe('allowed')
    expect(one.decide('GET', '/v2/customer', { company: '8' })).toBe('not_granted')
    expect(one.decide('GET', '/v2/customer', { other: '7' })).toBe('not_granted')
    expect(rights(read).decide('GET', '/v2/customer', { company: '5' })).toBe('not_granted')
  })
  it('one grant’s value does not open another grant’s path', () => {
    const two = rights({ ...read, params: { company: ['5'] } }, { connection: 'tx', allow: ['POST /v2/order'] })
    expect(two.decide('POST', '/v2/order')).toBe('allowed')
    expect(two.decide('POST', '/v2/order', { company: '5' })).toBe('not_granted')
  })
  it('D6 nobody gives values that he does not hold', () => {
    const holding = (...grants: Grant[]) => ({ permissions: [], grants, groups: [], expires_at: null, cidrs: [] })
    const writer = { key_id: 'aaaaaaaa', account: 'writer', proof: 'api_key' } as const
    const context = { connection: () => connection, connector: () => connector, routes: [] }
    const give = (held: Grant, wanted: Grant) => () =>
      requireHoldings({ ...holding(held), ...writer }, holding(wanted), context)
    const five = { ...read, params: { company: ['5'] } }
    expect(give(five, five)).not.toThrow()
    expect(give(five, read)).not.toThrow()
    expect(give(read, five)).toThrow('not_granted')
    expect(give(five, { ...read, params: { company: ['5', '6'] } })).toThrow('not_granted')
    expect(give(five, { ...read, params: { other: ['5'] } })).toThrow('not_granted')
  })
})
