import { OctroiError } from '../core/errors.ts'

/** Of a form or a query: each name once, for of two values, which one counts would be an accident. Throws `invalid_request`. */
export function formFields(form: URLSearchParams): Readonly<Record<string, string>> {
  const fields = new Map<string, string>()
  for (const [name, value] of form) {
    if (fields.has(name)) throw new OctroiError('invalid_request', `The field ${name.slice(0, 100)} was sent twice.`)
    fields.set(name, value)
  }
  return Object.fromEntries(fields)
}
