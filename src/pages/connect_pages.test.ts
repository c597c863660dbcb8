import { describe, expect, it } from 'vitest'
import {
  connectAuthorise,
  connectChoose,
  connectCode,
  connectDone,
  connectEnded,
  connectFailed,
  connectOnward,
  connectRefused,
  connectStopped,
} from './connect.ts'

const AROUND = { language: 'en', host: 'octroi.example.org', service: 'Acme <&>' } as const
const POSTING = { action: '/connect/x', csrf: 'token-1' }
const ACCOUNTS = [
  { id: '1', label: 'One & only' },
  { id: '2', label: 'Two', hint: 'Org. 2' },
]

describe('authorise', () => {
  it('200, says where one signs in, and posts the token', () => {
    const { status, body } = connectAuthorise({ ...AROUND, ...POSTING, signInHost: 'login.acme.example' })
    expect(status).toBe(200)
    expect(body).toContain('<strong>login.acme.example</strong>')
    expect(body).toMatch(/<form method="post" action="\/connect\/x"><input type="hidden" name="csrf" value="token-1">/)
    expect(body).toContain('Continue to Acme &lt;&amp;&gt;</button>')
  })
})

describe('onward', () => {
  it('200, leads on at once, and by a button', () => {
    const { status, body } = connectOnward({ ...AROUND, target: 'https://login.acme.example/authorize?state=s&b=1' })
    expect(status).toBe(200)
    expect(body).toContain('content="0; url=https://login.acme.example/authorize?state=s&amp;b=1"')
    expect(body).toContain('href="https://login.acme.example/authorize?state=s&amp;b=1"')
  })
  it('leads to no other place than the web', () => {
    expect(() => connectOnward({ ...AROUND, target: 'javascript:alert(1)' })).toThrow()
  })
})

describe('choose', () => {
  it('200, each account with its id as the value', () => {
    const { status, body } = connectChoose({ ...AROUND, ...POSTING, accounts: ACCOUNTS, chosen: '2' })
    expect(status).toBe(200)
    expect(
      [...body.matchAll(/type="radio" name="account" value="(\d)" id="[^"]*"( checked)?/g)].map(([, id, on]) => [
        id,
        on,
      ]),
    ).toEqual([
      ['1', undefined],
      ['2', ' checked'],
    ])
    expect(body).toContain('One &amp; only')
  })
  it('422 when nothing was chosen, with a link to the first', () => {
    const { status, body } = connectChoose({ ...AROUND, ...POSTING, accounts: ACCOUNTS, fault: 'unchosen' })
    expect(status).toBe(422)
    expect(body).toContain('<a href="#field-account">')
    expect(body).toContain('value="1" id="field-account"')
    expect(body).toContain('<title>Error: Choose an account')
  })
})

describe('a step that could not go on', () => {
  it.each([
    [422, 'upstream_unreachable', 'cannot be reached'],
    [422, 'csrf_rejected', 'open for too long'],
    [429, 'rate_limited', 'too much going on'],
    [503, 'busy', 'too much going on'],
    [503, 'store_unavailable', 'trouble on our side'],
    [500, 'internal', 'trouble on our side'],
    // A code of the 4xx that is not the person's to mend is a fault of ours.
    [500, 'not_granted', 'trouble on our side'],
  ] as const)('%s %s', (status, fault, sentence) => {
    const pages = [
      connectAuthorise({ ...AROUND, ...POSTING, signInHost: 'login.acme.example', fault }),
      connectChoose({ ...AROUND, ...POSTING, accounts: ACCOUNTS, fault }),
    ]
    for (const page of pages) {
      expect(page.status).toBe(status)
      expect(/<div role="alert".*?<\/div>/s.exec(page.body)?.[0]).toContain(sentence)
      expect(page.body).toContain('<title>Error: ')
    }
  })
})

describe('the end', () => {
  it('200 done, with the account, and back to the application by its host', () => {
    const page = connectDone({ ...AROUND, identity: 'marie', back: 'https://app.example.org/x?code=1' })
    expect(page.status).toBe(200)
    expect(page.body).toContain('<strong>marie</strong>')
    expect(page.body).toContain('<a class="button" href="https://app.example.org/x?code=1">Back to app.example.org</a>')
    expect(page.body).not.toContain('close this page')
  })
  it('200 done, without a way back: the page can be closed', () => {
    expect(connectDone(AROUND).body).toContain('You can close this page.')
  })
  it('does not lead back to what is no address', () => {
    expect(() => connectDone({ ...AROUND, back: 'javascript:alert(1)' })).toThrow()
  })
  it('200 code, with how long it works and whom not to give it to', () => {
    const page = connectCode({ ...AROUND, code: 'ABCD-1234', minutes: 10 })
    expect(page.status).toBe(200)
    expect(page.body).toContain('>ABCD-1234</code>')
    expect(page.body).toContain('within 10 minutes')
    expect(page.body).toContain('If you do not know this person')
    expect(connectCode({ ...AROUND, code: 'A', minutes: 1 }).body).toContain('within 1 minute,')
  })
  it.each([
    [404, 'unknown', 'This link is not known'],
    [410, 'expired', 'This link has expired'],
    [410, 'used', 'This link was already used'],
  ] as const)('%s %s link', (status, reason, title) => {
    const page = connectEnded({ ...AROUND, reason })
    expect(page.status).toBe(status)
    expect(page.body).toContain(`<h1>${title}</h1>`)
    expect(page.body).toContain('ask the person who sent you this one')
  })
  it.each([
    ['person', 'The connection was not approved'],
    ['service', 'Acme &lt;&amp;&gt; refused the connection'],
    ['other_account', 'This is another account'],
  ] as const)('200 refused by %s, and how to try again', (by, title) => {
    const page = connectRefused({ ...AROUND, by, retry: '/connect/x', detail: '<invalid_scope>' })
    expect(page.status).toBe(200)
    expect(page.body).toContain(`<h1>${title}</h1>`)
    expect(page.body).toContain('&lt;invalid_scope&gt;')
    expect(page.body).toContain('<a class="button" href="/connect/x?lang=en">Try again</a>')
  })
  it.each([500, 502, 503, 504] as const)(
    '%s failed, with the number for the log and no word of the cause',
    (status) => {
      const page = connectFailed({ ...AROUND, status, requestId: 'abc123' })
      expect(page.status).toBe(status)
      expect(page.body).toContain('<code>abc123</code>')
      expect(page.body).not.toContain('Try again</a>')
    },
  )
})

describe('stopped', () => {
  it.each([
    ['cookies', 403, 'allow cookies for octroi.example.org'],
    ['stale', 403, 'not sent from the page'],
    ['wrong', 413, 'too much of it'],
  ] as const)('%s: %i, in words, with a way to begin anew', (reason, wanted, words) => {
    const { status, body } = connectStopped({
      ...AROUND,
      reason,
      status: wanted,
      retry: '/connect/x',
      detail: 'why <b>',
    })
    expect(status).toBe(wanted)
    expect(body).toContain(words)
    expect(body).toContain('Nothing was connected')
    expect(body).toContain('href="/connect/x?lang=en"')
    expect(body).toContain('why &lt;b&gt;')
  })
})
