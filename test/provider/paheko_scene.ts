import { expect } from 'vitest'
import { freePort } from '../../demo/program.ts'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { type PahekoMember, type PahekoOidc, startPahekoOidc } from '../support/vendors/paheko_oidc.ts'
import { Traveller } from './paheko_traveller.ts'

/** A gate, and a Paheko that is set up by what the gate's template says. */
export interface PahekoScene {
  readonly gate: TestGate
  /** Where browsers find the gate. */
  readonly url: string
  readonly issuer: string
  readonly paheko: PahekoOidc
  /** What the template made, with `client_secret`. */
  readonly client: Made
  /** A call of the management API that has to work. */
  must(method: string, path: string, body?: unknown): Promise<Made>
  /** A person with a verified address, who is in `compta`, unless told otherwise. */
  addPerson(id: string, fields?: PersonFields): Promise<void>
  /** Goes to Paheko with a fresh browser and types his password at the gate. */
  enter(login: string, traveller?: Traveller): Promise<Traveller>
  /** As far as the address with the code, which is not asked for. */
  codeOf(login: string): Promise<{ readonly code: string; readonly back: URL; readonly traveller: Traveller }>
  stop(): Promise<void>
}

export interface PersonFields {
  readonly name?: string
  readonly email?: string | null
  readonly verified?: boolean
  readonly groups?: readonly string[]
}

// biome-ignore lint/suspicious/noExplicitAny: tests read whatever field they ask about
export type Made = any

export const PASSWORD = 'a long enough secret'

export const MEMBERS: readonly PahekoMember[] = [
  { name: 'Ada Lovelace', email: 'ada@example.org' },
  { name: 'José Dupont', email: 'jose@example.org' },
  { name: 'Le trésorier', email: 'tresorier@asso.example.org' },
]

/** The paths of the public addresses, where these are not the roots of their hosts. */
export interface Below {
  readonly gate: string
  readonly paheko: string
}

export async function startPahekoScene(below: Below = { gate: '', paheko: '' }): Promise<PahekoScene> {
  const port = await freePort(0)
  const url = `http://localhost:${port}${below.gate}`
  const gate = await startTestGate({ OCTROI_LISTEN: `127.0.0.1:${port}`, OCTROI_PUBLIC_URL: url })
  const standIn = await startPahekoOidc({ members: MEMBERS })
  const pahekoUrl = `http://127.0.0.1:${standIn.port}${below.paheko}`
  const paheko = { ...standIn, adminUrl: `${pahekoUrl}/admin/` }
  const must = async (method: string, path: string, body?: unknown) => {
    const answer = await gate.api(method, path, body)
    if (answer.status >= 300) expect([method, path, answer.body]).toEqual([method, path, 'done'])
    return answer.body
  }
  await must('POST', '/groups', { id: 'compta', name: 'Comptabilité' })
  const client = await must('POST', '/clients', {
    template: 'paheko',
    url: pahekoUrl,
    allow: { groups: ['compta'] },
  })
  paheko.configure(configOf(client))
  const enter = async (login: string, traveller = new Traveller(), stopAt?: string) => {
    await traveller.go(`${paheko.adminUrl}login.php?oidc`, stopAt)
    if (traveller.page?.text.includes('name="password"') && traveller.url.startsWith(url))
      await traveller.submit('/sign-in/password', { login, password: PASSWORD }, stopAt)
    return traveller
  }
  return {
    gate,
    url,
    issuer: `${url}/oidc`,
    paheko,
    client,
    must,
    addPerson: (id, fields) => addPerson(must, id, fields),
    enter,
    async codeOf(login) {
      const traveller = await enter(login, new Traveller(), `${paheko.adminUrl}login.php?oidc=`)
      const back = new URL(traveller.url)
      return { code: back.searchParams.get('code') ?? '', back, traveller }
    },
    async stop() {
      await paheko.stop()
      await gate.stop()
    },
  }
}

/** What the template says is to be written at Paheko, with the secret in its place. */
export function configOf({ instructions, client_secret }: Made): string {
  return instructions.join('\n').replaceAll('{client_secret}', client_secret)
}

async function addPerson(must: PahekoScene['must'], id: string, fields: PersonFields = {}): Promise<void> {
  const { name = id, email = `${id}@example.org`, verified = true, groups = ['compta'] } = fields
  await must('POST', '/accounts', { id, kind: 'person', name, email, password: PASSWORD, groups })
  if (verified && email !== null) await must('PUT', `/accounts/${id}/emails`, { address: email, verified: true })
}
