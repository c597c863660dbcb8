import { type GatePeople, peopleOf } from '../support/people.ts'
import type { RawResponse } from '../support/raw_http.ts'
import { type ForwardScene, HOST, type Question, startForwardScene } from './scene.ts'

export const PUBLIC = 'https://octroi.example.org'
/** A host of the same installation, with routes of its own. */
export const OTHER = 'books.example.org'
export const NAVIGATION = ['Sec-Fetch-Mode', 'navigate', 'Accept', 'text/html']

/** Browser cookies of one host, by name. */
export type Jar = Map<string, string>

export interface SessionScene extends ForwardScene {
  readonly people: GatePeople
  /** A person opens a page: with what his browser has of that host, which takes what it is given. */
  open(jar: Jar, question?: Question): Promise<RawResponse>
  /** A script of the page asks for something. */
  fetch(jar: Jar, question?: Question): Promise<RawResponse>
  /** From the page to the sign-in and back, for somebody who has a session at our own address. */
  enter(account: string, more?: Parameters<GatePeople['signIn']>[1], question?: Question): Promise<Entered>
}

export interface Entered {
  readonly jar: Jar
  /** The session at our own address. */
  readonly own: Awaited<ReturnType<GatePeople['signIn']>>
  readonly link: string
  readonly code: string
}

/** `ada` and `ben` are persons, `ada` of the group `staff`; both hosts take sessions of `staff` at `/**`. */
export async function startSessionScene(env: Readonly<Record<string, string>> = {}): Promise<SessionScene> {
  const scene = await startForwardScene({ OCTROI_PUBLIC_URL: PUBLIC, ...env })
  const people = await peopleOf(scene.gate)
  await scene.must('POST', '/groups', { id: 'staff', name: 'Staff' })
  for (const [id, groups] of [['ada', ['staff']] as const, ['ben', []] as const])
    await scene.must('POST', '/accounts', {
      kind: 'person',
      id,
      name: `Person ${id}`,
      email: `${id}@example.org`,
      groups,
    })
  for (const host of [HOST, OTHER])
    await scene.route({ host, path: '/**', accept: { any: ['session', 'api_key'] }, allow: { groups: ['staff'] } })

  const ask = async (jar: Jar, question: Question, more: readonly string[]) => {
    const cookies = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = [...(question.headers ?? []), ...more, ...(cookies === '' ? [] : ['Cookie', cookies])]
    const answer = await scene.ask({ ...question, headers })
    keep(jar, answer)
    return answer
  }
  const open: SessionScene['open'] = (jar, question = {}) => ask(jar, question, NAVIGATION)
  return {
    ...scene,
    people,
    open,
    fetch: (jar, question = {}) => ask(jar, question, ['Sec-Fetch-Mode', 'cors', 'Accept', '*/*']),
    async enter(account, more, question = {}) {
      const jar: Jar = new Map()
      const link = (await open(jar, question)).header('location') as string
      const own = await people.signIn(account, more)
      const code = await people.leadOn(own, link)
      const answer = await open(jar, { ...question, uri: pathOf(code) })
      if (answer.status !== 302 || !jar.has('__Host-octroi_session')) throw new Error(`no session: ${answer.status}`)
      return { jar, own, link, code }
    },
    async stop() {
      await people.close()
      await scene.stop()
    },
  }
}

export function pathOf(url: string): string {
  const { pathname, search } = new URL(url)
  return pathname + search
}

/** What a browser does with Set-Cookie, as far as it matters here. */
export function keep(jar: Jar, answer: RawResponse): void {
  for (const line of answer.rawHeaders.flatMap((name, i, all) =>
    i % 2 === 0 && name.toLowerCase() === 'set-cookie' ? [all[i + 1] as string] : [],
  )) {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
    if (value === '' || /; Max-Age=0\b/.test(line)) jar.delete(name)
    else jar.set(name, value)
  }
}
