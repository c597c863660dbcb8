import type { AcceptKind, Group, Issuer, Route } from '../core/program_types.ts'
import type { Account } from '../core/types.ts'
import { type Finding, warning } from './doctor_finding.ts'
import { type DoctorParts, every } from './doctor_rows.ts'

/** Routes that let nobody in or everybody, issuers whose tokens open nothing: what looks like a rule and is none, or is too much of one. */
export async function programFindings({ settings, store }: DoctorParts): Promise<Finding[]> {
  const routes = await store.routes.all()
  const issuers = await all<Issuer>((page) => store.issuers.list(page))
  const groups = await all<Group>((page) => store.groups.list(page))
  const people = (await store.signInMethods.all()).some(({ method }) => method.enabled)
  return [
    ...routeFindings(routes, unavailableKinds(issuers, settings, people), settings),
    ...(await unusedIssuers(routes, issuers, groups, store)),
    {
      level: 'ok',
      code: 'program.count',
      message: `Groups: ${groups.length}, routes: ${routes.length}, issuers: ${issuers.length}.`,
    },
  ]
}

async function all<T extends { readonly id: string }>(list: Parameters<typeof every<T>>[0]): Promise<T[]> {
  const found: T[] = []
  for await (const one of every<T>(list)) found.push(one)
  return found
}

type Places = Pick<DoctorParts['settings'], 'trusted_proxies' | 'client_certificate_header'>

function routeFindings(routes: readonly Route[], unavailable: ReadonlySet<AcceptKind>, settings: Places): Finding[] {
  const proxies = routes.length > 0 && settings.trusted_proxies.length === 0
  return [
    ...(proxies
      ? [
          {
            level: 'warning',
            code: 'route.trusted_proxies',
            message: 'There are routes, but OCTROI_TRUSTED_PROXIES is empty: /forward-auth answers no proxy.',
            advice: 'Set it to the addresses of the proxies that ask.',
          } as const,
        ]
      : []),
    ...warning(
      'route.nobody',
      'Routes that nobody may pass',
      routes.filter(allowsNobody),
      'octroi route set ID --allow-group GROUP (or --allow-account, --allow-key, --allow-authenticated).',
    ),
    ...warning(
      'route.anonymous',
      'Routes that anybody passes, without a credential',
      routes.filter(({ accept }) => accept.kinds.includes('anonymous')),
      'If that is not meant: octroi route set ID --any api_key.',
    ),
    ...warning(
      'route.unprovable',
      'Routes for which nobody can prove who he is (no enabled issuer of JWTs, no OCTROI_CLIENT_CERTIFICATE_HEADER, no enabled sign-in method)',
      routes.filter((route) => cannotBeProved(route, unavailable)),
      'octroi route show ID says what it accepts.',
    ),
  ]
}

/** With `anonymous` alone, `allow` is not asked. */
function allowsNobody({ accept, allow }: Route): boolean {
  const { keys, accounts, groups, authenticated } = allow
  const asked = accept.kinds.some((kind) => kind !== 'anonymous')
  return asked && !authenticated && keys.length + accounts.length + groups.length === 0
}

function unavailableKinds(issuers: readonly Issuer[], settings: Places, people: boolean): ReadonlySet<AcceptKind> {
  const believed = issuers.some(({ disabled_at }) => disabled_at === null)
  const certificates = settings.client_certificate_header !== undefined
  return new Set<AcceptKind>([
    ...(people ? [] : (['session'] as const)),
    ...(believed ? [] : (['jwt'] as const)),
    ...(certificates ? [] : (['mtls'] as const)),
  ])
}

function cannotBeProved({ accept: { mode, kinds } }: Route, unavailable: ReadonlySet<AcceptKind>): boolean {
  const lacks = (kind: AcceptKind) => unavailable.has(kind)
  return mode === 'all' ? kinds.some(lacks) : kinds.every(lacks)
}

/** Their tokens are believed, but no route takes a JWT, and no account that they speak for has a grant for `/proxy`. */
async function unusedIssuers(
  routes: readonly Route[],
  issuers: readonly Issuer[],
  groups: readonly Group[],
  store: DoctorParts['store'],
): Promise<Finding[]> {
  if (routes.some(({ accept }) => accept.kinds.includes('jwt'))) return []
  const granting = new Set(groups.filter(({ grants }) => grants.length > 0).map(({ id }) => id))
  let unused = issuers.filter(({ disabled_at }) => disabled_at === null)
  if (unused.length === 0) return []
  for await (const account of every<Account>((page) => store.accounts.list(page))) {
    const holds = account.grants.length > 0 || account.groups.some((group) => granting.has(group))
    if (holds) unused = unused.filter((issuer) => !speaksFor(issuer, account))
  }
  return warning(
    'issuer.unused',
    'Issuers whose tokens open nothing: no route takes a JWT, and no account that they speak for has a grant',
    unused,
    'Grant something to the accounts, let a route take jwt, or octroi issuer disable ID.',
  )
}

function speaksFor({ account, accounts }: Issuer, { id, kind }: Account): boolean {
  if (account !== null) return account === id
  return kind === 'service' && (accounts.length === 0 || accounts.includes(id))
}
