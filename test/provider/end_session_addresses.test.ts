import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BYE, type EndSessionScene, type Entered, endSessionScene } from './end_session_scene.ts'

/** T15 at `/oidc/session/end`: nobody is led to an address that the application has not registered, letter by letter. */

let scene: EndSessionScene
let ada: Entered
beforeAll(async () => {
  scene = await endSessionScene()
  ada = await scene.enter()
})
afterAll(() => scene.stop())

const END = '/oidc/session/end'
const HOST = 'shop.example.org'

const EVIL = [
  ...[
    '//evil.example',
    '///evil.example',
    '////evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/\t/evil.example',
  ],
  ...['/%09/evil.example', '/%2F/evil.example', '%2f%2fevil.example', 'https:evil.example', 'https:/evil.example'],
  ...[
    'https:///evil.example',
    'https://evil.example',
    'http:evil.example',
    'HTTPS://EVIL.EXAMPLE',
    'ftp://evil.example',
  ],
  ...[`https://${HOST}@evil.example`, `https://${HOST}:443@evil.example`, `https://${HOST}.evil.example/bye`],
  ...[`https://evil.example/#${HOST}`, `https://evil.example?${HOST}`, `https://evil.example\\@${HOST}`],
  ...[`https://evil${HOST}/bye`, `https://evil-${HOST}/`, `https://evil.${HOST}/`, `https://${HOST}%2eevil.example/`],
  ...[`https://${HOST}\\.evil.example/`, `https://${HOST}%00.evil.example/`, `https://${HOST}%ff.evil.example/`],
  ...[`http://${HOST}/`, `https://${HOST}:8443/`, `https://${HOST}:443/`, `https://${HOST}./`, `https://${HOST}`],
  ...[`https://SHOP.example.org/`, `HTTPS://${HOST}/`, `https://user@${HOST}/`, `https://user:pass@${HOST}/`],
  ...[`https://${HOST}/bye`, `${BYE}&x=1`, `${BYE}#`, `${BYE}%20`, `${BYE} `, ` ${BYE}`, `${BYE}\u0000`, `${BYE}\n`],
  ...[
    `${BYE}/`,
    `${BYE}/../x`,
    `https://${HOST}/./`,
    `https://${HOST}/x/../`,
    `https://${HOST}/bye/`,
    `https://${HOST}//`,
  ],
  ...[`https://${HOST}/Bye?from=octroi`, `https://${HOST}/%62ye?from=octroi`, `https://${HOST}/bye?From=octroi`],
  ...[`https://${HOST}/%2e%2e/evil`, `https://${HOST}/bye?from=octroi;evil`, `https://ѕhop.example.org/`],
  ...[
    'javascript:alert(1)',
    `JavaScript:alert(1)//https://${HOST}`,
    'data:text/html,x',
    'vbscript:x',
    'file:///etc/passwd',
  ],
  ...[
    '\u0000https://evil.example',
    '\thttps://evil.example',
    'java\nscript:alert(1)',
    'https://evil.example%0d%0aSet-Cookie:a=b',
  ],
  ...['/account', '/account\r\nSet-Cookie: a=b', '/sign-in', '.', '..', '', '/', '*', 'null', 'shop.example.org'],
  ...[
    'https://[::1]/',
    'https://1249767214/',
    'https://0x4a7d2b63/',
    'https://127.0.0.1/',
    '@evil.example',
    '?x',
    '#x',
  ],
]

describe('T15 post_logout_redirect_uri', () => {
  it('of at least 60 kinds', () => expect(new Set(EVIL).size).toBeGreaterThanOrEqual(60))

  it.each(EVIL)('400 with %j, by GET and by POST, signed in or not', async (address) => {
    const fields = { client_id: 'shop', post_logout_redirect_uri: address, state: 's' }
    for (const browser of [ada.browser, scene.browser()]) {
      const posted = await browser.post(END, fields)
      expect(posted.location).toMatch(/^\/oidc\/session\/end\?request=/)
      for (const path of [`${END}?${new URLSearchParams(fields)}`, posted.location ?? '']) {
        const { status, location, headers } = await browser.get(path)
        expect([status, location, headers.get('refresh')]).toEqual([400, undefined, null])
        expect(headers.getSetCookie().filter((line) => line.includes('a=b'))).toEqual([])
      }
    }
    const withHint = { id_token_hint: scene.idToken(ada.session), post_logout_redirect_uri: address }
    const answer = await ada.browser.get(`${END}?${new URLSearchParams(withHint)}`)
    expect([answer.status, answer.location, await scene.isThere(ada.session)]).toEqual([400, undefined, true])
  })

  it.each(['//evil.example', 'https://evil.example', '\r\nLocation: https://evil.example', '&from=evil#x', 'é'])(
    'state=%j stays one parameter of the registered address',
    async (state) => {
      const query = new URLSearchParams({ client_id: 'shop', post_logout_redirect_uri: BYE, state })
      const { status, location, headers } = await scene.browser().get(`${END}?${query}`)
      const url = new URL(location ?? '')
      expect([status, url.origin + url.pathname, url.hash]).toEqual([302, `https://${HOST}/bye`, ''])
      expect([...url.searchParams]).toEqual([
        ['from', 'octroi'],
        ['state', state],
      ])
      expect(headers.get('location')).toBe(location)
    },
  )
  it('what is registered leads there, unchanged', async () => {
    for (const address of [BYE, `https://${HOST}/`]) {
      const query = new URLSearchParams({ client_id: 'shop', post_logout_redirect_uri: address })
      expect((await scene.browser().get(`${END}?${query}`)).location).toBe(address)
    }
  })
})
