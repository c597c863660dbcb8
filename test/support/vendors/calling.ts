export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: tests read it as they know it.
  readonly body: any
}

export interface Sending {
  readonly json?: unknown
  readonly form?: Readonly<Record<string, string>>
  readonly xml?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** `POST http://…` with a JSON, form or XML body; redirects are not followed. */
export async function call(line: string, { json, form, xml, headers = {} }: Sending = {}): Promise<Answer> {
  const [method = 'GET', url = ''] = line.split(' ')
  const response = await fetch(url, {
    method,
    redirect: 'manual',
    headers: {
      ...(json !== undefined && { 'Content-Type': 'application/json' }),
      ...(xml !== undefined && { 'Content-Type': 'application/xml' }),
      ...headers,
    },
    ...(json !== undefined && { body: JSON.stringify(json) }),
    ...(form !== undefined && { body: new URLSearchParams(form) }),
    ...(xml !== undefined && { body: xml }),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, body: parsed(text) }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export const basic = (username: string | number, password: string) =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`

/** A clock that tests move. */
export function testClock(start = '2026-11-21T12:00:00Z') {
  let time = Date.parse(start)
  return {
    now: () => time,
    set: (to: string) => {
      time = Date.parse(to)
    },
    advance: (seconds: number) => {
      time += seconds * 1000
    },
  }
}
