import { expect } from 'vitest'
import { Traveller } from '../provider/paheko_traveller.ts'
import { freePorts } from '../proxies/program.ts'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { PAHEKO_WRITER, type Paheko, startPaheko } from '../support/paheko.ts'
import { type Example, type ExampleName, startExample } from './application.ts'

/** A gate, Paheko behind it, and an example in front: set up as the README of the example says. */
export interface ExampleScene {
  readonly gate: TestGate
  readonly paheko: Paheko
  readonly example: Example
  /** Id and secret of a program that gets tokens for the API of the example. */
  readonly program: { readonly id: string; readonly secret: string }
  /** A call of the management API that has to work. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read whatever field they ask about
  must(method: string, path: string, body?: unknown): Promise<any>
  /** Goes to the example with a fresh browser, and types the password at the gate. */
  enter(traveller?: Traveller, login?: string): Promise<Traveller>
  /** What `/api/me` says to this browser. */
  me(traveller: Traveller): Promise<{ readonly status: number; readonly body: Readonly<Record<string, unknown>> }>
  /** An access token of the program, by client credentials. */
  token(resource?: string): Promise<string>
  stop(): Promise<void>
}

export const AUDIENCE = 'urn:example:till'
export const OTHER_AUDIENCE = 'urn:example:other'
export const PASSWORD = 'a long enough secret'
const CLIENT = 'till'
const OPENID = { network: { allow_private: true, allow_http: true } }

export async function startExampleScene(name: ExampleName): Promise<ExampleScene> {
  const [port = 0, gatePort = 0] = await freePorts(2)
  const gate = await startGateAt(gatePort)
  const paheko = await startPaheko()
  const appUrl = `http://127.0.0.1:${port}`
  const must = async (method: string, path: string, body?: unknown) => {
    const answer = await gate.api(method, path, body)
    if (answer.status >= 300) expect([method, path, answer.body]).toEqual([method, path, 'done'])
    return answer.body
  }
  await connectPaheko(gate, paheko)
  await must('POST', '/accounts', { id: 'till', kind: 'service', name: 'Till' })
  const grants = [{ connection: 'paheko', allow: ['accounting-post'] }]
  const { key: octroiKey } = await must('POST', '/keys', { name: 'till', account: 'till', grants })
  for (const id of ['ada', 'max']) {
    const email = `${id}@example.org`
    await must('POST', '/accounts', { id, kind: 'person', name: `${id} <b>`, email, password: PASSWORD })
    await must('PUT', `/accounts/${id}/emails`, { address: email, verified: true })
  }
  const { client_secret: clientSecret } = await must('POST', '/clients', {
    id: CLIENT,
    name: 'Till',
    redirect_uris: [`${appUrl}/api/callback`],
    post_logout_redirect_uris: [`${appUrl}/api/logged-out`],
    allow: { accounts: ['ada'] },
    openid: { ...OPENID, backchannel_logout_uri: `${appUrl}/api/backchannel-logout` },
  })
  const { client_secret: secret } = await must('POST', '/clients', {
    id: 'closing',
    name: 'Closing',
    redirect_uris: [],
    openid: {
      grant_types: ['client_credentials'],
      resources: [
        { id: AUDIENCE, scopes: ['sales.write'] },
        { id: OTHER_AUDIENCE, scopes: ['sales.write'] },
      ],
    },
  })
  const own = { clientId: CLIENT, clientSecret, octroiKey, audience: AUDIENCE }
  const example = await startExample({ name, port, octroiUrl: gate.url, ...own })
  return {
    gate,
    paheko,
    example,
    program: { id: 'closing', secret },
    must,
    async enter(traveller = new Traveller(), login = 'ada') {
      await traveller.go(`${example.url}/api/login`)
      if (traveller.page?.text.includes('name="password"'))
        await traveller.submit('/sign-in/password', { login, password: PASSWORD })
      return traveller
    },
    async me(traveller) {
      const { status, text } = await traveller.site(example.url).get('/api/me')
      return { status, body: JSON.parse(text) }
    },
    async token(resource = AUDIENCE) {
      const answer = await fetch(`${gate.url}/oidc/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${Buffer.from(`closing:${secret}`).toString('base64')}` },
        body: new URLSearchParams({ grant_type: 'client_credentials', resource, scope: 'sales.write' }),
      })
      const { access_token } = (await answer.json()) as { access_token?: string }
      if (access_token === undefined) throw new Error(`no token: ${answer.status}`)
      return access_token
    },
    async stop() {
      await example.stop()
      await gate.stop()
      await paheko.stop()
    },
  }
}

/** Its address is known before it starts: it stands in every token. */
export function startGateAt(port: number): Promise<TestGate> {
  return startTestGate({ OCTROI_LISTEN: `127.0.0.1:${port}`, OCTROI_PUBLIC_URL: `http://127.0.0.1:${port}` })
}

export async function connectPaheko(gate: TestGate, paheko: Paheko): Promise<void> {
  const { username, password } = PAHEKO_WRITER
  const { status, body } = await gate.api('POST', '/connections', {
    id: 'paheko',
    connector: 'paheko',
    settings: { base_url: paheko.url },
    secrets: { username, password },
    network: { allow_private: true, allow_http: true },
  })
  expect([status, body]).toEqual([201, expect.anything()])
}
