import { afterEach, describe, expect, it } from 'vitest'
import { filledInstallation, freshSettings, removeFolders } from '../../test/faults/places.ts'
import type { Issuer, Route } from '../core/program_types.ts'
import type { Account } from '../core/types.ts'
import { runDoctor } from './doctor.ts'
import { openInstallation } from './open.ts'

afterEach(removeFolders)

const AT = '2026-11-22T00:00:00.000Z'
const STAMPS = { created_at: AT, updated_at: AT }
const GRANTS = [{ connection: 'c0', allow: ['GET /**'] }]

const ACCOUNT: Account = {
  id: 'erp',
  kind: 'service',
  name: 'ERP',
  description: '',
  email: null,
  groups: [],
  grants: [],
  certificate_subjects: [],
  has_password: false,
  disabled_at: null,
  ...STAMPS,
}

const ROUTE: Route = {
  id: 'shop',
  name: 'Shop',
  description: '',
  host: 'shop.example.org',
  path: '/**',
  methods: ['*'],
  accept: { mode: 'any', kinds: ['api_key'] },
  allow: { keys: [], accounts: ['erp'], groups: [], authenticated: false },
  cors_origins: [],
  session: { mfa: false, max_age_s: null },
  ...STAMPS,
}

const ISSUER: Issuer = {
  id: 'ci',
  name: 'Builds',
  issuer: 'ci',
  jwks_uri: 'https://ci.example.org/jwks',
  jwks: null,
  audience: ['octroi'],
  algorithms: ['ES256'],
  typ: null,
  subject_claim: 'sub',
  account: null,
  accounts: [],
  conditions: {},
  network: {},
  clock_skew_s: 60,
  disabled_at: null,
  ...STAMPS,
}

interface Rows {
  readonly accounts?: readonly Account[]
  readonly routes?: readonly Route[]
  readonly issuers?: readonly Issuer[]
}

/** What the doctor says of programs where there is this, and a group `granted` that holds a grant. */
async function findings(rows: Rows, env: Record<string, string> = { OCTROI_TRUSTED_PROXIES: '127.0.0.1' }) {
  const settings = await freshSettings('sqlite', env)
  await filledInstallation(settings, 1)
  const { open } = await openInstallation(settings)
  await open.store.transaction(async (store) => {
    await store.groups.insert({ id: 'granted', name: 'Granted', description: '', grants: GRANTS, ...STAMPS })
    for (const account of rows.accounts ?? [ACCOUNT]) await store.accounts.insert(account)
    for (const route of rows.routes ?? []) await store.routes.insert(route)
    for (const issuer of rows.issuers ?? []) await store.issuers.insert(issuer)
  })
  await open.close()
  const found = await runDoctor(settings, { probe: false })
  return found.filter(({ code }) => /^(route|issuer|program)\./.test(code))
}
const warned = async (...given: Parameters<typeof findings>) =>
  (await findings(...given)).filter(({ level }) => level !== 'ok').map(({ code }) => code)

describe('what the doctor says of routes', () => {
  it('nothing of one that somebody may pass, but how many there are', async () => {
    expect(await findings({ routes: [ROUTE] })).toEqual([
      { level: 'ok', code: 'program.count', message: 'Groups: 1, routes: 1, issuers: 0.' },
    ])
  })

  it('that no proxy is trusted, where there is a route', async () => {
    expect(await warned({ routes: [ROUTE] }, {})).toEqual(['route.trusted_proxies'])
    expect(await warned({}, {})).toEqual([])
  })

  const nobody = { keys: [], accounts: [], groups: [], authenticated: false }
  const accept = (mode: 'any' | 'all', ...kinds: Route['accept']['kinds']) => ({ ...ROUTE, accept: { mode, kinds } })
  const CERTIFICATES = { OCTROI_TRUSTED_PROXIES: '127.0.0.1', OCTROI_CLIENT_CERTIFICATE_HEADER: 'X-Client-Cert' }
  const cases: [string, Route, string[], Record<string, string>?][] = [
    ['that nobody may pass', { ...ROUTE, allow: nobody }, ['route.nobody']],
    ['not when everybody who proved himself may', { ...ROUTE, allow: { ...nobody, authenticated: true } }, []],
    [
      'that anybody passes, whose allow is not asked',
      { ...accept('any', 'anonymous'), allow: nobody },
      ['route.anonymous'],
    ],
    [
      'that anybody passes, and nobody who is known',
      { ...accept('any', 'api_key', 'anonymous'), allow: nobody },
      ['route.nobody', 'route.anonymous'],
    ],
    ['not of a session alone, where people can sign in', accept('any', 'session'), []],
    ['that there is no issuer', accept('any', 'jwt'), ['route.unprovable']],
    ['that one of all cannot be proved', accept('all', 'api_key', 'mtls'), ['route.unprovable']],
    ['not where certificates arrive', accept('all', 'api_key', 'mtls'), [], CERTIFICATES],
    ['not where another kind is enough', accept('any', 'jwt', 'basic'), []],
  ]
  it.each(cases)('%s', async (_, route, codes, env) => {
    expect(await warned({ routes: [route] }, env)).toEqual(codes)
  })

  it('five by name, and how many more', async () => {
    const routes = Array.from({ length: 7 }, (_, i) => ({ ...ROUTE, id: `r${i}`, path: `/${i}`, allow: nobody }))
    const [finding] = await findings({ routes })
    expect(finding?.message).toBe('Routes that nobody may pass: r0, r1, r2, r3, r4, and 2 more.')
  })
})

describe('what the doctor says of issuers', () => {
  const granted = { ...ACCOUNT, grants: GRANTS }
  const cases: [string, Rows, string[]][] = [
    ['that its tokens open nothing', { issuers: [ISSUER] }, ['issuer.unused']],
    ['not where a service has a grant', { accounts: [granted], issuers: [ISSUER] }, []],
    ['not where its group has one', { accounts: [{ ...ACCOUNT, groups: ['granted'] }], issuers: [ISSUER] }, []],
    [
      'where it is another account that has one',
      { accounts: [granted, { ...ACCOUNT, id: 'b' }], issuers: [{ ...ISSUER, account: 'b' }] },
      ['issuer.unused'],
    ],
    [
      'where it may not speak for the one that has',
      { accounts: [granted, { ...ACCOUNT, id: 'b' }], issuers: [{ ...ISSUER, accounts: ['b'] }] },
      ['issuer.unused'],
    ],
    [
      'not where a route takes JWTs',
      { routes: [{ ...ROUTE, accept: { mode: 'any', kinds: ['jwt'] } }], issuers: [ISSUER] },
      [],
    ],
    ['nothing of one that is disabled', { issuers: [{ ...ISSUER, disabled_at: AT }] }, []],
  ]
  it.each(cases)('%s', async (_, rows, codes) => {
    expect(await warned(rows)).toEqual(codes)
  })
})
