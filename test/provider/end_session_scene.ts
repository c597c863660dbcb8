import type { Session } from '../../src/core/people_types.ts'
import type { PlainBrowser } from '../sign_in/browser.ts'
import { type DeskScene, deskScene } from '../sign_in/desk_scene.ts'
import { openid, sessionClient } from '../store/openid_rows.ts'
import { client } from '../store/people_rows.ts'

export const PASSWORD = 'a long enough secret'
export const BYE = 'https://shop.example.org/bye?from=octroi'

/** Somebody signed in, in a browser of his own. */
export interface Entered {
  readonly browser: PlainBrowser
  readonly session: Session
}

/** The way out of OpenID applications: `shop` and `blog` are clients of the provider, `till` is another application. */
export interface EndSessionScene extends DeskScene {
  /** Signs in, and goes to the shop and the blog. */
  enter(account?: string): Promise<Entered>
  /** An ID token that the shop got for this session. */
  idToken(session: Session, claims?: object, typ?: string): string
  isThere(session: Session): Promise<boolean>
  /** `sid` of the notices that wait, which are then gone. */
  notices(): Promise<readonly string[]>
}

export const sidOf = ({ id }: Session, at = 'shop') => sessionClient(id, at).sid

export async function endSessionScene(): Promise<EndSessionScene> {
  const scene = await deskScene()
  const { open, keys, url, clock } = scene
  for (const id of ['ada', 'ben']) await scene.account(id, { email: `${id}@example.org` }, PASSWORD)
  const bye = [BYE, 'https://shop.example.org/', 'https://shop.example.org/bye#top']
  for (const [id, settings] of [
    ['shop', openid()],
    ['blog', openid()],
    ['till', null],
    ['closed', openid()],
  ] as const) {
    const disabled_at = id === 'closed' ? '2026-01-01T00:00:00.000Z' : null
    const more = { name: `The ${id}`, openid: settings, disabled_at, post_logout_redirect_uris: bye }
    await open.store.clients.insert(client(id, more), `hash of ${id}`)
  }
  return {
    ...scene,
    async enter(account = 'ada') {
      const browser = scene.browser()
      await browser.get('/sign-in')
      await browser.submit('/sign-in/password', { login: account, password: PASSWORD })
      const token = browser.cookies.get('octroi_session') ?? ''
      const found = await open.hot.findSession(scene.people.secrets.hash('session', token))
      if (found === undefined) throw new Error('nobody is signed in')
      for (const id of ['shop', 'blog']) await open.store.sessionClients.put(sessionClient(found.session.id, id))
      return { browser, session: found.session }
    },
    idToken(session, claims = {}, typ = 'JWT') {
      const iat = Math.floor((Date.now() + clock.ahead) / 1000)
      const base = { iss: `${url}/oidc`, aud: 'shop', sub: session.account, sid: sidOf(session), iat, exp: iat + 600 }
      return keys.sign({ ...base, ...claims }, typ)
    },
    isThere: async ({ id }) => (await open.store.sessions.get(id)) !== undefined,
    async notices() {
      const far = '2100-01-01T00:00:00.000Z'
      const found = await open.store.logoutNotices.claim('2099-01-01T00:00:00.000Z', far, 100)
      for (const { id } of found) await open.store.logoutNotices.delete(id)
      return found.map(({ sid }) => sid).sort()
    },
  }
}
