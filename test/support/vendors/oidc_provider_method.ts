import { randomBytes } from 'node:crypto'
import type { LookupFunction } from 'node:net'
import type { SignInMethod } from '../../../src/core/people_types.ts'
import type { NetworkPolicy } from '../../../src/core/types.ts'
import { Upstreams } from '../../../src/outbound/network/upstreams.ts'
import { webFetch } from '../../../src/outbound/network/web_fetch.ts'
import type { IdentityProof, RedirectMethod } from '../../../src/sign_in/method.ts'
import { openOidc } from '../../../src/sign_in/methods/oidc.ts'
import type { PeopleProvider } from './oidc_provider_people.ts'
import { Visitor } from './oidc_provider_visit.ts'

export const NEAR: NetworkPolicy = { allow_private: true, allow_http: true }

/** A method row as the store keeps it. */
export function methodRow(settings: Readonly<Record<string, unknown>>, more: Partial<SignInMethod> = {}): SignInMethod {
  return {
    id: 'proconnect',
    kind: 'oidc',
    name: 'ProConnect',
    position: 20,
    enabled: true,
    settings,
    secret_names: ['client_secret'],
    first_sign_in: 'create',
    second_factor: 'enrolled',
    groups: [],
    organizations: 'ignore',
    network: NEAR,
    created_at: '2026-01-01T00:00:00Z',
    updated_at: '2026-01-01T00:00:00Z',
    ...more,
  }
}

export interface Logged {
  readonly level: string
  readonly fields: object
  readonly message: string
}

export interface MethodBench {
  readonly logged: readonly Logged[]
  readonly parts: Parameters<typeof openOidc>[2]
  /** Milliseconds that the clock of the method is ahead. */
  ahead: number
  open(provider: PeopleProvider | undefined, settings?: object, more?: Partial<SignInMethod>): RedirectMethod
  close(): Promise<void>
}

/** What a gate gives to its methods, over real sockets. */
export function methodBench({ resolve, limitMs }: { resolve?: LookupFunction; limitMs?: number } = {}): MethodBench {
  const upstreams = new Upstreams(() => [], resolve)
  const logged: Logged[] = []
  const log = (level: string) => (fields: object, message: string) => void logged.push({ level, fields, message })
  const bench: MethodBench = {
    logged,
    ahead: 0,
    parts: {
      fetchFor: (network) => webFetch(upstreams, network, limitMs),
      now: () => Date.now() + bench.ahead,
      log: { warn: log('warn'), error: log('error') },
    },
    open(provider, settings = {}, more = {}) {
      const about = provider && { issuer: provider.issuer, client_id: provider.client.id }
      const secrets = { client_secret: provider?.client.secret ?? 'secret' }
      return openOidc(methodRow({ ...about, ...settings }, more), secrets, bench.parts)
    },
    close: () => upstreams.close(),
  }
  return bench
}

export const newState = () => randomBytes(32).toString('base64url')

export interface Begun {
  readonly url: URL
  readonly state: string
  readonly redirectUri: string
  readonly keep: Readonly<Record<string, string>>
}

export async function begin(
  method: RedirectMethod,
  provider: PeopleProvider,
  more: { fresh?: boolean; mfa?: boolean; language?: string } = {},
): Promise<Begun> {
  const [redirectUri = ''] = provider.client.redirectUris
  const state = newState()
  const { url, keep } = await method.begin({ state, redirectUri, language: 'fr', fresh: false, mfa: false, ...more })
  return { url: new URL(url), state, redirectUri, keep }
}

/** The parameters with which the browser comes back. */
export async function visit({ url }: Begun, person: string, visitor = new Visitor()): Promise<Record<string, string>> {
  return Object.fromEntries(new URL(await visitor.through(url.href, person)).searchParams)
}

export function finish(method: RedirectMethod, begun: Begun, query: Record<string, string>): Promise<IdentityProof> {
  const { state, keep, redirectUri } = begun
  return method.finish({ query, state, keep, redirectUri })
}

/** All of it. */
export async function signIn(
  method: RedirectMethod,
  provider: PeopleProvider,
  person: string,
  more: { fresh?: boolean; mfa?: boolean } = {},
): Promise<IdentityProof> {
  const begun = await begin(method, provider, more)
  return finish(method, begun, await visit(begun, person))
}

/** Everything that an error would bring into a log. */
export function whole(error: unknown): string {
  const parts: string[] = []
  for (let at = error, depth = 0; at instanceof Error && depth < 6; at = at.cause, depth++)
    parts.push(`${at.name} ${at.message} ${JSON.stringify(at)}`)
  return parts.join('\n')
}
