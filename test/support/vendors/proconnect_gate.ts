import { startTestGate, type TestGate } from '../gate.ts'
import { NEAR } from './oidc_provider_method.ts'
import type { PeopleProvider } from './oidc_provider_people.ts'
import { startPlainProvider } from './oidc_provider_plain.ts'
import { type Seen, Visitor } from './oidc_provider_visit.ts'
import { startProConnect } from './proconnect.ts'

/** A gate whose people come by ProConnect, by a plain provider called Keycloak or DataPass, or by a password. */
export interface ProConnectGate {
  readonly gate: TestGate
  readonly proconnect: PeopleProvider
  readonly keycloak: PeopleProvider
  /** How many accounts there are. */
  accounts(): Promise<number>
  stop(): Promise<void>
}

export async function startProConnectGate(): Promise<ProConnectGate> {
  const gate = await startTestGate()
  // Only now is its port known to it, and with it the public URL that the providers send browsers back to.
  await gate.restart()
  const back = (method: string) => `${gate.url}/sign-in/${method}/callback`
  const out = [`${gate.url}/session/signed-out`]
  const proconnect = await startProConnect({ redirectUris: [back('proconnect')], postLogoutRedirectUris: out })
  const keycloak = await startPlainProvider([back('keycloak'), back('datapass')], { postLogoutRedirectUris: out })
  await made(gate, '/organizations', { label: 'DINUM', siret: '13002526500013' })
  await made(gate, '/organizations', { label: 'Ville de Paris', siret: '21750001600019' })
  await made(gate, '/sign-in-methods', {
    ...methodOf('proconnect', 'ProConnect', proconnect, { preset: 'proconnect' }),
    organizations: 'required',
  })
  await made(gate, '/sign-in-methods', methodOf('keycloak', 'Keycloak', keycloak, { preset: 'keycloak' }))
  await made(gate, '/sign-in-methods', {
    ...methodOf('datapass', 'DataPass', keycloak, { preset: 'datapass' }),
    organizations: 'required',
  })
  return {
    gate,
    proconnect,
    keycloak,
    accounts: async () => (await gate.api('GET', '/accounts?limit=100')).body.items.length,
    stop: async () => {
      await gate.stop()
      await Promise.all([proconnect.stop(), keycloak.stop()])
    },
  }
}

function methodOf(id: string, name: string, provider: PeopleProvider, settings: object) {
  return {
    id,
    kind: 'oidc',
    name,
    first_sign_in: 'create',
    network: NEAR,
    settings: { issuer: provider.issuer, client_id: provider.client.id, ...settings },
    secrets: { client_secret: provider.client.secret },
  }
}

async function made(gate: TestGate, path: string, body: object): Promise<void> {
  const { status, body: answer } = await gate.api('POST', path, body)
  if (status !== 201) throw new Error(`${path}: ${status} ${JSON.stringify(answer)}`)
}

/** Somebody in one browser, which keeps the cookies of the gate and those of the provider apart. */
export class Person {
  readonly cookies: Map<string, string>
  readonly #base: string
  readonly #here = new Visitor()
  readonly #there = new Visitor()

  constructor({ url }: TestGate) {
    this.#base = url
    this.cookies = this.#here.cookies
  }

  get last(): Seen | undefined {
    return this.#here.last
  }

  get(address: string): Promise<Seen> {
    return this.#here.ask(new URL(address, this.#base).href)
  }

  submit(action: string, typed: Readonly<Record<string, string>> = {}): Promise<Seen> {
    return this.#here.submit(action, this.#base, typed)
  }

  /** From the button of the first page to the provider's own; empty where it does not lead there. */
  async setOut(method: string): Promise<string> {
    const { text } = await this.get('/sign-in')
    const href = new RegExp(`href="([^"]*/sign-in/${method}\\?flow=[^"]*)"`).exec(text)?.[1]
    if (href === undefined) throw new Error(`no button of ${method}`)
    const { status, location = '' } = await this.get(href.replaceAll('&amp;', '&'))
    return status === 302 ? location : ''
  }

  /** At the provider, until it sends the browser back. */
  through(address: string, name: string): Promise<string> {
    return this.#there.through(address, name)
  }

  /** There and back; the answer of the callback. */
  async signIn(method: string, name: string): Promise<Seen> {
    return this.get(await this.through(await this.setOut(method), name))
  }
}
