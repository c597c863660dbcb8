import { afterEach, beforeEach, expect, it } from 'vitest'
import { call, testClock } from './calling.ts'
import { startWebCrm, WEBCRM_AUTH_CODE, type WebCrm } from './webcrm.ts'

let webcrm: WebCrm
const clock = testClock()

beforeEach(async () => {
  webcrm = await startWebCrm({ now: clock.now })
})
afterEach(() => webcrm.stop())

const login = (code = WEBCRM_AUTH_CODE) => call(`POST ${webcrm.url}/Auth/ApiLogin`, { form: { Authcode: code } })
const persons = (authorization: string) =>
  call(`GET ${webcrm.url}/Persons`, { headers: { Authorization: authorization } })

it('200 with opaque tokens, good for an hour', async () => {
  const { body } = await login()
  expect(body).toMatchObject({ IsError: false, ExpiresIn: 3600, AccessToken: /^[0-9a-f]+$/ })
  expect((await persons(`bearer ${body.AccessToken}`)).status).toBe(200)
  expect((await persons(`bearer ${body.RefreshToken}`)).status).toBe(401)
  clock.advance(3600)
  expect((await persons(`Bearer ${body.AccessToken}`)).status).toBe(401)
})

it('200 with IsError for a wrong or withdrawn application token', async () => {
  const wrong = await login('other')
  expect([wrong.status, wrong.body.IsError, wrong.body.AccessToken]).toEqual([200, true, null])
  webcrm.settings.codeValid = false
  expect((await login()).body.IsError).toBe(true)
  expect([webcrm.tokenRequests(), webcrm.tokensIssued()]).toEqual([2, 0])
})

it('each placement takes the code from its own place only', async () => {
  const url = `POST ${webcrm.url}/Auth/ApiLogin`
  const ways = {
    form: () => login(),
    header: () => call(url, { headers: { authCode: WEBCRM_AUTH_CODE } }),
    query: () => call(`${url}?authcode=${WEBCRM_AUTH_CODE}`),
    json: () => call(url, { json: { authCode: WEBCRM_AUTH_CODE } }),
  }
  const placements = Object.keys(ways) as (keyof typeof ways)[]
  for (const placement of placements) {
    webcrm.settings.placement = placement
    const accepted = []
    for (const way of placements) if (!(await ways[way]()).body.IsError) accepted.push(way)
    expect(accepted).toEqual([placement])
  }
})
