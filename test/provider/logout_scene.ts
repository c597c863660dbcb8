import { createRemoteJWKSet, type JWTPayload, jwtVerify } from 'jose'
import { expect, vi } from 'vitest'
import type { PlainBrowser } from '../sign_in/browser.ts'
import type { TestGate } from '../support/gate.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'
import { type CodeRequest, type ProviderScene, type SceneClient, sceneOn, startPublicGate } from './scene.ts'

/** Somebody who came to an application: what it was told of him. */
export interface Arrived {
  readonly client: SceneClient
  readonly browser: PlainBrowser
  readonly idToken: string
  readonly accessToken: string
  readonly refreshToken: string
  readonly sid: string
}

/** A gate with ada and ben, and applications on a real socket that sign them in and listen for logouts: `shop`, `blog`. */
export interface LogoutScene extends Omit<ProviderScene, 'client'> {
  readonly applications: Upstream
  readonly shop: SceneClient
  readonly blog: SceneClient
  /** Told at `/{id}/logout`. */
  addClient(id: string, openid?: object): Promise<SceneClient>
  goTo(client: SceneClient, browser: PlainBrowser, request?: CodeRequest): Promise<Arrived>
  /** A new browser that is signed in and was at both. */
  enter(login?: string): Promise<{ readonly browser: PlainBrowser; readonly shop: Arrived; readonly blog: Arrived }>
  /** Whether its refresh token and its access token still work. */
  works(arrived: Arrived): Promise<readonly [boolean, boolean]>
  /** The logout tokens that came to an application, verified by our published keys. */
  told(client: SceneClient): Promise<JWTPayload[]>
  /** Waits until this was told to its application, and returns with which claims. */
  heard(arrived: Arrived): Promise<JWTPayload>
  stop(): Promise<void>
}

export const BYE = 'https://app.example.org/bye'

export async function startLogoutScene(env: Readonly<Record<string, string>> = {}): Promise<LogoutScene> {
  const gate = await startPublicGate(env)
  const made = logoutSceneOn(gate, await startUpstream())
  for (const id of ['ada', 'ben']) await made.person(id)
  return { ...made, shop: await made.addClient('shop'), blog: await made.addClient('blog') }
}

/** On the consent page; the address of the application that it leads back to. */
async function allow(browser: PlainBrowser, own: string): Promise<string> {
  let answer = await browser.submit('/oidc/interaction/', { do: 'allow' })
  while (new URL(answer.location ?? '', own).origin === own) answer = await browser.get(answer.location ?? '')
  return answer.location as string
}

function logoutSceneOn(gate: TestGate, applications: Upstream) {
  const base = sceneOn(gate, true)
  const { issuer } = base
  const keys = createRemoteJWKSet(new URL(`${issuer}/jwks`))
  const known = new Map<string, SceneClient>()
  const goTo = async (client: SceneClient, browser: PlainBrowser, request: CodeRequest = {}): Promise<Arrived> => {
    const { answer, verifier } = await base.ask(browser, { ...request, client })
    const callback = new URL(answer.location ?? (await allow(browser, gate.url)))
    const code = callback.searchParams.get('code') ?? ''
    const { status, body } = await base.redeem({ client, code, verifier, callback })
    expect([status, body.error_description, callback.href]).toEqual([200, undefined, callback.href])
    const { access_token: accessToken, refresh_token: refreshToken, id_token: idToken } = body
    const { payload } = await jwtVerify(idToken, keys, { issuer, audience: client.id })
    return { client, browser, idToken, accessToken, refreshToken, sid: payload.sid as string }
  }
  const told = async ({ id }: SceneClient) => {
    const requests = applications.requests.filter(({ url }) => url === `/${id}/logout`)
    const rules = { issuer, audience: id, algorithms: ['ES256', 'RS256'], typ: 'logout+jwt', maxTokenAge: 120 }
    const tokenOf = (body: Buffer) => new URLSearchParams(body.toString()).get('logout_token') ?? ''
    return Promise.all(requests.map(async ({ body }) => (await jwtVerify(tokenOf(body), keys, rules)).payload))
  }
  return {
    ...base,
    applications,
    async addClient(id: string, openid: object = {}) {
      const network = { allow_private: true, allow_http: true }
      const client = await base.makeClient(id, {
        ...{ backchannel_logout_uri: `${applications.url}/${id}/logout`, network },
        ...openid,
      })
      known.set(id, client)
      return client
    },
    goTo,
    async enter(login = 'ada') {
      const browser = await base.signIn(login)
      const [shop, blog] = [known.get('shop') as SceneClient, known.get('blog') as SceneClient]
      return { browser, shop: await goTo(shop, browser), blog: await goTo(blog, browser) }
    },
    works: async ({ client, accessToken, refreshToken }: Arrived) =>
      [
        (await base.refresh(client, refreshToken)).status === 200,
        (await base.userinfo(accessToken)).status === 200,
      ] as const,
    told,
    heard: ({ client, sid }: Arrived) =>
      vi.waitFor(
        async () => {
          const found = (await told(client)).filter((token) => token.sid === sid)
          expect(found).toHaveLength(1)
          return found[0] as JWTPayload
        },
        { timeout: 15_000, interval: 20 },
      ),
    async stop() {
      await gate.stop()
      await applications.stop()
    },
  }
}
