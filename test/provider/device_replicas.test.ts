import { afterAll, beforeAll, expect, it } from 'vitest'
import { endProcesses, request, serve } from '../faults/gate_process.ts'
import { filledInstallation, freshSettings, removeFolders } from '../faults/places.ts'
import { PlainBrowser } from '../sign_in/browser.ts'
import { stopSharedPostgres } from '../support/postgres.ts'
import { App, PASSWORD } from './consent_scene.ts'
import { press, startDevice, type } from './device_scene.ts'

/** Two gates on one PostgreSQL: whichever somebody is at, the first decision about a device stands. */

const ROUNDS = 5
const PEOPLE = ['marie', 'paul'] as const

let urls: readonly [string, string]
let admin: string

beforeAll(async () => {
  const settings = await freshSettings('postgres', { OCTROI_PUBLIC_URL: 'http://localhost:8700' })
  admin = await filledInstallation(settings, 0)
  const [one, two] = await Promise.all([serve(settings), serve(settings)])
  urls = [one.url, two.url]
}, 60_000)
afterAll(async () => {
  await endProcesses()
  removeFolders()
  await stopSharedPostgres()
}, 60_000)

async function make(path: string, body: object) {
  const answer = await request(urls[0], 'POST', `/api/v1${path}`, admin, body)
  expect(answer?.status, JSON.stringify(answer?.body)).toBe(201)
  return answer?.body
}

async function signedInAt(url: string, login: string): Promise<PlainBrowser> {
  const browser = new PlainBrowser(url)
  await browser.get('/sign-in')
  const answer = await browser.submit('/sign-in/password', { login, password: PASSWORD })
  expect(answer.status).toBe(303)
  return browser
}

it('T22 of two who decide at once, at two replicas, one does; and the device gets his account', async () => {
  for (const id of PEOPLE) await make('/accounts', { id, kind: 'person', name: id, password: PASSWORD })
  const made = await make('/clients', {
    id: 'till',
    name: 'Till',
    redirect_uris: ['https://till.example/cb'],
    allow: { authenticated: true },
    openid: { grant_types: ['device_code'], first_party: false },
  })
  const [here, there] = urls.map((url) => new App(url, made)) as [App, App]
  const browsers = [await signedInAt(urls[0], 'marie'), await signedInAt(urls[1], 'paul')]
  for (let round = 0; round < ROUNDS; round++) {
    const device = await startDevice(here)
    for (const browser of browsers) expect((await type(browser, device.userCode)).status).toBe(200)
    const answers = await Promise.all(browsers.map((browser) => press(browser, 'allow')))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 422])
    const winner = PEOPLE[answers.findIndex(({ status }) => status === 200)]
    const { body } = await device.poll()
    expect((await there.userinfo(body.access_token)).body.preferred_username).toBe(winner)
  }
}, 60_000)
