import { describe, expect, it } from 'vitest'
import { parseConnector } from './connector.ts'
import { credentialRefused, refusalNeedsBody } from './refusal.ts'

const HEAD = 'id: acme\nname: Acme\ndocs: https://acme.example\nscheme: basic\nbase_url: https://acme.example\n'
const strict = parseConnector(`${HEAD}rejected_when: [{ status: 403, body: Invalid }, { status: 419 }]\n`, 'acme.yaml')
const answering = parseConnector(`${HEAD}unauthorized: answer\n`, 'acme.yaml')

describe('refused credential', () => {
  it('401 always is one, unless the connector calls it an answer', () => {
    expect(credentialRefused(strict, 401)).toBe(true)
    expect(credentialRefused(answering, 401)).toBe(false)
  })

  it('403 is one only with the body that the connector names', () => {
    expect(credentialRefused(strict, 403, '{"error":"Invalid"}')).toBe(true)
    expect(credentialRefused(strict, 403, '{"error":"Not allowed"}')).toBe(false)
    expect(credentialRefused(answering, 403, 'Invalid')).toBe(false)
  })

  it('the body is needed only where the status does not decide', () => {
    expect([200, 401, 403, 419].map((status) => refusalNeedsBody(strict, status))).toEqual([false, false, true, false])
  })
})
