import type { Scheme } from '../scheme.ts'
import { apiKey } from './api_key.ts'
import { basic } from './basic.ts'

/** Every outbound scheme, by the id that connector files use. A new one is its file, its test, its docs page and a line here. */
export const SCHEMES: Readonly<Record<string, Scheme>> = {
  basic,
  api_key: apiKey,
}
