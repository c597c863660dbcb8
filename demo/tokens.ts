import { columns, shortKey } from './show.ts'
import { expectThat, type Stage } from './stage.ts'

const PATH = '/users/me/organizations'
const AT_ONCE = 10

/** Calls with a token that is kept, and calls that meet its end: one token request for all of them. */
export async function tokenKept(stage: Stage): Promise<void> {
  const { helloasso, administer } = stage.scene
  const grants = [{ connection: 'helloasso', allow: ['organization-read'] }]
  const { key } = await administer('POST', '/keys', { name: 'Members page', account: 'recyclique', grants })
  await burst(stage, key, 1)
  // As after half an hour: HelloAsso knows the token no more.
  helloasso.revokeAccess()
  stage.show.note(stage.messages.notes.tokenOver)
  await burst(stage, key, 2)
  const renewals = helloasso.granted('refresh_token')
  expectThat(stage, renewals === 1, '1 refresh_token', `${renewals} refresh_token`)
}

/** `tokens`: how many HelloAsso was asked for since the connection was made, this burst included. */
async function burst({ scene, show, messages }: Stage, key: string, tokens: number): Promise<void> {
  const reached = () => scene.helloasso.requests.filter(({ url }) => url === `/v5${PATH}`)
  const before = reached().length
  const calls = Array.from({ length: AT_ONCE }, () =>
    fetch(`${scene.octroi.url}/proxy/helloasso${PATH}`, { headers: { 'API-KEY': key } }),
  )
  const statuses = [...new Set((await Promise.all(calls)).map(({ status }) => status))].join(' ')
  const sent = reached().slice(before)
  const asked = scene.helloasso.tokenRequests()
  show.fact(messages.cameIn, columns(`${AT_ONCE} x GET /proxy/helloasso${PATH}`, `API-KEY: ${shortKey(key)}`))
  show.fact(messages.wentOut, columns(`${sent.length} x GET /v5${PATH}`, 'Authorization: Bearer ...'))
  show.fact(messages.answered, `${AT_ONCE} x ${statuses}; ${messages.tokensAsked(asked)}`)
  const stage = { scene, show, messages }
  expectThat(stage, statuses === '200' && asked === tokens, `200, ${tokens} token`, `${statuses}, ${asked} token`)
  const leaked = sent.some(({ rawHeaders }) => rawHeaders.some((value) => value.includes(key)))
  expectThat(stage, sent.length >= AT_ONCE && !leaked, 'the key kept back', `${sent.length} calls, key sent: ${leaked}`)
}
