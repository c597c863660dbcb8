import type { RawResponse } from '../support/raw_http.ts'
import type { Scene } from './scene.ts'

export const IDENTITY = ['Subject', 'Kind', 'Name', 'Email', 'Groups', 'Key-Id', 'Assertion'].map((n) => `Octroi-${n}`)

/** The status, the code of a refusal, and whether the application was asked. */
export function outcome(answer: RawResponse, scene: Scene): readonly [number, string | undefined, number] {
  return [answer.status, answer.header('octroi-error'), scene.application.seen.length]
}

/** Who the application thinks is calling; what is blank and what is not there are the same to it. */
export function identity(scene: Scene): Record<string, string> {
  const [request] = scene.application.seen
  if (request === undefined) throw new Error('the application was not reached')
  const pairs = IDENTITY.map((name) => [name, request.header(name) ?? ''] as const)
  return Object.fromEntries(pairs.filter(([, value]) => value !== ''))
}

/** Every header that reached the application, as text. */
export function headersSeen(scene: Scene): string {
  if (scene.application.seen.length === 0) throw new Error('the application was not reached')
  return JSON.stringify(scene.application.seen.map(({ rawHeaders }) => rawHeaders))
}
