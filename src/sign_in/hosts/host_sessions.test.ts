import { createSecretKey } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { AcceptKind, Route } from '../../core/program_types.ts'
import type { ActivityStore } from '../../core/stores.ts'
import { RouteTables } from '../../policy/route_tables.ts'
import { SignInRefused } from '../method.ts'
import { PeopleSecrets } from '../secrets.ts'
import type { Sessions } from '../sessions.ts'
import { HostSessions } from './host_sessions.ts'

const PUBLIC = 'https://octroi.example.org'

function route(host: string, path: string, ...kinds: AcceptKind[]): Route {
  const session = { mfa: path === '/strong', max_age_s: path === '/strong' ? 600 : null }
  return { id: host + path, host, path, methods: ['*'], accept: { mode: 'any', kinds }, session } as unknown as Route
}

const ROUTES = [
  route('app.example.org', '/**', 'session', 'api_key'),
  route('app.example.org', '/strong', 'session'),
  route('app.example.org', '/keys/**', 'api_key'),
  route('keys.example.org', '/**', 'api_key'),
  route('mixed.example.org', '/', 'anonymous'),
  route('mixed.example.org', '/people', 'session'),
  route('mixed.example.org', '/**', 'api_key'),
  route('*.apps.example.org', '/**', 'session'),
  route('app.localhost', '/**', 'session'),
  route('[::1]', '/**', 'session'),
  // No route may be made so; were there one, any host would be a place to send codes to.
  route('*', '/**', 'session'),
]

const hosts = new HostSessions({
  hot: { version: () => 1 },
  tables: new RouteTables({ routes: async () => ROUTES }),
  activity: {} as ActivityStore,
  secrets: new PeopleSecrets(createSecretKey(Buffer.alloc(32)), { seal: () => '', open: () => Buffer.alloc(0) }),
  sessions: {} as Sessions,
  publicUrl: PUBLIC,
  now: () => 0,
})

/** Where a return address leads, or the reason why nowhere. */
async function leadsTo(returnTo: string): Promise<string> {
  try {
    const { towards } = await hosts.towards(returnTo, undefined)
    if (towards.kind === 'own') return PUBLIC + towards.path
    return await hosts.codeFor({ id: 's' } as never, towards)
  } catch (error) {
    if (error instanceof SignInRefused) return error.reason
    throw error
  }
}

