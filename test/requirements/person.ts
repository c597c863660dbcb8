import { expect } from 'vitest'
import { freePort } from '../../demo/program.ts'
import { startTestGate, type TestGate } from '../support/gate.ts'

/** The stand-ins of the services listen on this machine, without TLS. */
export const NEAR = { allow_private: true, allow_http: true }

/** A gate whose public address is its own, so that a service can send a person back to it. */
export async function startPublicGate(): Promise<TestGate> {
  return startTestGate({ OCTROI_LISTEN: `127.0.0.1:${await freePort(0)}` })
}

/** Where a service sends people back to who connect the connection `id`. */
export function callbackOf(gate: TestGate, connector: string, id: string): string {
  return `${gate.url}/connect/callback/${connector}/${id}`
}

type Fields = Readonly<Record<string, string>>

/** One person with a browser: its cookies, by host. */
export class Browser {
  readonly #cookies = new Map<string, Map<string, string>>()

  async ask(address: string, form?: Fields): Promise<{ status: number; text: string; location: string | null }> {
    const jar = this.#cookies.get(new URL(address).origin) ?? new Map<string, string>()
    this.#cookies.set(new URL(address).origin, jar)
    const answer = await fetch(address, {
      redirect: 'manual',
      headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form !== undefined && { method: 'POST', body: new URLSearchParams(form) }),
    })
    for (const set of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? []
      jar.set(name, value)
    }
    const location = answer.headers.get('location')
    return {
      status: answer.status,
      text: await answer.text(),
      location: location && new URL(location, address).href,
    }
  }

  /** Follows redirects until there is a page. */
  async visit(address: string): Promise<string> {
    let next: string | null = address
    for (let hops = 0; hops < 12 && next !== null; hops++) {
      const { text, location } = await this.ask(next)
      if (location === null) return text
      next = location
    }
    throw new Error(`there is no page behind ${address}`)
  }
}

/** What the page asks for besides the hidden fields. */
function askedOn(page: string): string[] {
  return [...page.matchAll(/name="((?:settings|secrets)\.[^"]+)"/g)].map(([, name]) => name as string)
}

/**
 * A person opens the link of a connect session, types `fields` and agrees at the service. Returns the names that were asked for
 * and the last page.
 */
export async function connectAsPerson(link: string, fields: Fields = {}): Promise<{ asked: string[]; page: string }> {
  const browser = new Browser()
  const form = await browser.visit(link)
  const text = await sendForm(browser, link, form, fields)
  const onward = onwardOf(text)
  return { asked: askedOn(form), page: onward === undefined ? text : await browser.visit(onward) }
}

/** The page that comes after the form was sent, with its hidden fields. */
export async function sendForm(browser: Browser, link: string, form: string, fields: Fields): Promise<string> {
  const hidden = [...form.matchAll(/type="hidden" name="([^"]+)" value="([^"]*)"/g)]
  const carried = Object.fromEntries(hidden.map(([, name = '', value = '']) => [name, value]))
  return (await browser.ask(link, { ...carried, ...fields })).text
}

/** Where a page leads on to by itself: to the service, or back to an application. */
export function onwardOf(page: string): string | undefined {
  return /http-equiv="refresh" content="0; url=([^"]+)"/.exec(page)?.[1]?.replaceAll('&amp;', '&')
}

/** The administrator's way: a session without `return_url`, which the page itself ends. */
export async function onboard(gate: TestGate, session: object, fields: Fields = {}): Promise<{ asked: string[] }> {
  const { status, body } = await gate.api('POST', '/connect-sessions', session)
  expect([status, body]).toEqual([201, expect.objectContaining({ url: expect.stringContaining('/connect/') })])
  const { asked, page } = await connectAsPerson(body.url, fields)
  const { body: after } = await gate.api('GET', `/connect-sessions/${body.id}`)
  if (after.state !== 'done') throw new Error(`not connected: ${page.replace(/<style[\s\S]*?<\/style>|<[^>]+>/g, ' ')}`)
  return { asked }
}

/** What programs that want the secrets themselves receive. */
export async function credentials(gate: TestGate, id: string): Promise<Record<string, string>> {
  const { status, body } = await gate.api('GET', `/connections/${id}/credentials`)
  expect([status, body]).toEqual([200, expect.objectContaining({ secrets: expect.any(Object) })])
  return body.secrets
}

/** A key for one connection, and a `fetch` of paths there. */
export async function caller(gate: TestGate, id: string, allow: readonly string[] = ['* /**']) {
  const { body } = await gate.api('POST', '/keys', { name: `for ${id}`, grants: [{ connection: id, allow }] })
  return (path: string, init: RequestInit = {}) =>
    fetch(`${gate.url}/proxy/${id}${path}`, { ...init, headers: { ...init.headers, 'API-KEY': body.key } })
}

/** What is wrong, by the name of the field. */
export async function refusedBy(gate: TestGate, connection: object): Promise<readonly string[]> {
  const { status, body } = await gate.api('POST', '/connections', connection)
  expect([status, body.code]).toEqual([400, 'invalid_request'])
  return body.errors.map(({ path, message }: { path: string; message: string }) => `${path} ${message}`)
}
