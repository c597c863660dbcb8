import { SignInStopped } from '../sign_in/desk/visit.ts'

/** What a browser sent, read in one way only. */

export type Fields = Readonly<Record<string, string>>

const MAX_FIELDS = 100

/** Each name once (T17): of two values, which one counts would be an accident, or somebody's plan. */
export function fieldsOf(text: string): Fields {
  const fields = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(text)) {
    if (fields.has(name) || fields.size >= MAX_FIELDS) throw new SignInStopped('unreadable')
    fields.set(name, value)
  }
  return Object.fromEntries(fields)
}

/** The first value of one name, before anything is judged: faults are told in the language of the person too. */
export function firstOf(text: string, name: string): string | undefined {
  return new URLSearchParams(text).get(name) ?? undefined
}

/** Path and query of a request target, the path without a slash at the end. */
export function split(url: string): { readonly path: string; readonly query: string } {
  const [path = '', query = ''] = url.split(/\?(.*)/s)
  return { path: path.length > 1 ? path.replace(/\/$/, '') : path, query }
}

/** The same query without the language that was asked for: what a link to another language is made of. */
export function withoutLanguage(query: string): string {
  return query
    .split('&')
    .filter((pair) => pair !== '' && !/^lang(=|$)/.test(pair))
    .join('&')
}
