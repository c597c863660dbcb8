import type { ServerResponse } from 'node:http'

/** What a provider answers that is not well. */
export type Mood = 'slow' | 'error' | 'html' | 'broken_json' | 'wrong_type' | 'huge' | 'empty' | 'redirect' | 'array'

export interface Moods {
  /** Every request whose path ends so, until `well`; the empty text is every path. */
  set(path: string, mood: Mood): void
  well(): void
  /** Whether it answered instead of the provider. */
  answer(path: string, response: ServerResponse): boolean
}

const BODIES: Readonly<Record<Exclude<Mood, 'slow'>, readonly [number, string, () => string]>> = {
  error: [500, 'text/plain', () => 'golden secret of the inside'],
  html: [200, 'text/html', () => '<!doctype html><img src=x onerror=alert(1)>Maintenance'],
  broken_json: [200, 'application/json', () => '{"issuer": "http'],
  wrong_type: [200, 'application/octet-stream', () => '\u0000\u0001'],
  huge: [200, 'application/json', () => `{"a":"${'x'.repeat(2 * 1024 * 1024)}"}`],
  empty: [200, 'application/json', () => ''],
  redirect: [302, 'text/html', () => ''],
  array: [200, 'application/json', () => '[]'],
}

export function moods(): Moods {
  const all = new Map<string, Mood>()
  return {
    set: (path, mood) => void all.set(path, mood),
    well: () => all.clear(),
    answer(path, response) {
      const mood = [...all].find(([end]) => path.endsWith(end))?.[1]
      if (mood === undefined) return false
      // `slow` never answers: the socket is cut when the stand-in stops.
      if (mood === 'slow') return true
      const [status, type, body] = BODIES[mood]
      response.writeHead(status, { 'Content-Type': type, Location: 'http://127.0.0.1:1/' }).end(body())
      return true
    },
  }
}
