import { randomBytes } from 'node:crypto'
import { PahekoOidcClient, PahekoTrouble, type PahekoUserinfo, type ProviderReach } from './paheko_oidc_client.ts'
import { type PahekoConstants, readConstants } from './paheko_oidc_constants.ts'
import { memberOf, type PahekoMember } from './paheko_oidc_members.ts'
import { errorPage, homePage, loginPage, signedOutPage } from './paheko_oidc_pages.ts'
import { type Call, openVendor, type RecordedRequest, type Reply, type Vendor } from './vendor.ts'

export type { PahekoMember } from './paheko_oidc_members.ts'

/** Seconds that Paheko waits for an answer of the provider. */
const PATIENCE_S = 10

export interface PahekoOidcOptions {
  readonly members: readonly PahekoMember[]
  readonly port?: number
  /** How it reaches the provider; ten seconds of patience unless told otherwise. */
  readonly reach?: Partial<ProviderReach>
}

export interface PahekoOidc {
  /** Of the administration, with a slash at its end, where nothing stands in front. */
  readonly adminUrl: string
  readonly port: number
  readonly requests: RecordedRequest[]
  /** What each sign-in brought, and whom it was. */
  readonly logins: readonly PahekoLogin[]
  /** Puts this `config.local.php` in place. */
  configure(php: string): void
  stop(): Promise<void>
}

export interface PahekoLogin extends PahekoUserinfo {
  readonly member: PahekoMember | undefined
}

interface Visit {
  /** Of a sign-in that has begun. */
  state?: string
  member?: PahekoMember
}

interface House {
  readonly members: readonly PahekoMember[]
  readonly visits: Map<string, Visit>
  readonly logins: PahekoLogin[]
  constants?: PahekoConstants
  client?: PahekoOidcClient
}

/** A stand-in for the login of a self-hosted Paheko (since 1.3.16) that takes its people from an OpenID provider. */
export async function startPahekoOidc(options: PahekoOidcOptions): Promise<PahekoOidc> {
  const house: House = { members: options.members, visits: new Map(), logins: [] }
  const reach = { patienceMs: PATIENCE_S * 1_000, ...options.reach }
  const vendor: Vendor = await openVendor({
    port: options.port,
    routes: () => [
      { method: 'GET', path: /\/login\.php$/, answer: (call) => login(house, call) },
      { method: 'GET', path: /\/logout\.php$/, answer: (call) => logout(house, call) },
      { method: 'GET', path: /\/admin\/$/, answer: (call) => home(house, call) },
    ],
    unknown: () => errorPage(404, 'Cette page n’existe pas'),
    outage: (status) => errorPage(status, 'Panne'),
  })
  const adminUrl = `${vendor.url}/admin/`
  return {
    adminUrl,
    port: vendor.port,
    requests: vendor.requests,
    logins: house.logins,
    configure(php) {
      house.constants = readConstants(php)
      void house.client?.close()
      house.client = new PahekoOidcClient(house.constants, reach)
    },
    async stop() {
      await house.client?.close()
      await vendor.stop()
    },
  }
}

/** `?oidc` begins at the provider, `?oidc&code=` comes back from it; without either it is the page with the button. */
async function login(house: House, call: Call): Promise<Reply> {
  const { constants, client } = house
  if (constants === undefined || client === undefined) return loginPage(undefined)
  const { OIDC_CLIENT_BUTTON: button, ADMIN_URL } = constants
  if (!call.query.has('oidc') && button !== null) return loginPage({ button, url: `${ADMIN_URL}login.php?oidc` })
  try {
    const code = call.query.get('code')
    return code === null ? await begin(house, client, call) : await comeBack(house, client, call, code)
  } catch (error) {
    if (error instanceof PahekoTrouble) return errorPage(400, error.message)
    throw error
  }
}

async function begin(house: House, client: PahekoOidcClient, call: Call): Promise<Reply> {
  const state = randomBytes(20).toString('hex')
  const url = await client.authorizationUrl(state)
  const cookie = openVisit(house, call, { state })
  return { status: 302, headers: { Location: url, 'Set-Cookie': cookie } }
}

async function comeBack(house: House, client: PahekoOidcClient, call: Call, code: string): Promise<Reply> {
  const state = visitOf(house, call)?.state
  if (state === undefined || call.query.get('state') !== state) throw new PahekoTrouble('another state')
  const who = await client.redeem(code)
  const member = memberOf(house.members, who.email)
  house.logins.push({ ...who, member })
  if (member === undefined) throw new PahekoTrouble(`no member has the address ${who.email}`)
  const cookie = openVisit(house, call, { member })
  return { status: 302, headers: { Location: house.constants?.ADMIN_URL ?? '/', 'Set-Cookie': cookie } }
}

function home(house: House, call: Call): Reply {
  const member = visitOf(house, call)?.member
  const { ADMIN_URL = '/admin/' } = house.constants ?? {}
  if (member === undefined) return { status: 302, headers: { Location: `${ADMIN_URL}login.php` } }
  return homePage(member.name, `${ADMIN_URL}logout.php`)
}

/** Its own session alone: the provider is told nothing. */
function logout(house: House, call: Call): Reply {
  house.visits.delete(cookieOf(call))
  return signedOutPage(`${house.constants?.ADMIN_URL ?? '/admin/'}login.php`)
}

function visitOf(house: House, call: Call): Visit | undefined {
  return house.visits.get(cookieOf(call))
}

/** A new one each time; the one before is gone. */
function openVisit(house: House, call: Call, visit: Visit): string {
  house.visits.delete(cookieOf(call))
  const id = randomBytes(16).toString('hex')
  house.visits.set(id, visit)
  return `pko=${id}; Path=/; HttpOnly; SameSite=Lax`
}

function cookieOf(call: Call): string {
  return /(?:^|; )pko=([0-9a-f]+)/.exec(call.header('cookie') ?? '')?.[1] ?? ''
}