describe('a return address', () => {
  it.each([
    ['/account', `${PUBLIC}/account`],
    ['/account/sessions?x=1', `${PUBLIC}/account/sessions?x=1`],
    ['https://app.example.org/', 'https://app.example.org/'],
    ['https://app.example.org', 'https://app.example.org/'],
    ['https://APP.example.org/x?y=z', 'https://app.example.org/x?y=z'],
    ['https://app.example.org:443/x', 'https://app.example.org/x'],
    ['https://a.apps.example.org/x', 'https://a.apps.example.org/x'],
    ['https://mixed.example.org/', 'https://mixed.example.org/'],
    ['http://app.localhost:3000/x', 'http://app.localhost:3000/x'],
    ['http://[::1]:3000/x', 'http://[::1]:3000/x'],
  ])('%s leads to %s', async (given, target) => expect(await leadsTo(given)).toBe(target))

  it('carries what its route asks of a session, and the browser that asked', async () => {
    const binding = 'b'.repeat(43)
    expect(await hosts.towards('https://app.example.org/strong?x', binding)).toEqual({
      towards: { kind: 'host', returnTo: 'https://app.example.org/strong?x', binding },
      needs: { mfa: true, maxAgeS: 600 },
      name: 'app.example.org',
    })
    for (const bad of ['', 'x', `${binding}b`, `${binding.slice(1)}\n`])
      await expect(hosts.towards('https://app.example.org/', bad)).rejects.toMatchObject({ reason: 'bad_request' })
  })

  const BROKEN = [
    // Another host, however it is written.
    ...['https://evil.example/', 'https://evil.example', 'http://evil.example/', '//evil.example', '///evil.example'],
    ...[
      '////evil.example',
      '/\\evil.example',
      '\\\\evil.example',
      '/\t/evil.example',
      '/\n/evil.example',
      '\t//evil.example',
    ],
    ...[
      ' //evil.example',
      'https:evil.example',
      'https:/evil.example',
      'https:///evil.example',
      'https:\\\\evil.example',
    ],
    // What looks like ours.
    ...[
      'https://app.example.org@evil.example/',
      'https://app.example.org:x@evil.example/',
      'https://evil.example\\@app.example.org/',
    ],
    ...['https://app.example.org.evil.example/', 'https://app.example.orgevil.example/', 'https://fooapp.example.org/'],
    ...[
      'https://app-example.org/',
      'https://appXexample.org/',
      'https://evil.example#app.example.org',
      'https://evil.example?app.example.org',
    ],
    ...[
      'https://evil.example/https://app.example.org/',
      'https://app.example.org%2eevil.example/',
      'https://app.example.org%00.evil.example/',
    ],
    ...[
      'https://app.example.org%09.evil.example/',
      'https://app.example.org／evil.example/',
      'https://evil.example／.app.example.org/',
    ],
    ...[
      'https://аpp.example.org/',
      'https://app。example.org/',
      'https://app.example.org\u200b/',
      'https://apps.example.org/',
    ],
    ...[
      'https://.apps.example.org/',
      'https://a..apps.example.org/',
      'https://[::ffff:7f00:1]/',
      'https://octroi.example.org/account',
    ],
    // Another scheme, or none.
    ...[
      'javascript:alert(1)',
      'JaVaScRiPt:alert(1)',
      'java\nscript:alert(1)',
      'data:text/html,x',
      'vbscript:x',
      'file:///etc/passwd',
    ],
    ...[
      'ftp://app.example.org/',
      'ws://app.example.org/',
      'http://app.example.org/',
      'app.example.org/',
      'https://',
      'https:',
    ],
    // Broken out of the header.
    ...[
      'https://app.example.org/%0d%0aSet-Cookie:x=y\r\n',
      'https://app.example.org/\r\nLocation: https://evil.example/',
      '/account\r\nX: y',
    ],
    ...['https://app.example.org/\0', 'https://app.example.org/\u00e9', 'https://app.example.org/ x'],
    // Ours, and still not a page of people.
    ...[
      'https://app.example.org:8443/',
      'https://app.example.org:0/',
      'https://app.example.org/keys/1',
      'https://keys.example.org/',
      'https://app.example.org/.octroi/sign-out',
      'https://mixed.example.org/x',
    ],
    ...[
      'https://app.example.org/../keys/1',
      'https://app.example.org//x',
      'https://app.example.org/%2e%2e/keys',
      'https://app.example.org/a%2fb',
    ],
    ...['/', '/proxy/x', '/api/v1/keys', '/sign-in?return_to=/account', '/account/../api/v1', 'account', '', '?', '#'],
    ...[`https://app.example.org/${'x'.repeat(1_300)}`],
  ]
  it('T15: more than sixty are tried', () => expect(new Set(BROKEN).size).toBeGreaterThanOrEqual(60))
  it.each(BROKEN)('T15: %j leads nowhere', async (given) => expect(await leadsTo(given)).toBe('bad_request'))

  it('T15: nor does it by a link of the gate, which names the address as it was asked for', () => {
    const address = hosts.addressOf('https://app.example.org/x?a=https://evil.example/&return_to=//evil.example')
    const url = new URL(hosts.signInUrl(address as never, 'v'.repeat(43)))
    expect([url.origin, url.pathname]).toEqual([PUBLIC, '/sign-in'])
    expect(url.searchParams.getAll('return_to')).toEqual([
      'https://app.example.org/x?a=https://evil.example/&return_to=//evil.example',
    ])
  })
})
