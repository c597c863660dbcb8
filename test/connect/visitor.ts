import { expect } from 'vitest'
import { Browser, NEAR, onwardOf, sendForm } from '../requirements/person.ts'
import type { TestGate } from '../support/gate.ts'

/** What tests of the connect pages do: get links, fill forms in, read pages. */

/** What the page asks for besides the hidden fields. */
export function asked(page: string): string[] {
  return [...page.matchAll(/name="((?:settings|secrets)\.[^"]+)"/g)].map(([, name]) => name as string)
}

/** What a person reads. */
export function text(page: string): string {
  return page.replace(/<style[\s\S]*?<\/style>|<[^>]+>/g, ' ').replace(/\s+/g, ' ')
}

export interface Link {
  readonly url: string
  /** Of the connection that will be. */
  readonly id: string
  readonly session: string
}

let made = 0

export async function linkTo(gate: TestGate, body: object, id = `made-${++made}`): Promise<Link> {
  const answer = await gate.api('POST', '/connect-sessions', { connection_id: id, network: NEAR, ...body })
  expect([answer.status, answer.body.detail]).toEqual([201, undefined])
  // The public address of a gate may lead nowhere in a test.
  return { url: `${gate.url}${new URL(answer.body.url).pathname}`, id, session: answer.body.id }
}

export interface Visitor {
  readonly browser: Browser
  /** The page that is open. */
  page(): string
  /** Sends the form of the page; the page that comes after it. */
  send(fields?: Readonly<Record<string, string>>): Promise<string>
  /** On where the page leads by itself, until there is a page that leads nowhere of ours. */
  onward(): Promise<string>
}

export async function visit(url: string, browser = new Browser()): Promise<Visitor> {
  let page = await browser.visit(url)
  return {
    browser,
    page: () => page,
    async send(fields = {}) {
      page = await sendForm(browser, url, page, fields)
      return page
    },
    async onward() {
      page = await browser.visit(onwardOf(page) as string)
      return page
    },
  }
}
