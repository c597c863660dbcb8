import type { SmtpServer } from '../test/support/smtp.ts'
import { addressOfBlock, Client, seeForm } from './client.ts'
import { type FilledGrant, fillOpenId } from './fill_openid.ts'
import type { Lab } from './lab.ts'
import { SpoiltRun } from './load.ts'
import {
  type Application,
  addApplication,
  askCode,
  DISCOVERY,
  FOR_PEOPLE,
  PROGRAM,
  redeem,
  refresh,
  signedIn,
  TOKEN,
} from './openid.ts'
import { bearer, CONNECTION, foundSite, furnish, type Site, serve } from './peers/octroi.ts'
import { PATHS } from './peers/peer.ts'
import { addDirectory, addPeople, type Person } from './people.ts'
import type { Product } from './product.ts'
import { CHECK_HEADERS, protect } from './sites.ts'

/** A site on which everything is set up, with so many people signed in at so many applications; its server is stopped. */
export interface OpenIdSite {
  readonly site: Site
  readonly key: string
  readonly person: Person
  readonly program: Application
  readonly applications: readonly Application[]
  readonly grants: readonly FilledGrant[]
}

/** Each of these was gone to by everybody. */
const APPLICATIONS = 10

export async function openIdSite(
  lab: Lab,
  product: Product,
  upstream: number,
  { port: smtp }: SmtpServer,
  sessions: number,
): Promise<OpenIdSite> {
  const name = `Octroi, ${sessions} sessions, ${sessions * APPLICATIONS} grants`
  const site = await foundSite(lab, product, name, {
    OCTROI_TRUSTED_PROXIES: '127.0.0.1/32',
    OCTROI_SMTP_URL: `smtp://127.0.0.1:${smtp}`,
    OCTROI_MAIL_FROM: 'octroi@bench.example',
  })
  const server = await serve(lab, site)
  try {
    const { key, account } = await furnish(site, upstream)
    await protect(site, account)
    await addDirectory(site)
    const [person] = (await addPeople(site, 'good', 1, { password: true })) as [Person]
    const program = await addApplication(site, 'program', PROGRAM)
    const applications: Application[] = []
    for (let i = 0; i < APPLICATIONS; i++) applications.push(await addApplication(site, `people-${i}`, FOR_PEOPLE))
    const refreshToken = await codeFlow(site, person, applications[0]!)
    await server.stop()
    const templates = { account: person.id, refreshToken }
    if (sessions > 5_000) console.log(`\n(filling a store with ${name.slice('Octroi, '.length)} ...)`)
    const grants = await fillOpenId(site.dataDir, templates, { sessions, clients: applications.map(({ id }) => id) })
    return { site, key, person, program, applications, grants }
  } finally {
    await server.stop()
  }
}

/** Somebody signs in, goes to an application, and that gets its tokens, again too: the last refresh token. */
async function codeFlow({ port }: Site, person: Person, application: Application): Promise<string> {
  const cookie = await signedIn(port, person)
  const client = new Client(port)
  try {
    const { code } = await askCode(client, application, cookie)
    const { access_token: token, refresh_token: first } = await redeem(client, application, code)
    const about = await client.get('/oidc/me', bearer(token))
    if (about.status !== 200) throw new SpoiltRun(`userinfo: ${about.status} ${about.text}`)
    return (await refresh(client, application, first)).refresh_token
  } finally {
    client.close()
  }
}

/** One use of everything that is loaded when it is first used. */
export async function useAll({ site, key, person, program, applications }: OpenIdSite, smtp: SmtpServer) {
  const client = new Client(site.port)
  try {
    const expect = async (path: string, headers = {}) => {
      const { status, text } = await client.get(path, headers)
      if (status !== 200) throw new SpoiltRun(`${path}: ${status} ${text}`)
    }
    await expect(`/proxy/${CONNECTION}${PATHS.small}`, bearer(key))
    await expect('/forward-auth', { ...CHECK_HEADERS, 'API-KEY': key })
    await expect(DISCOVERY)
    const token = await client.send(TOKEN, program.headers, { grant_type: 'client_credentials', scope: 'read' })
    if (token.status !== 200) throw new SpoiltRun(`client_credentials: ${token.status} ${token.text}`)
    await codeFlow(site, person, applications[0]!)
    const form = await seeForm(site.port, '/sign-in/reset', '/sign-in/reset')
    await client.post(form, { login: person.email }, addressOfBlock(resets++))
    await smtp.next()
  } finally {
    client.close()
  }
}

let resets = 0

/** A prime: every grant comes once before one comes twice, and none beside the one before. */
const STRIDE = 7_919

/** Milliseconds of a sign-on (request, code, tokens) and of a refresh, each by a session and a token of its own. */
export async function signOns(
  { site, applications, grants }: OpenIdSite,
  first: number,
  count: number,
): Promise<{ readonly signOn: number[]; readonly refresh: number[] }> {
  const seen = { signOn: [] as number[], refresh: [] as number[] }
  const client = new Client(site.port)
  try {
    for (let i = first; i < first + count; i++) {
      const grant = grants[(i * STRIDE) % grants.length]!
      const application = applications.find(({ id }) => id === grant.client)!
      const asked = await askCode(client, application, grant.cookie)
      const redeemed = await redeem(client, application, asked.code)
      seen.signOn.push(asked.ms + redeemed.ms)
      seen.refresh.push((await refresh(client, application, grant.refreshToken)).ms)
    }
  } finally {
    client.close()
  }
  return seen
}
