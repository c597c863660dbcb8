import { readdirSync, readFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { PAHEKO_READER, PAHEKO_WRITER, type Paheko, type PahekoCredential, startPaheko } from './paheko.ts'
import { call, POSTING, post } from './paheko_call.ts'

const DATA = new URL('../data/paheko/', import.meta.url)
let paheko: Paheko | undefined
afterEach(() => paheko?.stop())

/** Which request each recording answers. `posted`: one transaction is in the books already. */
const RECORDINGS: Record<string, { request: string; as?: PahekoCredential | string; body?: unknown; posted?: true }> = {
  'charts.http': { request: 'GET /api/accounting/charts' },
  'dot-dot.http': { request: 'GET /api/../api/accounting/years' },
  'double-slash.http': { request: 'GET /api//accounting/years', as: '' },
  'journal-unknown-year.http': { request: 'GET /api/accounting/years/999/journal' },
  'journal.http': { request: 'GET /api/accounting/years/current/journal', posted: true },
  'method-head.http': { request: 'HEAD /api/accounting/years' },
  'method-patch.http': { request: 'PATCH /api/accounting/years' },
  'transaction-get-unknown.http': { request: 'GET /api/accounting/transaction/999' },
  'transaction-get.http': { request: 'GET /api/accounting/transaction/1', posted: true },
  'transaction-post-level-too-low.http': {
    request: 'POST /api/accounting/transaction',
    as: PAHEKO_READER,
    body: POSTING,
  },
  'transaction-post-no-label.http': {
    request: 'POST /api/accounting/transaction',
    body: { ...POSTING, label: undefined },
  },
  'transaction-post-unknown-account.http': {
    request: 'POST /api/accounting/transaction',
    body: { ...POSTING, credit: '9999999' },
  },
  'transaction-post.http': { request: 'POST /api/accounting/transaction', body: POSTING },
  'unknown-action.http': { request: 'GET /api/accounting/nothing' },
  'unknown-path.http': { request: 'GET /api/nothing' },
  'user-categories.http': { request: 'GET /api/user/categories' },
  'user-unknown.http': { request: 'GET /api/user/99' },
  'user.http': { request: 'GET /api/user/2' },
  'years-no-credential.http': { request: 'GET /api/accounting/years', as: '' },
  'years-wrong-secret.http': { request: 'GET /api/accounting/years', as: { ...PAHEKO_WRITER, password: 'wrong' } },
  'years.http': { request: 'GET /api/accounting/years' },
}

function recording(name: string) {
  const text = readFileSync(new URL(name, DATA), 'utf8').replaceAll('\r', '')
  const [head = '', ...body] = text.split('\n\n')
  const [first = '', ...headers] = head.split('\n')
  const header = (wanted: string) =>
    headers.find((line) => line.toLowerCase().startsWith(`${wanted}: `))?.slice(wanted.length + 2)
  return { status: Number(first.split(' ')[1]), header, body: body.join('\n\n') }
}

/** The journal carries the time of day at which it was read. */
const withoutClock = (body: string) => body.replace(/\d\d:\d\d:\d\d\.000000/g, 'TIME')

describe('the stand-in answers what the real Paheko answered', () => {
  it('every recording is replayed', () => {
    const files = readdirSync(DATA).filter((name) => name.endsWith('.http'))
    expect(files.sort()).toEqual(Object.keys(RECORDINGS).sort())
  })

  it.each(Object.entries(RECORDINGS))('%s', async (name, { request, as, body, posted }) => {
    paheko = await startPaheko()
    if (posted) await post(paheko, POSTING)
    const [method = '', path = ''] = request.split(' ')
    const answer = await call(paheko, method, path, { as, body })
    const recorded = recording(name)
    expect(answer.status).toBe(recorded.status)
    expect(answer.header('content-type')).toBe(recorded.header('content-type'))
    expect(answer.header('www-authenticate')).toBeUndefined()
    const location = recorded.header('location')?.replace(/:\d+/, `:${paheko.port}`)
    expect(answer.header('location')).toBe(location)
    // The recording of HEAD holds headers twice, that of the HTML page only says so.
    if (method === 'HEAD' || name === 'double-slash.http') expect(answer.text).toBe('')
    else if (name === 'dot-dot.http') expect(answer.text).toMatch(/^<!DOCTYPE html>/)
    else expect(withoutClock(answer.text)).toBe(withoutClock(recorded.body))
  })
})
