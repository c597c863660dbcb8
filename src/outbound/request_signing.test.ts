import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { signRequest } from './request_signing.ts'
import type { OutgoingRequest, RequestSigner } from './scheme.ts'

const request: OutgoingRequest = {
  method: 'GET',
  origin: 'https://acme.example',
  path: '/a',
  query: 'x=1',
  headers: ['Accept', 'application/json', 'authorization', 'Bearer of the caller'],
  body: null,
  params: {},
  now: 0,
}

const signer = (rest: Partial<RequestSigner> = {}): RequestSigner => ({
  needsBody: false,
  sign: () => ({ headers: ['X-Signature', 's', 'ACCEPT', 'text/plain'], query: 'sig=1' }),
  ...rest,
})

describe('signRequest', () => {
  it('without anything to add, the request stays as it is', () => {
    const signed = signRequest({ headers: [], query: '' }, request)
    expect(signed).toEqual({ headers: request.headers, query: 'x=1' })
    expect(signed.headers).toBe(request.headers)
  })

  it('what is the same for every request takes the place of headers with that name, in any case', () => {
    expect(signRequest({ headers: ['Authorization', 'Basic s'], query: 'key=k' }, request)).toEqual({
      headers: ['Accept', 'application/json', 'Authorization', 'Basic s'],
      query: 'x=1&key=k',
    })
  })

  it('a query that was empty gets no & in front', () => {
    expect(signRequest({ headers: [], query: 'key=k' }, { ...request, query: '' }).query).toBe('key=k')
    expect(signRequest({ headers: ['A', 'b'], query: '' }, { ...request, headers: [] }).headers).toEqual(['A', 'b'])
  })

  it('the signer of requests sees the rest as it is sent, and its headers win', () => {
    const sign = vi.fn(signer().sign)
    const signature = { headers: ['X-Tenant', '5'], query: 'key=k', perRequest: signer({ sign }) }
    expect(signRequest(signature, request)).toEqual({
      headers: ['authorization', 'Bearer of the caller', 'X-Tenant', '5', 'X-Signature', 's', 'ACCEPT', 'text/plain'],
      query: 'x=1&key=k&sig=1',
    })
    expect(sign).toHaveBeenCalledExactlyOnceWith({
      ...request,
      headers: [...request.headers, 'X-Tenant', '5'],
      query: 'x=1&key=k',
    })
  })

  it('a signer for parameters alone is asked only when the caller gave one', () => {
    const signature = { headers: [], query: '', perRequest: signer({ onlyWithParams: true }) }
    expect(signRequest(signature, request).query).toBe('x=1')
    expect(signRequest(signature, { ...request, params: { company: '5' } }).query).toBe('x=1&sig=1')
  })

  it('never leaves two headers of one name where the signature sets it', () => {
    const name = fc.constantFrom('Authorization', 'AUTHORIZATION', 'x-a', 'X-A', 'Accept')
    const flat = fc.array(fc.tuple(name, fc.string()), { maxLength: 6 }).map((pairs) => pairs.flat())
    fc.assert(
      fc.property(flat, (headers) => {
        const signed = signRequest({ headers: ['Authorization', 's', 'X-A', 't'], query: '' }, { ...request, headers })
        const names = signed.headers.filter((_, index) => index % 2 === 0).map((text) => text.toLowerCase())
        expect(names.filter((text) => text === 'authorization' || text === 'x-a')).toEqual(['authorization', 'x-a'])
      }),
    )
  })
})
