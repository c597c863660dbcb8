import { PAHEKO_WRITER, type Paheko, type PahekoCredential, startPaheko } from '../test/support/paheko.ts'
import { type HelloAsso, startHelloAsso } from '../test/support/vendors/helloasso.ts'
import { type Program, startProgram } from './program.ts'

/** The stand-ins of Paheko and HelloAsso, Octroi in front of them, and RecyClique's key. */
export interface Scene {
  readonly paheko: Paheko
  readonly helloasso: HelloAsso
  readonly octroi: Program
  /** May post closings and nothing else. */
  readonly key: string
  readonly administer: Administer
  stop(): Promise<void>
}

/** A call of the management API, as the administrator. Anything but a success ends the demonstration. */
// biome-ignore lint/suspicious/noExplicitAny: what is read of an answer is one field
export type Administer = (method: string, path: string, body?: unknown) => Promise<any>

/** How long the stand-in's database takes for a write: long enough for two to meet. */
const WRITE_MS = 150
/** The stand-ins listen on this machine and speak plain HTTP; by default neither is allowed. */
const NEAR = { allow_private: true, allow_http: true }

export async function setScene(folder: string, port: number): Promise<Scene> {
  const paheko = await startPaheko({ credentials: [PAHEKO_WRITER], writeMs: WRITE_MS })
  const helloasso = await startHelloAsso()
  const stopStandIns = () => Promise.all([paheko.stop(), helloasso.stop()])
  try {
    const octroi = await startProgram(folder, port)
    const administer = administrator(octroi)
    await administer('POST', '/connections', {
      id: 'paheko',
      connector: 'paheko',
      settings: { base_url: paheko.url },
      secrets: secretsOf(PAHEKO_WRITER),
      network: NEAR,
      verify: true,
    })
    await administer('POST', '/connections', {
      id: 'helloasso',
      connector: 'helloasso',
      settings: { api_url: helloasso.url },
      secrets: { client_id: helloasso.clientId, client_secret: helloasso.clientSecret },
      network: NEAR,
      verify: true,
    })
    await administer('POST', '/accounts', { id: 'recyclique', kind: 'service', name: 'RecyClique' })
    const key = await newKey(administer, 'Till')
    const stop = async () => {
      await octroi.stop()
      await stopStandIns()
    }
    return { paheko, helloasso, octroi, key, administer, stop }
  } catch (error) {
    await stopStandIns()
    throw error
  }
}

export async function newKey(administer: Administer, name: string): Promise<string> {
  const grants = [{ connection: 'paheko', allow: ['accounting-post'] }]
  return (await administer('POST', '/keys', { name, account: 'recyclique', grants })).key
}

export function secretsOf({ username, password }: PahekoCredential) {
  return { username, password }
}

function administrator({ url, adminKey }: Program): Administer {
  return async (method, path, body) => {
    const answer = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${adminKey}`,
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      body: body === undefined ? null : JSON.stringify(body),
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
    return text === '' ? undefined : JSON.parse(text)
  }
}
