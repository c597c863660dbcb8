import { withLanguage } from './language.ts'
import type { Surroundings } from './page.ts'
import type { Form } from './parts.ts'

/** Where the pages of sign-in and of `/account` stand. Paths in them are ours, below the path of the public URL. */
export interface PeopleSurroundings extends Surroundings {
  /** The path of the public URL, without a trailing slash: empty at the root. */
  readonly basePath: string
  /** The token of a form of this browser. `action` is the path below `basePath` that the form is posted to: `/sign-in/password`. */
  csrf(action: string): string
  /** Under which the log has this request: what people tell whoever helps them. */
  readonly requestId: string
}

/** A form that is posted to a path of ours, with its token. */
export function postedTo(action: string, around: PeopleSurroundings, hidden: Form['hidden'] = {}): Form {
  return { action: `${around.basePath}${action}`, csrf: around.csrf(action), language: around.language, hidden }
}

/** A link to a path of ours, in the language that is read. */
export function linkTo(path: string, { basePath, language }: PeopleSurroundings): string {
  return withLanguage(`${basePath}${path}`, language)
}
